"""More frames a second as people ask for them: plan, command line and worker, to a decoded file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from testcard import draw
from unstill.core.carry_out import carry_out
from unstill.core.finishing import Finishing
from unstill.core.making import make, plan_for, prepare, settings_in
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Accelerator, Estimate, Machine, silent
from unstill.core.render import frames_of
from unstill.core.worker import Task
from unstill.domain.errors import Cancelled
from unstill.domain.request import VideoRequest
from unstill.engines.motion import family as camera
from unstill.engines.retime.retimer import Retimer
from unstill.media.read_video import probe, read_frames
from unstill.wiring import House

ASKED = {"model": "testcard", "num_frames": 4, "fps": 8, "seed": 0, "options": {"step": 3}}
GIB = 1 << 30


def planned(house: House, **fields: object) -> Plan:
    return plan_for(VideoRequest(**{**ASKED, **fields}), (96, 64), house)


@pytest.mark.parametrize(
    ("fields", "frames", "fps"),
    [
        ({"interpolate": 1}, 4, 8),
        ({"interpolate": 2}, 7, 16),
        ({"interpolate": 4}, 13, 32),
        ({"interpolate": 4, "loop": True}, 16, 32),
        ({"interpolate": 2, "model": "dream", "num_frames": 9, "size": "64x64"}, 17, 16),
    ],
)
def test_the_plan_says_frames_and_rate_exactly(
    house: House, fields: dict[str, object], frames: int, fps: int
) -> None:
    """(n - 1) * k + 1 frames at k times the rate; of a loop n * k. The engine draws what it always drew."""
    made = planned(house, **(fields if "model" not in fields else {**fields, "options": {}}))
    assert (made.num_frames, made.fps, made.seconds) == (frames, fps, frames / fps)
    assert (made.drawn.num_frames, made.drawn.fps) == (made.request.num_frames, 8)
    again = plan_for(made.request, (96, 64), house)
    assert (again.num_frames, again.fps) == (frames, fps)


def test_camera_motion_draws_its_own(house: House) -> None:
    """It knows the camera's path, so nothing is guessed."""
    request = VideoRequest(prompt="pan left", num_frames=6, interpolate=2, size="64x64")
    machine = Machine(2, 8 * GIB)
    made = make_plan(request, (64, 64), [camera], machine, finishing=house.finishing)
    assert (made.num_frames, made.drawn is made) == (12, True)
    assert "retime" not in made.details


def test_the_plan_counts_what_it_costs(house: House) -> None:
    """Time grows with the new frames, memory with their size; where they are drawn is said."""
    plain, twice, often = (planned(house, interpolate=k, num_frames=20) for k in (1, 2, 4))
    new = [made.estimate.seconds - plain.estimate.seconds for made in (twice, often)]
    assert new[0] > 0
    assert new[1] == pytest.approx(3 * new[0])
    assert often.estimate.peak_bytes == twice.estimate.peak_bytes > plain.estimate.peak_bytes
    assert (twice.details["retime"], "retime" in plain.details) == ("cpu", False)


