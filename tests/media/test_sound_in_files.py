"""Sound in finished files: both formats decoded again and their tones measured."""

from __future__ import annotations

import errno
import gc
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from plans import make_plan, moving_picture, write_video
from tones import LEFT, RIGHT, pitch, tones
from unstill.core.plan import Plan
from unstill.core.ports import Sound
from unstill.domain.errors import BadOutput, NotAVideo
from unstill.media.read_video import probe, read_metadata
from unstill.media.sound import join, read_sound
from unstill.media.video import AvVideoMaker

WORDS = {"AIGC": '{"Label": "1"}', "unstill": '{"prompt": "云"}'}
KINDS = [("mp4", "vp9"), ("webm", "vp9"), ("webm", "av1")]
PLAN: dict[str, int] = {"num_frames": 49, "fps": 24}


def sounding(path: Path, plan: Plan, sound: Sound, codec: str = "vp9") -> AvVideoMaker:
    """As `plans.write_video`, and heard."""
    maker = AvVideoMaker(video_codec=codec, threads=2)
    with maker.encoder(path, plan, WORDS) as encoder:
        for frame in moving_picture(plan.width, plan.height, plan.num_frames):
            encoder.write(frame)
        assert encoder.hear(sound)
    return maker


def packets(path: Path) -> list[tuple[str, float, bytes]]:
    """Of all streams, in the file's order: the kind, the time of decoding in seconds, the bytes."""
    with av.open(path) as container:
        return [
            (packet.stream.type, float(packet.dts * packet.time_base), bytes(packet))
            for packet in container.demux()
            if packet.dts is not None
        ]


