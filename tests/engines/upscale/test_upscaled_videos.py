"""Larger videos as people ask for them: plan, command line and worker, to a decoded file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from PIL import Image

from testcard import TESTCARD, draw
from unstill.core.at_hand import require_after
from unstill.core.carry_out import carry_out
from unstill.core.making import make, plan_for, plan_picture, prepare, settings_in
from unstill.core.plan import make_plan
from unstill.core.ports import Machine, silent
from unstill.core.render import frames_of
from unstill.core.worker import Task
from unstill.domain.errors import Cancelled, ExtraMissing, OutOfRange
from unstill.domain.request import VideoRequest
from unstill.domain.weight_errors import WeightsIncomplete, WeightsMissing
from unstill.engines.motion import family as camera
from unstill.engines.upscale.cards import ANIME_VIDEO, X4PLUS
from unstill.media.read_video import probe
from unstill.settings import Settings
from unstill.wiring import House

ASKED = {"model": "testcard", "num_frames": 3, "fps": 8, "seed": 0, "upscale": 2}


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compact network, which adds nothing to a frame."""
    import torch
    from safetensors.torch import save_file

    from unstill.engines.upscale.networks import Compact

    folder = tmp_path_factory.mktemp("network")
    zeros = {name: torch.zeros_like(value) for name, value in Compact().state_dict().items()}
    save_file(zeros, folder / ANIME_VIDEO.files[0])
    return folder


@pytest.fixture
def house(network: Path, tmp_path: Path) -> House:
    """With that folder named, and no other files."""
    given = Settings(weights=(f"{ANIME_VIDEO.id}={network}",), models_dir=tmp_path / "models")
    return House(given, [TESTCARD])


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Without any network."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return House(Settings(models_dir=tmp_path / "models"), [TESTCARD])


def planned(house: House, **fields: object) -> object:
    return plan_for(VideoRequest(**{**ASKED, **fields}), (64, 48), house)


def test_the_plan_says_the_finished_size(house: House) -> None:
    """The engine draws the size that was asked for; time and memory of both are counted."""
    plain, made = planned(house, upscale=1), planned(house, upscale=4, interpolate=2)
    assert (made.width, made.height, made.num_frames, made.fps) == (256, 192, 5, 16)
    assert (made.drawn.width, made.drawn.height, made.drawn.num_frames, made.drawn.fps) == (64, 48, 3, 8)
    assert made.details["upscale"] == {"model": ANIME_VIDEO.id, "device": "cpu"}
    assert made.estimate.seconds > plain.estimate.seconds
    assert made.estimate.peak_bytes > plain.estimate.peak_bytes
    again = plan_for(made.request, (64, 48), house)
    assert (again.width, again.height, again.num_frames) == (256, 192, 5)


def test_what_would_be_too_large_is_refused(house: House) -> None:
    """No side above 8192; the limit named is that before."""
    request = VideoRequest(prompt="pan left", size="2400x1024", fit="crop", upscale=4)
    with pytest.raises(OutOfRange, match="2048x2048"):
        make_plan(request, (4000, 2000), [camera], Machine(2, 8 << 30), finishing=house.finishing)


def test_the_file_is_as_large_as_planned(house: House, tmp_path: Path) -> None:
    """Larger first, then more frames; each is a stage of its own; the settings inside repeat it."""
    ready = prepare(VideoRequest(image=draw(), **{**ASKED, "interpolate": 2}), house)
    ticks: list[tuple[object, ...]] = []
    done = make(ready, tmp_path / "a.mp4", house, tick=lambda *told: ticks.append(told))
    found = probe(done.path)
    assert (found.width, found.height, found.num_frames) == (128, 96, 5)
    said = settings_in(done.path, house)
    assert (said["width"], said["request"]["upscale"], said["details"]["upscale"]["model"]) == (
        128, 2, ANIME_VIDEO.id,
    )  # fmt: skip
    assert ("upscale", 3, 3) in ticks
    assert ("retime", 2, 2) in ticks


def test_frames_are_those_of_the_engine_enlarged(house: House) -> None:
    """By this network each pixel becomes four."""
    ready = prepare(VideoRequest(image=draw(), **ASKED), house)
    plain = replace(ready.plan.drawn, request=ready.plan.request.model_copy(update={"upscale": 1}))
    shown = []
    for plan in (ready.plan, plain):
        with house.borrow(plan.card) as engine:
            shown.append([frame.copy() for frame in frames_of(plan, ready.anchor, engine)])
    for large, small in zip(*shown, strict=True):
        assert (large == small.repeat(2, 0).repeat(2, 1)).all()


