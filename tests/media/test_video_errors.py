"""Writing that goes wrong: nothing is left behind, and the error says what the person can act on."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from plans import make_plan, moving_picture, write_video
from unstill.domain.errors import BadOutput, EncoderMissing
from unstill.media.video import AvVideoMaker

KINDS = ["mp4", "webm", "gif", "webp"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("written", [0, 3])
def test_an_error_while_frames_are_made_leaves_no_file(tmp_path: Path, kind: str, written: int) -> None:
    """Before or after the first frame: the folder is empty and the error is the caller's own."""

    class Stopped(Exception):
        pass

    def stopping() -> Iterator[np.ndarray]:
        yield from moving_picture(64, 48, written)
        raise Stopped

    with pytest.raises(Stopped):
        write_video(tmp_path / f"clip.{kind}", make_plan(kind), stopping())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_leaves_no_file_either(tmp_path: Path, kind: str) -> None:
    """Ctrl-C in the middle."""

    def interrupted() -> Iterator[np.ndarray]:
        yield from moving_picture(64, 48, 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / f"clip.{kind}", make_plan(kind), interrupted())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_without_frames_is_refused(tmp_path: Path, kind: str) -> None:
    """Leaving the encoder without a frame is an output error, not an empty file."""
    with pytest.raises(BadOutput, match="no frames"):
        write_video(tmp_path / f"clip.{kind}", make_plan(kind), [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 64, 3), np.float32),
        np.full((48, 64, 3), np.nan),
        np.zeros((48, 62, 3), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64), np.uint8),
        [[0, 0, 0]],
    ],
    ids=["float", "nan", "narrow", "alpha", "grey", "list"],
)
def test_a_frame_of_the_wrong_kind_is_refused(tmp_path: Path, kind: str, frame: object) -> None:
    """Only uint8 RGB of the plan's size gets in; the message names what was expected."""
    with pytest.raises(ValueError, match=r"uint8 \(48, 64, 3\)"):
        write_video(tmp_path / f"clip.{kind}", make_plan(kind), [frame])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_not_there_is_the_systems_own_error(tmp_path: Path, kind: str) -> None:
    """`core.render` turns FileNotFoundError into its words; the encoder does not hide it."""
    with pytest.raises(FileNotFoundError):
        write_video(tmp_path / "nowhere" / f"clip.{kind}", make_plan(kind))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_said_to_be_full(tiny_disk: Path, kind: str) -> None:
    """The error is an OSError with ENOSPC, and what was written is given back to the disk."""
    plan = make_plan(kind, width=256, height=256, num_frames=40)
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    with pytest.raises(OSError, match="No space left") as full:
        write_video(tiny_disk / f"clip.{kind}", plan, (np.roll(noise, k, 0) for k in range(40)))
    assert full.value.errno == errno.ENOSPC
    assert list(tiny_disk.iterdir()) == []
    assert os.statvfs(tiny_disk).f_bfree * os.statvfs(tiny_disk).f_frsize > 60_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_fills_up_at_the_very_end_is_said_to_be_full(tiny_disk: Path, kind: str) -> None:
    """The frames fit, the settings no longer do: the same error, and again nothing is left."""
    plan = make_plan(kind, width=32, height=32, num_frames=2)
    with pytest.raises(OSError, match="No space left") as full:
        write_video(tiny_disk / f"clip.{kind}", plan, metadata={"unstill": "x" * 100_000})
    gc.collect()
    assert full.value.errno == errno.ENOSPC
    assert list(tiny_disk.iterdir()) == []


def test_an_encoder_this_computer_does_not_have_is_named(tmp_path: Path) -> None:
    """Asked for a WebM codec nobody knows, the error says which; no file is made."""
    with pytest.raises(EncoderMissing) as missing:
        AvVideoMaker(video_codec="h267").encoder(tmp_path / "clip.webm", make_plan("webm"), {})
    assert "h267" in missing.value.message("en")
    assert "h267" in missing.value.message("zh")


def test_a_metadata_name_that_no_container_holds_is_a_mistake(tmp_path: Path) -> None:
    """Names are ours, so this is a ValueError for the programmer."""
    with pytest.raises(ValueError, match="metadata"):
        AvVideoMaker().encoder(tmp_path / "clip.mp4", make_plan(), {"a<b": "c"})


@pytest.mark.parametrize("name", ["http:x", "concat:a|b", "100%d", "空 格'\"", "-i", "clip\udcff"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_name_is_special(
    tmp_path: Path, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that look like protocols, patterns or flags are only names, also as relative paths."""
    monkeypatch.chdir(tmp_path)
    path, plan = Path(name), make_plan(kind, num_frames=2)
    try:
        path.touch()
    except OSError:
        pytest.skip("the file system does not take this name")
    write_video(path, plan).check(path, plan)
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_pyav_says_a_full_disk_as_the_system_does() -> None:
    """What `encoder_errors` relies on: libav's errors of the system are OSErrors too."""
    assert issubclass(av.error.OSError, OSError)
    assert issubclass(av.FFmpegError, Exception)
