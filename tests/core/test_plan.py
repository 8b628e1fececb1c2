"""A plan is a request made exact; nothing is clamped, every change is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcard import CARD, Family, family
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Estimate, Machine
from unstill.domain.catalog import Range
from unstill.domain.errors import (
    InvalidField,
    NotOffered,
    OutOfRange,
    UnknownField,
    UnknownModel,
    UnstillError,
)
from unstill.domain.request import VideoRequest

BIG = Machine(cores=4, memory_bytes=8 << 30)


def plan(machine: Machine = BIG, **fields: Any) -> Plan:
    return make_plan(VideoRequest(**fields), (640, 480), [family], machine)


def codes(made: Plan) -> list[str]:
    return [note.code for note in made.notes]


def test_unset_settings_come_from_the_card() -> None:
    """And are written into the plan's own request, so that it can be made again."""
    made = plan(model="dream")
    assert (made.width, made.height, made.fit) == (512, 512, "crop")
    assert made.request.num_inference_steps == 5
    assert made.request.guidance_scale == 9.0
    assert made.request.seed == made.seed
    assert codes(made) == []


def test_the_first_model_is_the_default_and_says_that_it_is_camera_motion() -> None:
    """What is not generated is never left to look as if it were."""
    made = plan()
    assert made.model == "testcard"
    assert codes(made) == ["camera_motion"]
    assert made.to_json()["generative"] is False


def test_planning_a_plans_own_request_gives_the_same_plan() -> None:
    """The request in a file repeats the video."""
    made = plan(prompt="left", size="101x77", seed=7)
    again = make_plan(made.request, (640, 480), [family], BIG)
    assert replace(again, request=made.request, notes=made.notes) == made


def test_a_seed_is_drawn_and_recorded() -> None:
    """Two plans without a seed differ."""
    assert len({plan().seed for _ in range(4)}) > 1


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"model": "gone"}, UnknownModel, "testcard, dream"),
        ({"num_frames": 241}, OutOfRange, "from 1 to 240"),
        ({"num_frames": 0}, OutOfRange, "num_frames is 0; it must be from 1 to 240"),
        ({"num_frames": 10**400}, OutOfRange, "num_frames is 1e400; it must be from 1 to 240"),
        ({"fps": -1}, OutOfRange, "from 1 to 60"),
        ({"size": "9000x9000"}, OutOfRange, "2048x2048"),
        ({"fps": 61}, OutOfRange, "from 1 to 60"),
        ({"size": "4096x4096"}, OutOfRange, "2048x2048"),
        ({"options": {"stepp": 1}}, UnknownField, "step"),
        ({"options": {"step": 17}}, OutOfRange, "from 0"),
        ({"options": {"step": "far"}}, InvalidField, "a number"),
        ({"interpolate": 2}, NotOffered, "interpolate"),
        ({"upscale": 2}, NotOffered, "upscale"),
        ({"model": "dream", "loop": True}, NotOffered, "loop"),
        ({"model": "dream", "num_inference_steps": 51}, OutOfRange, "from 1"),
        ({"model": "dream", "guidance_scale": 0.5}, OutOfRange, "guidance_scale"),
        ({"model": "dream", "size": "32x64"}, OutOfRange, "64x64"),
    ],
)
def test_what_the_model_does_not_do_is_refused(
    fields: dict[str, Any], kind: type[UnstillError], says: str
) -> None:
    """With the limit, and with what there is instead."""
    with pytest.raises(kind) as caught:
        plan(**fields)
    assert says in caught.value.message() + caught.value.hint()


def test_settings_a_model_has_no_use_for_are_said() -> None:
    """Not refused: one request can try several models."""
    made = plan(negative_prompt="blur", guidance_scale=3)
    assert codes(made) == ["camera_motion", "setting_unused", "setting_unused"]


@given(st.integers(9, 41))
def test_frames_go_to_the_nearest_the_model_makes(frames: int) -> None:
    """And the change is said."""
    made = plan(model="dream", num_frames=frames)
    assert made.num_frames % 8 == 1
    assert abs(made.num_frames - frames) <= 4
    assert ("frames_snapped" in codes(made)) == (made.num_frames != frames)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 12), st.data())
def test_a_snapped_count_stays_in_the_models_range(low: int, more: int, stride: int, data: Any) -> None:
    """At the ends of the range the nearest count inside is taken."""
    card = replace(CARD, frames=Range(low, low + more + stride), frame_stride=stride)
    kind = type("Other", (Family,), {"cards": (card,)})()
    frames = data.draw(st.integers(low, low + more + stride))
    made = make_plan(VideoRequest(num_frames=frames), (640, 480), [kind], BIG)
    assert made.num_frames in card.frames
    assert (made.num_frames - 1) % stride == 0


def test_long_work_is_said_before_it() -> None:
    """Over ten minutes there is a warning."""

    class Slow(Family):
        def estimate(self, plan: Plan, machine: Machine) -> Estimate:
            return Estimate(float(plan.num_frames * 10), 0)

    made = make_plan(VideoRequest(num_frames=90), (640, 480), [Slow()], BIG)
    assert "about 15 minutes" in made.notes[-1].text()
    assert "takes_long" not in codes(make_plan(VideoRequest(num_frames=60), (640, 480), [Slow()], BIG))


def test_too_little_memory_is_said_before_the_work() -> None:
    """The plan does not fit, and a note says by how much."""
    made = plan(Machine(cores=1, memory_bytes=10 << 20))
    assert not made.fits
    assert "10 MiB are free" in made.notes[-1].text()


@pytest.mark.parametrize(
    ("kind", "fps", "said"), [("gif", 50, False), ("gif", 60, True), ("webp", 60, False), ("mp4", 60, False)]
)
def test_frames_that_a_format_cannot_show_are_said(kind: str, fps: int, said: bool) -> None:
    """GIF shows at most 50 a second; the number is named in both languages."""
    made = plan(format=kind, fps=fps)
    assert ("frames_left_out" in codes(made)) is said
    if said:
        (note,) = (n for n in made.notes if n.code == "frames_left_out")
        for text in (note.text("en"), note.text("zh")):
            assert all(word in text for word in ("GIF", "50", "60"))