def a_task(folder: Path, **more: object) -> Task:
    """What a worker is given, its picture in ``folder``."""
    picture = folder / "a.png"
    Image.fromarray(draw()).save(picture)
    facts = {"job_id": "video_1", "attempt": 1, "input": str(picture), "picture_name": "a.png",
             "target": str(folder / "video_1.1.mp4"), "request": {**ASKED, "prompt": "pan left"}}  # fmt: skip
    return Task(**{**facts, **more})


def test_a_cancel_between_two_frames_leaves_nothing(house: House, tmp_path: Path) -> None:
    """Neither a file nor a worker's half of one."""

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        if (stage, done) == ("upscale", 1):
            raise Cancelled()

    folder = tmp_path / "job"
    folder.mkdir()
    with pytest.raises(Cancelled):
        carry_out(a_task(folder), house, tick)
    assert [path.name for path in folder.iterdir()] == ["a.png"]


def test_an_extension_keeps_the_size(house: House, tmp_path: Path) -> None:
    """It is drawn as small as the source was, and enlarged as much."""
    folder = tmp_path / "job"
    folder.mkdir()
    first = a_task(folder)
    carry_out(first, house, silent)
    target = folder / "video_2.1.mp4"
    carry_out(a_task(folder, kind="extend", source=first.target, target=str(target)), house, silent)
    found = probe(target)
    assert (found.width, found.height, found.num_frames) == (128, 96, 5)


def test_without_files_the_command_that_fetches_them_is_named(bare: House) -> None:
    """Planning goes on and says so; making refuses before any work."""
    request = VideoRequest(image=draw(), **ASKED)
    made = plan_picture(request, bare)
    (said,) = (note.text() for note in made.notes if note.code == "files_missing")
    assert f"unstill models pull {X4PLUS.id}" in said
    for refuse in (lambda: prepare(request, bare), lambda: require_after(made, bare)):
        with pytest.raises(WeightsMissing) as caught:
            refuse()
        assert f"unstill models pull {X4PLUS.id}" in caught.value.hint()
        assert "BSD-3-Clause" in caught.value.hint()


def test_without_torch_the_extra_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to install it."""
    monkeypatch.setattr("unstill.engines.upscale.upscaler.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing) as caught:
        prepare(VideoRequest(image=draw(), **ASKED), house)
    assert "pip install 'unstill[diffusion]'" in caught.value.hint()


def test_files_are_taken_from_a_folder_and_checked(bare: House, network: Path, tmp_path: Path) -> None:
    """`models pull --from`: only the files of the card; another folder is refused by the name it lacks."""
    import torch
    from safetensors.torch import save_file

    from unstill.engines.upscale.networks import Deep

    with pytest.raises(WeightsIncomplete, match=X4PLUS.files[0]):
        bare.weights.adopt(X4PLUS, network, accept_licence=True)
    folder = tmp_path / "fetched"
    folder.mkdir()
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in Deep().state_dict().items()}
    save_file({name: torch.zeros(shape) for name, shape in shapes.items()}, folder / X4PLUS.files[0])
    assert os.path.getsize(folder / X4PLUS.files[0]) == X4PLUS.download_bytes
    (folder / "other.bin").write_bytes(b"a pickle")
    bare.weights.adopt(X4PLUS, folder, accept_licence=True)
    found = bare.weights.folder(X4PLUS)
    assert [path.name for path in found.iterdir()] == [X4PLUS.files[0]]
    assert bare.weights.verify(X4PLUS).files == 1
    bare.finishing.require(planned(bare))
    bare.weights.remove(X4PLUS)
    with pytest.raises(WeightsMissing):
        bare.finishing.require(planned(bare))


def test_the_command_line_makes_one(cli: Callable[..., object], photo: Path, here: Path) -> None:
    """64 x 48 become 256 x 192; the plan says so before."""
    told = json.loads(cli("plan", photo, "--upscale", "4", "--json").out)
    assert (told["width"], told["height"]) == (256, 192)
    answer = cli("generate", photo, "--upscale", "4", "--num-frames", "2")
    assert (answer.code, answer.out) == (0, "photo.mp4\n")
    found = probe(here / "photo.mp4")
    assert (found.width, found.height) == (256, 192)
