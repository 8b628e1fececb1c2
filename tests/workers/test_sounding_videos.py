"""A model that makes sound, from engine to file: in Python, on the command line, in a worker, served."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from rigs import HURRIED, SPAWNER, a_task, answer
from signing import open_office
from testcard import TESTCARD, draw
from tones import LEFT, RIGHT, TONES, pitch
from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.apps.cli.run import run
from unstill.core.carry_out import carry_out
from unstill.core.making import make, prepare, report
from unstill.core.ports import Sound, silent
from unstill.core.worker import Done, Failed, Run, Task
from unstill.domain.request import VideoRequest
from unstill.media.content_credentials import verify
from unstill.media.read_video import probe
from unstill.media.sound import read_sound
from unstill.settings import Settings
from unstill.wiring import GROUP, House

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "reliability")]  # its helper serves here, too

from live import Live  # noqa: E402

REQUEST = {"model": "tones", "num_frames": 16, "fps": 8, "seed": 1}


@pytest.fixture
def house() -> House:
    return House(Settings(), entries=[TESTCARD, TONES])


@pytest.fixture(scope="session")
def toned(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path that holds the test card and the tones."""
    folder = tmp_path_factory.mktemp("toned")
    (folder / "tones.py").write_text((HERE / "tones.py").read_text("utf-8"), "utf-8")
    info = folder / "tones-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tones\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\ntones = tones:family\n")
    return f"{plugins}:{folder}"


def heard(path: str | Path) -> Sound:
    sound = read_sound(Path(path))
    assert sound is not None
    return sound


def pitches(sound: Sound, start_s: float, end_s: float) -> list[float]:
    """Channel by channel, to the nearest 10 Hz."""
    part = sound.samples[round(start_s * sound.rate) : round(end_s * sound.rate)]
    return [round(pitch(part[:, n], sound.rate), -1) for n in range(part.shape[1])]


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_what_an_engine_plays_is_in_the_file(house: House, tmp_path: Path, kind: str) -> None:
    """And the result says so."""
    ready = prepare(VideoRequest(image=draw(), format=kind, **REQUEST), house)
    done = make(ready, tmp_path / f"a.{kind}", house)
    assert (done.sound, report(done, 0)["sound"]) == (True, True)
    assert pitches(heard(done.path), 0, 2) == [LEFT, RIGHT]


def test_more_frames_last_as_long(house: House, tmp_path: Path) -> None:
    """interpolate=2: twice the frames a second, the same sound."""
    ready = prepare(VideoRequest(image=draw(), interpolate=2, **REQUEST), house)
    done = make(ready, tmp_path / "a.mp4", house)
    sound = heard(done.path)
    assert done.plan.fps == 16
    assert len(sound.samples) / sound.rate == pytest.approx(done.plan.seconds, abs=0.001)
    assert probe(done.path).seconds == pytest.approx(done.plan.seconds, abs=0.05)
    assert pitches(sound, 0, done.plan.seconds) == [LEFT, RIGHT]


def test_a_signature_covers_the_sound(tmp_path: Path) -> None:
    """The signed file is the one that is heard, and it holds."""
    credentials = open_office(tmp_path).credentials
    settings = Settings(c2pa_certificate=credentials.certificates, c2pa_key=credentials.key)
    house = House(settings, entries=[TONES])
    done = make(prepare(VideoRequest(image=draw(), **REQUEST), house), tmp_path / "a.mp4", house)
    assert verify(done.path)["valid"]
    assert pitches(heard(done.path), 0, 2) == [LEFT, RIGHT]


@pytest.mark.parametrize(("prompt", "kind"), [("silent", "mp4"), ("", "gif"), ("", "webp")])
def test_a_silent_file_says_that_it_is(house: House, tmp_path: Path, prompt: str, kind: str) -> None:
    """Where the engine had something to be heard, a note says that it was left out."""
    ready = prepare(VideoRequest(image=draw(), prompt=prompt, format=kind, **REQUEST), house)
    done = make(ready, tmp_path / f"a.{kind}", house)
    assert not done.sound
    assert read_sound(done.path) is None
    assert ("sound_left_out" in [note.code for note in done.notes]) == (kind != "mp4")


