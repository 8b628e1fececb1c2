"""The decoding child and videos of strangers."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstill.adapters.picture_child import ChildSettings, PictureChild
from unstill.domain.errors import (
    BadPicture,
    NotAVideo,
    UnstillError,
)


def clip(path: Path, frames: int = 8, side: int = 64, codec: str = "libx264", rate: int = 8) -> bytes:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for number in range(frames):
            pixels = np.full((side, side, 3), 20 * (number % 12), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_a_video_is_looked_at(child: PictureChild, data: Path, tmp_path: Path) -> None:
    """Its facts, its first frame and its last."""
    raw = clip(tmp_path / "a.mp4")
    facts = child.look(raw, "a.mp4", poster=data / "inputs" / "poster.png")
    assert (facts["width"], facts["height"], facts["num_frames"], facts["codec"]) == (64, 64, 8, "h264")
    assert facts["settings"] is None
    with Image.open(data / "inputs" / "poster.png") as poster:
        assert abs(np.asarray(poster).mean() - 0) < 6
    last = child.last_frame(raw, "a.mp4", video_id="video_last")
    with Image.open(data / last.file) as kept:
        assert abs(np.asarray(kept).mean() - 140) < 8


def test_videos_out_of_bounds(data: Path, tmp_path: Path) -> None:
    """Too long, too large a frame, another codec, none of ours: each says so."""
    child = PictureChild(data, ChildSettings(children=1, video_s=2.0, video_side=128))
    try:
        for raw, code in (
            (clip(tmp_path / "a.mp4", frames=24), "video_too_long"),
            (clip(tmp_path / "b.mp4", side=144), "side_out_of_range"),
            (clip(tmp_path / "c.mp4", codec="mpeg4"), "format_not_accepted"),
            (clip(tmp_path / "d.mp4"), "not_our_video"),
            (b"#EXTM3U\n/etc/passwd", "not_a_video"),
        ):
            with pytest.raises(UnstillError) as refused:
                child.inspect(raw, "a.mp4")
            assert refused.value.code == code
            assert refused.value.status in (400, 413)
            assert str(tmp_path) not in str(refused.value)
    finally:
        child.close()


def test_damaged_videos_give_only_our_errors(child: PictureChild, tmp_path: Path) -> None:
    good = [clip(tmp_path / "a.mp4"), clip(tmp_path / "a.webm", codec="libvpx-vp9")]
    for seed in range(60):
        numbers = random.Random(seed)
        raw = bytearray(good[seed % 2])
        for _ in range(numbers.randint(1, 20)):
            raw[numbers.randrange(8, len(raw))] = numbers.randrange(256)
        with contextlib.suppress(NotAVideo, BadPicture):
            child.look(bytes(raw), "x")