@pytest.mark.parametrize(("peak", "device"), [(10 * GIB, "cuda:0"), (13 * GIB, "cpu")])
def test_a_graphics_card_draws_them_where_it_has_the_room(
    house: House, peak: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the model; otherwise the processor does, and takes nothing of the card's memory."""
    monkeypatch.setattr("unstill.engines.retime.retimer.find_spec", lambda name: name == "torch")
    machine = Machine(4, 16 * GIB, "cuda:0", Accelerator("card", 16 * GIB, 14 * GIB))
    draft = planned(house, interpolate=2)
    cost = Retimer().estimate(draft, machine, Estimate(10, peak, free_bytes=14 * GIB))
    assert cost.details == {"retime": device}
    assert (cost.peak_bytes > 0) is (device == "cuda:0")


def test_the_engines_own_frames_are_in_the_video_untouched(house: House) -> None:
    """Every second one, bit for bit, before the encoder; those between show half the step."""
    ready = prepare(VideoRequest(image=draw(96, 64), **{**ASKED, "interpolate": 2}), house)
    plain = replace(ready.plan, request=ready.plan.request.model_copy(update={"interpolate": 1}),
                    num_frames=4, fps=8)  # fmt: skip
    shown = []
    for plan in (ready.plan, plain):
        with house.borrow(plan.card) as engine:
            shown.append([frame.copy() for frame in frames_of(plan, ready.anchor, engine)])
    more, few = shown
    assert (len(more), len(few)) == (7, 4)
    assert all((a == b).all() for a, b in zip(more[::2], few, strict=True))
    for new, before, after in zip(more[1::2], few, few[1:], strict=False):
        blended = (before.astype(int) + after) / 2
        truth = np.roll(before, 1, axis=1).astype(float), np.roll(before, 2, axis=1)
        missed = np.abs(new - (truth[0] + truth[1]) / 2)[:, 12:-12].mean()
        assert missed < np.abs(blended - (truth[0] + truth[1]) / 2)[:, 12:-12].mean()


def test_the_file_has_the_frames_and_says_how_it_was_made(house: House, tmp_path: Path) -> None:
    """Decoded again; the settings inside repeat it; what a progress bar is told adds up."""
    ready = prepare(VideoRequest(image=draw(96, 64), **{**ASKED, "interpolate": 2}), house)
    ticks: list[tuple[object, ...]] = []
    done = make(ready, tmp_path / "a.mp4", house, tick=lambda *told: ticks.append(told))
    found = probe(done.path)
    assert (found.num_frames, found.fps) == (7, 16)
    said = settings_in(done.path, house)
    assert (said["num_frames"], said["fps"], said["request"]["interpolate"]) == (7, 16, 2)
    assert said["details"]["retime"] == "cpu"
    assert [told for told in ticks if told[0] == "retime"] == [("retime", n, 3) for n in (1, 2, 3)]
    assert len(list(read_frames(done.path))) == 7


def test_the_command_line_makes_one(cli: Callable[..., object], photo: Path, here: Path) -> None:
    """And says beforehand what it would be."""
    answer = cli("generate", photo, "--interpolate", "2", "--num-frames", "3", "--option", "step=3")
    assert (answer.code, answer.out) == (0, "photo.mp4\n")
    assert "64 x 48, 5 frames at 16 fps" in answer.err
    assert probe(here / "photo.mp4").num_frames == 5
    told = json.loads(cli("plan", photo, "--interpolate", "4", "--num-frames", "3", "--json").out)
    assert (told["num_frames"], told["fps"], told["seconds"]) == (9, 32, 0.281)
    refused = cli("plan", photo, "--interpolate", "3")
    assert refused.code == 2
    assert "1, 2, 4" in refused.err


def a_task(folder: Path, **more: object) -> Task:
    """What a worker is given, its picture in ``folder``."""
    picture = folder / "a.png"
    Image.fromarray(draw(96, 64)).save(picture)
    facts = {"job_id": "video_1", "attempt": 1, "input": str(picture), "picture_name": "a.png",
             "target": str(folder / "video_1.1.mp4")}  # fmt: skip
    return Task(**{**facts, "request": {**ASKED, "prompt": "pan left", "interpolate": 2}, **more})


@pytest.mark.parametrize("at", [1, 3])
def test_a_cancel_between_two_frames_leaves_nothing(house: House, tmp_path: Path, at: int) -> None:
    """Neither a file nor a worker's half of one."""

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        if (stage, done) == ("retime", at):
            raise Cancelled()

    with pytest.raises(Cancelled):
        carry_out(a_task(tmp_path), house, tick)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_extension_goes_on_at_the_same_rate(house: House, tmp_path: Path) -> None:
    """7 frames, and 6 more: the first of the added ones shows the last again."""
    first = a_task(tmp_path)
    carry_out(first, house, silent)
    target = tmp_path / "video_2.1.mp4"
    done = carry_out(a_task(tmp_path, kind="extend", source=first.target, target=str(target)), house, silent)
    found = probe(target)
    assert (found.num_frames, found.fps, done.plan["num_frames"]) == (13, 16, 13)


def test_planning_one_reads_no_pixels() -> None:
    """What it will take is known without the network's libraries."""
    code = (
        "import sys; from unstill.wiring import House; from unstill.settings import Settings;"
        "House(Settings()).finishing; print({'cv2', 'numpy', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_a_retimer_it_is_not_offered(house: House) -> None:
    """An engine that cannot, and nothing to do it afterwards."""
    assert Finishing().of(planned(house, interpolate=2)) == []