def test_the_command_line_tells_of_sound(
    house: House, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In JSON, and in the file."""
    code = run(house, ["generate", str(photo), "--model", "tones", "--seed", "1", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["sound"]) == (0, True)
    assert pitches(heard(told["path"]), 0, 1) == [LEFT, RIGHT]


def task(folder: Path, number: int, prompt: str = "", source: Task | None = None) -> Task:
    extends = {"kind": "extend", "source": source.target} if source else {}
    target = str(folder / f"video_{number}.1.mp4")
    return a_task(folder, request={**REQUEST, "prompt": prompt}, target=target, **extends)


@pytest.mark.parametrize(
    ("first", "second", "before", "after"),
    [("mono", "", [LEFT, LEFT], [LEFT, RIGHT]), ("silent", "", [0, 0], [LEFT, RIGHT]),
     ("", "silent", [LEFT, RIGHT], [0, 0]), ("", "mono", [LEFT, RIGHT], [LEFT, LEFT])],
)  # fmt: skip
def test_an_extension_keeps_what_was_heard(
    house: House, tmp_path: Path, first: str, second: str, before: list[int], after: list[int]
) -> None:
    """The source's own sound, or silence, under its frames; then that of what is added."""
    source = task(tmp_path, 1, first)
    carry_out(source, house, silent)
    done = carry_out(task(tmp_path, 2, second, source), house, silent)
    sound = heard(done.path)
    assert done.sound
    assert len(sound.samples) / sound.rate == pytest.approx((16 + 15) / 8, abs=0.001)
    assert pitches(sound, 0.05, 1.95) == before
    assert pitches(sound, 2.05, 3.8) == after


def test_an_extension_of_silence_by_silence_is_silent(house: House, tmp_path: Path) -> None:
    """No empty stream."""
    source = task(tmp_path, 1, "silent")
    assert not carry_out(source, house, silent).sound
    done = carry_out(task(tmp_path, 2, "silent", source), house, silent)
    assert not done.sound
    assert read_sound(Path(done.path)) is None


def test_a_worker_says_that_there_is_sound(tmp_path: Path, toned: str) -> None:
    """Over the pipe, from another process."""
    worker = LocalWorker("cpu:0", command("cpu", ["tones"]), SPAWNER, HURRIED, {"PYTHONPATH": toned})
    worker.start()
    worker.send(Run(task(tmp_path, 1)))
    done = answer(worker, Done, Failed)
    worker.quit()
    assert isinstance(done, Done)
    assert done.sound
    assert pitches(heard(done.path), 0, 2) == [LEFT, RIGHT]


def test_a_server_says_which_videos_have_sound(tmp_path: Path, toned: str) -> None:
    """`sound` is false until there is a file that has it."""
    with Live(tmp_path / "data", toned) as live:
        live.start()
        made, quiet = (live.create(prompt, **REQUEST).json() for prompt in ("hold", "silent"))
        assert made["sound"] is False
        assert live.settled(made["id"])["sound"] is True
        assert live.settled(quiet["id"])["sound"] is False
        path = tmp_path / "fetched.mp4"
        path.write_bytes(httpx.get(f"{live.url}/v1/videos/{made['id']}/content", trust_env=False).content)
    assert pitches(heard(path), 0, 2) == [LEFT, RIGHT]


def test_a_server_elsewhere_tells_the_command_line(
    tmp_path: Path, toned: str, house: House, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same key in the JSON of a video that was made there."""
    with Live(tmp_path / "data", toned) as live:
        live.start()
        wish = ["--server", live.url, "--model", "tones", "--seed", "1", "--json"]
        code = run(house, ["generate", str(photo), *wish])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["sound"]) == (0, True)
    assert pitches(heard(told["path"]), 0, 1) == [LEFT, RIGHT]


def test_tones_are_told_apart() -> None:
    """What these tests measure with."""
    rate = 24000
    at = np.arange(rate) / rate
    assert pitch(np.sin(2 * np.pi * 440 * at), rate) == 440
    assert pitch(np.zeros(rate), rate) == 0
