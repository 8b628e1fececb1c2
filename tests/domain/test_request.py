"""A request is checked once, in our words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstill.domain.errors import EmptyName, InvalidField, NotAChoice, OutOfRange, UnknownField, UnstillError
from unstill.domain.request import VideoRequest, field_names


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"num_frames": "abc"}, InvalidField, "num_frames is 'abc', which is not a whole number"),
        ({"num_frames": 2.5}, InvalidField, "num_frames is 2.5, which is not a whole number"),
        ({"num_frames": True}, InvalidField, "num_frames is True, which is not a whole number"),
        ({"num_frames": "1_0"}, InvalidField, "a whole number"),
        ({"num_frames": "１２"}, InvalidField, "a whole number"),
        ({"num_frames": b"12"}, InvalidField, "a whole number"),
        ({"seed": True}, InvalidField, "seed is True"),
        ({"seed": 10**5000}, OutOfRange, "seed is 1e5000; it must be from 0 to"),
        ({"upscale": True}, InvalidField, "a whole number"),
        ({"loop": b"true"}, InvalidField, "true or false"),
        ({"guidance_scale": "much"}, InvalidField, "a number"),
        ({"guidance_scale": float("nan")}, InvalidField, "a number"),
        ({"guidance_scale": "1_0"}, InvalidField, "a number"),
        ({"guidance_scale": True}, InvalidField, "a number"),
        ({"seed": -1}, OutOfRange, "seed is -1"),
        ({"seed": 2**53}, OutOfRange, str(2**53 - 1)),
        ({"loop": "perhaps"}, InvalidField, "true or false"),
        ({"fit": "stretch"}, NotAChoice, "crop, pad, keep"),
        ({"format": "avi"}, NotAChoice, "mp4, webm, gif, webp"),
        ({"interpolate": "3"}, NotAChoice, "1, 2, 4"),
        ({"upscale": 3}, NotAChoice, "1, 2, 4"),
        ({"size": "big"}, InvalidField, "WIDTHxHEIGHT"),
        ({"size": "６４０x480"}, InvalidField, "WIDTHxHEIGHT"),
        ({"size": b"640x480"}, InvalidField, "text"),
        ({"prompt": "a" * 4001}, OutOfRange, "4000 characters"),
        ({"prompt": 7}, InvalidField, "text"),
        ({"prompt": b"push in"}, InvalidField, "text"),
        ({"prompt": "half a character: \udcff"}, InvalidField, "text"),
        ({"model": ""}, EmptyName, "The name of the model is empty."),
        ({"model": " "}, EmptyName, "empty"),
        ({"options": [1]}, InvalidField, "a mapping of names to values"),
        ({"options": {1: 2}}, InvalidField, "options"),
        ({"options": {"a": b"x"}}, InvalidField, "options"),
        ({"options": {"a": float("inf")}}, InvalidField, "options"),
        ({"background": "mauve"}, InvalidField, "#ffffff"),
        ({"options": {"a": [1]}}, InvalidField, "options"),
        ({"num_frame": 3}, UnknownField, "num_frame is not a setting"),
    ],
)
def test_a_wrong_value_is_refused_with_the_limit(
    fields: dict[str, object], kind: type[UnstillError], says: str
) -> None:
    """Nothing is clamped; the message names the field and what it may be."""
    with pytest.raises(kind) as caught:
        VideoRequest(**fields)  # type: ignore[arg-type]
    assert says in caught.value.message("en")
    assert caught.value.message("zh")
    assert caught.value.hint("zh")


def test_numbers_typed_as_text_are_numbers() -> None:
    """The command line and forms send text."""
    request = VideoRequest.model_validate({"num_frames": " 48 ", "interpolate": "2", "upscale": "4"})
    assert (request.num_frames, request.interpolate, request.upscale) == (48, 2, 4)
    assert VideoRequest.model_validate({"guidance_scale": "7.5"}).guidance_scale == 7.5


def test_numbers_of_other_libraries_are_numbers() -> None:
    """numpy's integers and floats; a float without a fraction is whole."""
    request = VideoRequest(seed=np.int64(7), guidance_scale=np.float32(2), num_frames=24.0)  # type: ignore[arg-type]
    assert (request.seed, request.guidance_scale, request.num_frames) == (7, 2.0, 24)


@pytest.mark.parametrize("frames", [0, -5, 99999, 10**400])
def test_which_numbers_make_sense_is_the_models_to_say(frames: int) -> None:
    """The request takes any whole number, so that only one limit is ever named: the card's, by the plan."""
    assert VideoRequest(num_frames=frames, fps=frames).num_frames == frames


@pytest.mark.parametrize("spelled", ["640x480", "640 X 480", "640×480", "0640x0480", "640*480"])
def test_a_size_is_spelled_one_way(spelled: str) -> None:
    """However it was typed."""
    assert VideoRequest(size=spelled).size == "640x480"


def test_unset_settings_stay_unset() -> None:
    """They are the plan's to fill, and are not stored."""
    request = VideoRequest(image=b"secret bytes", prompt="push in", fps=24)
    assert request.settings() == {"prompt": "push in", "fps": 24}
    assert b"secret bytes" not in repr(request).encode()


def test_false_is_a_setting() -> None:
    """--no-loop is not the same as leaving loop out."""
    assert VideoRequest(loop=False).settings() == {"loop": False}


@given(
    st.dictionaries(
        st.sampled_from(field_names()),
        st.one_of(
            st.none(), st.integers(), st.floats(), st.text(max_size=20), st.booleans(), st.binary(max_size=5)
        ),
    )
)
def test_any_fields_give_a_request_or_one_of_our_errors(fields: dict[str, object]) -> None:
    """Never a stranger's exception, and every error words itself twice."""
    refusal, made = None, None
    try:
        made = VideoRequest(**fields)  # type: ignore[arg-type]
    except UnstillError as error:
        refusal = error
    if made is None:
        assert refusal is not None
        assert refusal.message("en")
        assert refusal.message("zh")
    else:
        assert VideoRequest(**made.settings()).settings() == made.settings()  # type: ignore[arg-type]
