"""The engine as the rest of the house meets it: a plan and a picture in, frames out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from photos import photo, psnr
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Anchor, Machine
from unstill.domain.errors import Cancelled, OutOfRange, UnknownField
from unstill.domain.request import VideoRequest
from unstill.engines.motion import family
from unstill.engines.motion.engine import MotionEngine
from unstill.engines.motion.lexicon import Cue
from unstill.engines.motion.moves import MOVE_IDS
from unstill.engines.motion.names import EFFECT_NAMES, MOVE_NAMES

HERE = Machine(cores=2, memory_bytes=8 << 30)


def plan(prompt: str, side: int = 320, **fields: object) -> Plan:
    fields = {"num_frames": 12, "seed": 1, **fields}
    return make_plan(VideoRequest(prompt=prompt, **fields), (side, side), [family], HERE)


def anchor(name: str = "china") -> Anchor:
    picture = photo(name)
    return Anchor(picture, picture, (0, 0, 320, 320))


def silent(stage: str, done: int, total: int, preview: object = None) -> None:
    pass


def test_a_plan_says_moves_and_effects():
    """In the order asked for, as ids."""
    details = plan("push in, then tilt up, snow falling").to_json()
    assert details["moves"] == ["dolly_in", "tilt_up"]
    assert details["effects"] == ["snow"]
    assert details["auto"] is False
    assert details["generative"] is False


def test_a_prompt_without_a_move_gets_a_gentle_push():
    """And the plan says that it was chosen."""
    made = plan("a quiet harbour")
    assert made.details["moves"] == ["dolly_in"]
    assert made.details["auto"] is True
    assert "move_chosen" in [n.code for n in made.notes]


def test_defaults_are_the_cards():
    """96 frames at 24 fps, the picture's own shape, never enlarged."""
    made = make_plan(VideoRequest(), (4000, 3000), [family], HERE)
    assert (made.num_frames, made.fps, made.fit) == (96, 24, "keep")
    assert (made.width, made.height) == (1366, 1024)
    small = make_plan(VideoRequest(), (320, 200), [family], HERE)
    assert (small.width, small.height) == (320, 200)


def test_a_duration_in_the_prompt_is_kept():
    """Three seconds are 72 frames; an explicit frame count wins."""
    assert plan("pan left for 3 seconds", num_frames=None).num_frames == 72
    assert plan("pan left for 3 seconds", num_frames=10).num_frames == 10


def test_a_duration_past_the_limit_is_said():
    """A thousand seconds become the longest clip, and the note names both."""
    made = plan("pan left for 1000 seconds", num_frames=None)
    assert made.num_frames == 2880
    said = next(n for n in made.notes if n.code == "duration_limited").text("en")
    assert "1000 s" in said
    assert "120 s" in said


def test_what_cannot_be_done_is_said():
    """The subject cannot act; the note repeats the person's words."""
    notes = plan("she smiles while the camera pushes in").notes
    said = next(n.text("en") for n in notes if n.code == "cannot_do")
    assert "smiles" in said


def test_camera_motion_is_never_called_generative():
    """Every plan says what it is, in both languages."""
    first = plan("push in").notes[0]
    assert "not AI-generated" in first.text("en")
    assert "非 AI 生成" in first.text("zh")


def test_a_place_missing_in_the_picture_is_said():
    """No sky, no clouds; the film is made all the same."""
    engine = MotionEngine()
    frames = list(engine.frames(plan("static shot, clouds drifting"), anchor("flower"), silent))
    assert len(frames) == 12
    assert [n.code for n in engine.notes()] == ["effect_no_place"]
    assert "sky" in engine.notes()[0].text("en")
    assert "天空" in engine.notes()[0].text("zh")


