"""A file's settings are enough to make it again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from testcard import family
from unstill.core.metadata import KEY, LABEL_KEY, describe, read_settings
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Machine
from unstill.domain.request import VideoRequest

BIG = Machine(cores=4, memory_bytes=8 << 30)


def plan(**fields: object) -> Plan:
    return make_plan(VideoRequest(**fields), (640, 480), [family], BIG)  # type: ignore[arg-type]


@given(st.text(max_size=300), st.integers(0, 2**53 - 1), st.sampled_from(["mp4", "webm", "gif", "webp"]))
def test_what_is_written_is_read_back(prompt: str, seed: int, kind: str) -> None:
    """Any prompt, in any script, and any seed make the round trip and plan the same video."""
    made = plan(prompt=prompt, seed=seed, format=kind, options={"step": 3})
    found = read_settings(describe(made, "video_1", "a.jpg"))
    assert found is not None
    again = make_plan(VideoRequest(**found["request"]), (640, 480), [family], BIG)
    assert again == made


def test_the_prompt_can_be_left_out() -> None:
    """Then nothing in the file lets it be read: words, moves and notes are gone; the file says so."""
    made = plan(prompt="left of the secret", negative_prompt="hidden")
    entries = describe(made, "video_1", "a.jpg", keep_prompt=False)
    assert "secret" not in str(entries)
    assert "hidden" not in str(entries)
    assert "pan_left" not in str(entries)
    assert (read_settings(entries) or {})["prompt_left_out"] is True


def test_the_label_has_every_key_of_the_standard() -> None:
    """GB 45438-2025, annex E; bare JSON of strings, unused ones empty."""
    label = json.loads(describe(plan(), "video_1", "a.jpg")[LABEL_KEY])
    assert list(label) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID",
        "ReservedCode2",
    ]  # fmt: skip
    assert label["Label"] == "1"
    assert label["ProduceID"] == "video_1"
    assert label["ContentProducer"].endswith("(camera motion)")


def test_a_generative_model_is_labelled_without_that_remark() -> None:
    """Only what is camera motion says so."""
    label = json.loads(describe(plan(model="dream"), "video_1", "a.jpg")[LABEL_KEY])
    assert "camera motion" not in label["ContentProducer"]


@given(st.one_of(st.text(), st.just("[]"), st.just('{"request": 1}'), st.just('{"request": null}')))
def test_other_peoples_metadata_is_not_ours(text: str) -> None:
    """Whatever stands under our name, reading it never fails."""
    assert read_settings({KEY: text}) is None
    assert read_settings({}) is None