@pytest.mark.parametrize(("kind", "codec"), KINDS)
@pytest.mark.parametrize("rate", [16000, 24000, 37000, 44100, 48000])
def test_tones_come_out_as_they_went_in(tmp_path: Path, kind: str, codec: str, rate: int) -> None:
    """Left and right are not swapped, nothing is late by a tenth of a millisecond or changes its loudness;
    the sound is as long as the picture."""
    plan, path = make_plan(kind, **PLAN), tmp_path / f"a.{kind}"
    maker = sounding(path, plan, tones(plan.seconds, rate), codec)
    maker.check(path, plan, sounds=True)
    heard = read_sound(path)
    assert heard is not None
    assert heard.rate == (48000 if kind == "webm" or rate == 37000 else rate)
    assert heard.samples.shape == (pytest.approx(plan.seconds * heard.rate, abs=24), 2)
    second = heard.samples[: heard.rate]
    assert [pitch(second[:, n], heard.rate) for n in (0, 1)] == [LEFT, RIGHT]
    ideal = tones(1, heard.rate).samples[:, 0]
    turn = np.exp(-2j * np.pi * LEFT * np.arange(heard.rate) / heard.rate)
    late_s = np.angle(np.sum(second[:, 0] * turn) / np.sum(ideal * turn)) / (2 * np.pi * LEFT)
    assert abs(late_s) < 1e-4
    steady = second[heard.rate // 4 : 3 * heard.rate // 4]
    assert np.sqrt((steady**2).mean(axis=0)) == pytest.approx(np.sqrt(1 / 8), rel=0.03)


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_the_picture_is_the_silent_files(tmp_path: Path, kind: str, codec: str) -> None:
    """Not encoded again; and the metadata, the numbers and the place of the index stay."""
    plan = make_plan(kind, **PLAN)
    silent, heard = tmp_path / f"silent.{kind}", tmp_path / f"heard.{kind}"
    write_video(silent, plan, metadata=WORDS, video_codec=codec)
    sounding(heard, plan, tones(plan.seconds), codec)
    assert [p[2] for p in packets(heard) if p[0] == "video"] == [p[2] for p in packets(silent)]
    assert read_metadata(heard) == read_metadata(silent)
    ours, theirs = probe(heard), probe(silent)
    assert (ours.num_frames, ours.fps, ours.codec) == (theirs.num_frames, theirs.fps, theirs.codec)
    assert abs(ours.seconds - theirs.seconds) <= 0.01
    with av.open(heard) as container:
        frame = next(container.decode(video=0))
        assert (frame.time, int(frame.colorspace), int(frame.color_range)) == (0.0, 1, 1)
    with av.open(heard) as container:
        assert next(container.decode(audio=0)).time == 0.0
    if kind == "mp4":
        raw = heard.read_bytes()
        assert raw.index(b"moov") < raw.index(b"mdat")
    assert [path.name for path in sorted(tmp_path.iterdir())] == [heard.name, silent.name]


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_sound_and_picture_lie_side_by_side(tmp_path: Path, kind: str) -> None:
    """A player never has to look further than half a second for the other."""
    plan, path = make_plan(kind, num_frames=125, fps=25), tmp_path / f"a.{kind}"
    sounding(path, plan, tones(plan.seconds))
    reached = {"video": 0.0, "audio": 0.0}
    for stream, at, _ in packets(path):
        reached[stream] = at
        assert abs(reached["video"] - reached["audio"]) < 0.5


@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize(("more", "full"), [(-1.0, False), (3.0, True)])
def test_sound_is_made_as_long_as_the_picture(tmp_path: Path, kind: str, more: float, full: bool) -> None:
    """What is missing is silence, what is too much is cut."""
    plan, path = make_plan(kind, **PLAN), tmp_path / f"a.{kind}"
    maker = sounding(path, plan, tones(plan.seconds + more))
    maker.check(path, plan, sounds=True)
    heard = read_sound(path)
    assert heard is not None
    end = heard.samples[-heard.rate // 2 :]
    assert (float(np.abs(end).max()) > 0.3) == full
    assert float(np.abs(heard.samples[: heard.rate // 2]).max()) > 0.3


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_pictures_that_move_leave_it_out(tmp_path: Path, kind: str) -> None:
    """And say so; the file is as without."""
    plan, path = make_plan(kind), tmp_path / f"a.{kind}"
    maker = AvVideoMaker(threads=2)
    with maker.encoder(path, plan, {}) as encoder:
        for frame in moving_picture(plan.width, plan.height, plan.num_frames):
            encoder.write(frame)
        assert not encoder.hear(tones(1))
    maker.check(path, plan)
    assert read_sound(path) is None


def test_one_channel_stays_one(tmp_path: Path) -> None:
    """What is no number becomes silence, what is too loud is cut."""
    plan, path = make_plan(**PLAN), tmp_path / "a.mp4"
    samples = tones(plan.seconds, pitches=(LEFT,)).samples * 4
    samples[100] = np.nan
    sounding(path, plan, Sound(samples, 24000))
    heard = read_sound(path)
    assert heard is not None
    assert heard.samples.shape[1] == 1
    assert np.isfinite(heard.samples).all()
    assert float(np.abs(heard.samples).max()) < 1.5
    assert pitch(heard.samples[: heard.rate, 0], heard.rate) == LEFT


@pytest.mark.parametrize(
    "samples", [np.zeros(9, np.float32), np.zeros((9, 3), np.float32), np.zeros((9, 2), np.float64)]
)
def test_what_is_no_sound_is_refused(tmp_path: Path, samples: Any) -> None:
    """By its shape or type; no file is left."""
    maker = AvVideoMaker(threads=2)
    with pytest.raises(ValueError, match="float32"):  # noqa: SIM117
        with maker.encoder(tmp_path / "a.mp4", make_plan(), {}) as encoder:
            encoder.hear(Sound(samples, 24000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_missing_or_short_sound_fails_the_check(tmp_path: Path, kind: str) -> None:
    """A silent file, and one whose sound ends early."""
    plan, path = make_plan(kind, **PLAN), tmp_path / f"a.{kind}"
    maker = write_video(path, plan)
    maker.check(path, plan)
    with pytest.raises(BadOutput, match="its sound in seconds is 0"):
        maker.check(path, plan, sounds=True)
    short = tmp_path / f"short.{kind}"
    with path.open("rb") as picture:
        join(picture, short, kind, {}, {}, tones(1), 1.0)
    maker.check(short, plan)
    with pytest.raises(BadOutput, match="its sound in seconds is 1"):
        maker.check(short, plan, sounds=True)


def test_damaged_sound_is_found(tmp_path: Path) -> None:
    """A stream that cannot be decoded is no sound."""
    plan, path = make_plan(**PLAN), tmp_path / "a.mp4"
    maker = sounding(path, plan, tones(plan.seconds))
    raw = bytearray(path.read_bytes())
    for kind, _, content in packets(path):
        if kind == "audio":
            at = raw.index(content)
            raw[at : at + len(content)] = b"\xff" * len(content)
    path.write_bytes(raw)
    with pytest.raises(NotAVideo):
        read_sound(path)
    with pytest.raises(BadOutput):
        maker.check(path, plan, sounds=True)


def test_a_rate_can_be_asked_for(tmp_path: Path) -> None:
    """The tones stay what they are."""
    plan, path = make_plan(**PLAN), tmp_path / "a.mp4"
    sounding(path, plan, tones(plan.seconds, 44100))
    heard = read_sound(path, 16000)
    assert heard is not None
    assert heard.rate == 16000
    assert pitch(heard.samples[:16000, 1], 16000) == RIGHT


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_disk_without_room_for_the_sound_is_said_to_be_full(tmp_path: Path, kind: str) -> None:
    """The silent file fitted: nothing is left of it, and the error is the system's."""
    plan, disk = make_plan(kind, **PLAN), tmp_path / "disk"
    write_video(tmp_path / f"silent.{kind}", plan)
    disk.mkdir()
    room = 2 * (tmp_path / f"silent.{kind}").stat().st_size + 20_000
    mount = ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        with pytest.raises(OSError, match="No space left") as full:
            sounding(disk / f"a.{kind}", plan, tones(plan.seconds))
        gc.collect()
        assert full.value.errno == errno.ENOSPC
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