@pytest.mark.parametrize("effect", ["snow", "rain", "dust", "petals", "fog", "clouds"])
def test_effects_come_in_after_the_first_frame(effect):
    """Frame 0 is the picture; later the effect is there."""
    how = {"dust": "motes floating", "fog": "drifting", "clouds": "drifting"}.get(effect, "falling")
    made = plan(f"static shot, {effect} {how}", num_frames=25)
    assert made.details["effects"] == [effect]
    frames = list(MotionEngine().frames(made, anchor(), silent))
    assert np.array_equal(frames[0], photo("china"))
    assert psnr(frames[24], frames[0]) < 45


@pytest.mark.parametrize("loop", [False, True])
def test_everything_together_is_deterministic(loop):
    """The same seed gives the same frames, another seed others."""
    wanted = "orbit, handheld, snow falling, clouds drifting, fog drifting, petals falling"
    one, two, other = (
        [f.copy() for f in MotionEngine().frames(plan(wanted, seed=s, loop=loop), anchor(), silent)]
        for s in (5, 5, 6)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_frames_are_what_the_port_asks_for():
    """uint8 RGB of the plan's size, each its own memory."""
    frames = list(MotionEngine().frames(plan("push in"), anchor(), silent))
    assert {(f.dtype.name, f.shape) for f in frames} == {("uint8", (320, 320, 3))}
    assert not any(np.shares_memory(a, b) for a, b in pairwise(frames))
    frames[0][:] = 0
    again = next(iter(MotionEngine().frames(plan("push in"), anchor(), silent)))
    assert again.any()


def test_a_cancel_stops_at_the_next_frame():
    """The tick's exception comes straight through, and the engine can be used again."""
    engine, seen = MotionEngine(), []

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        if stage == "frame" and done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        seen.extend(engine.frames(plan("push in"), anchor(), tick))
    assert len(list(engine.frames(plan("push in"), anchor(), silent))) == 12


def test_strength_zero_stands_still():
    """No travel, no weather: the picture."""
    made = plan("push in, snow falling", options={"strength": 0, "effect_strength": 0})
    assert all(np.array_equal(f, photo("china")) for f in MotionEngine().frames(made, anchor(), silent))


def test_options_have_limits():
    """A strength past its limit and an unknown option are named."""
    with pytest.raises(OutOfRange, match="strength"):
        plan("push in", options={"strength": 9})
    with pytest.raises(UnknownField, match="sparkle"):
        plan("push in", options={"sparkle": 1})


def test_in_between_frames_follow_the_camera():
    """interpolate=2 shows the same shot at twice the rate."""
    made = plan("pan left", interpolate=2)
    assert (made.num_frames, made.fps, made.seconds) == (24, 48, 0.5)


def test_one_frame_is_a_film():
    """The shortest clip is the picture."""
    frames = list(MotionEngine().frames(plan("push in", num_frames=1), anchor(), silent))
    assert len(frames) == 1
    assert np.array_equal(frames[0], photo("china"))


@pytest.mark.parametrize("size", [(16, 16), (64, 16), (16, 200)])
def test_the_smallest_pictures_make_films(size):
    """With every kind of move and effect."""
    prompt = (
        "orbit and handheld, snow falling, rain falling, fog drifting, petals falling, dust motes floating"
    )
    made = make_plan(VideoRequest(prompt=prompt, num_frames=3, seed=1), size, [family], HERE)
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    frames = list(MotionEngine().frames(made, Anchor(picture, picture, (0, 0, *size)), silent))
    assert [f.shape for f in frames] == [(size[1], size[0], 3)] * 3


def test_every_move_and_effect_has_a_name():
    """In both languages, for plans and notes."""
    assert set(MOVE_NAMES) == set(MOVE_IDS)
    assert len(EFFECT_NAMES) == 8
    assert all(en and zh for en, zh in {**MOVE_NAMES, **EFFECT_NAMES}.values())


def test_cues_of_a_plan_are_plain_json():
    """A plan's details survive JSON, so that a worker elsewhere can take them."""
    import json

    details = json.loads(json.dumps(plan("slowly orbit left, rain").details))
    assert Cue(**details["stages"][0][0]).id == "orbit"
