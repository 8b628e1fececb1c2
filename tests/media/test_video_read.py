"""Reading videos, honest and hostile ones."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from plans import make_plan, moving_picture, write_video
from unstill.domain.errors import FileMissing, NotAVideo, NotReadable, UnstillError
from unstill.media.read_video import poster, probe, read_frames, read_metadata
from unstill.media.video import AvVideoMaker

KINDS = ["mp4", "webm", "gif", "webp"]
READERS = [probe, read_metadata, lambda path: list(read_frames(path))]


@pytest.mark.parametrize("reader", READERS)
def test_files_that_are_no_videos_are_called_that(tmp_path: Path, reader: object) -> None:
    """A missing file, a folder, an empty file, text, a picture, a playlist: each has its plain error."""
    assert callable(reader)
    with pytest.raises(FileMissing):
        reader(tmp_path / "nothing.mp4")
    with pytest.raises(NotReadable):
        reader(tmp_path)
    for content in (
        b"",
        b"hello",
        b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ):
        (tmp_path / "file.mp4").write_bytes(content)
        with pytest.raises(NotAVideo):
            reader(tmp_path / "file.mp4")
    Image.new("RGB", (32, 32)).save(tmp_path / "still.png")
    with pytest.raises(NotAVideo):
        reader(tmp_path / "still.png")


def test_a_still_webp_is_no_video_and_has_no_settings(tmp_path: Path) -> None:
    """Pictures from elsewhere: no video, and no entries of ours."""
    path = tmp_path / "still.webp"
    Image.new("RGB", (32, 32), "red").save(
        path, xmp=b"<x:xmpmeta><other:unstill>1</other:unstill></x:xmpmeta>"
    )
    assert read_metadata(path) == {}
    with pytest.raises(NotAVideo):
        probe(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_says_nothing_the_bytes_do(tmp_path: Path, kind: str) -> None:
    """A file under another container's name is read as what it is."""
    path = tmp_path / "clip.avi"
    write_video(path, make_plan(kind, num_frames=2), metadata={"AIGC": "{}"})
    assert probe(path).container == kind
    assert read_metadata(path) == {"AIGC": "{}"}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_come_back_upright_and_in_order(tmp_path: Path, kind: str) -> None:
    """Each frame resembles its original more than any other's."""
    frames = [np.roll(frame, 4 * k, axis=1) for k, frame in enumerate(moving_picture(96, 64, 5))]
    write_video(tmp_path / "clip", make_plan(kind, width=96, height=64, num_frames=5), frames)
    for number, got in enumerate(read_frames(tmp_path / "clip")):
        distances = [np.abs(got.astype(int) - frame).mean() for frame in frames]
        assert int(np.argmin(distances)) == number


def test_a_poster_is_the_first_frame(tmp_path: Path) -> None:
    """From a file or from an array, as JPEG of the same size."""
    frames = list(moving_picture(128, 96, 3, colourful=2))
    write_video(tmp_path / "clip.mp4", make_plan(width=128, height=96, num_frames=3), frames)
    for source in (tmp_path / "clip.mp4", frames[0]):
        poster(source, tmp_path / "poster.jpg")
        with Image.open(tmp_path / "poster.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (128, 96))
            assert np.abs(np.asarray(picture).astype(int) - frames[0]).mean() < 3


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("samples")
    for kind in KINDS:
        entries = {"unstill": '{"request":{}}', "AIGC": '{"Label":"1"}'}
        write_video(folder / kind, make_plan(kind, width=32, height=32, num_frames=4), metadata=entries)
    return {kind: (folder / kind).read_bytes() for kind in KINDS}


def read_all(path: Path, kind: str) -> None:
    """Everything that opens a file; our errors are fine, any other is a failure of the test."""
    for reader in (
        *READERS,
        lambda p: AvVideoMaker().check(p, make_plan(kind, width=32, height=32, num_frames=4)),
    ):
        with contextlib.suppress(UnstillError):
            reader(path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_give_only_our_errors(tmp_path: Path, samples: dict[str, bytes], kind: str) -> None:
    """A hundred files with bytes changed, cut out, doubled or cut off."""
    dice, path = random.Random(kind), tmp_path / "file"
    for _ in range(100):
        content = bytearray(samples[kind])
        for _ in range(dice.choice((1, 1, 3, 30))):
            at = dice.randrange(len(content))
            change = dice.randrange(4)
            if change == 0:
                content[at] = dice.choice((0, 0xFF, 0x7F, 0x80, dice.randrange(256)))
            elif change == 1:
                content[at : at + 4] = dice.randbytes(4)
            elif change == 2:
                del content[at : at + dice.randrange(1, 40)]
            else:
                content[at:at] = content[at : at + dice.randrange(1, 40)]
        path.write_bytes(content[: dice.randrange(len(content))] if dice.random() < 0.2 else content)
        read_all(path, kind)


@pytest.mark.timeout(60)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        [b"GIF89a", b"RIFF\xff\xff\xff\xffWEBP", b"\0\0\0\x18ftypisom", b"\x1a\x45\xdf\xa3"]
    ),
    rest=st.binary(),
)
def test_invented_files_give_only_our_errors(tmp_path: Path, head: bytes, rest: bytes) -> None:
    """A right beginning and then anything."""
    (tmp_path / "file").write_bytes(head + rest)
    read_all(tmp_path / "file", "mp4")


def test_a_tiny_file_cannot_ask_for_a_huge_picture(tmp_path: Path) -> None:
    """A GIF of 65535 x 65535 pixels in a few bytes is refused before memory is taken."""
    frame = b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0"
    (tmp_path / "bomb.gif").write_bytes(b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + frame + b"\x3b")
    for reader in READERS[::2]:
        with pytest.raises(NotAVideo):
            reader(tmp_path / "bomb.gif")
