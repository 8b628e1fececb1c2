"""A request is checked once, in our words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstill.domain.errors import InvalidField, NotAChoice, OutOfRange, UnknownField, UnstillError
from unstill.domain.request import FRAMES, VideoRequest, field_names


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"num_frames": 0}, OutOfRange, "num_frames is 0; it must be from 1 to 14400"),
        ({"num_frames": "99999"}, OutOfRange, "num_frames is 99999; it must be from 1 to 14400"),
        ({"num_frames": "abc"}, InvalidField, "num_frames is 'abc', which is not a whole number"),
        ({"num_frames": 2.5}, InvalidField, "num_frames is 2.5, which is not a whole number"),
        ({"num_frames": 10**400}, OutOfRange, "num_frames"),
        ({"fps": 121}, OutOfRange, "from 1 to 120"),
        ({"guidance_scale": "much"}, InvalidField, "a number"),
        ({"guidance_scale": float("nan")}, OutOfRange, "guidance_scale"),
        ({"seed": -1}, OutOfRange, "seed is -1"),
        ({"seed": 2**53}, OutOfRange, str(2**53 - 1)),
        ({"loop": "perhaps"}, InvalidField, "true or false"),
        ({"fit": "stretch"}, NotAChoice, "crop, pad, keep"),
        ({"format": "avi"}, NotAChoice, "mp4, webm, gif, webp"),
        ({"interpolate": "3"}, NotAChoice, "1, 2, 4"),
        ({"upscale": 3}, NotAChoice, "1, 2, 4"),
        ({"size": "big"}, InvalidField, "WIDTHxHEIGHT"),
        ({"size": "8x8"}, OutOfRange, "16x16"),
        ({"size": "16000x16000"}, OutOfRange, "8192x8192"),
        ({"prompt": "a" * 4001}, OutOfRange, "4000 characters"),
        ({"prompt": 7}, InvalidField, "text"),
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
    request = VideoRequest.model_validate({"num_frames": "48", "interpolate": "2", "upscale": "4"})
    assert (request.num_frames, request.interpolate, request.upscale) == (48, 2, 4)


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
        assert made.num_frames is None or FRAMES[0] <= made.num_frames <= FRAMES[1]
        assert VideoRequest(**made.settings()).settings() == made.settings()  # type: ignore[arg-type]
