"""The watch over finished frames: black, frozen, broken; and what is none of these."""

from __future__ import annotations

import time
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from plans import moving_picture
from unstill.domain.errors import BadOutput
from unstill.media.quality import FrameWatch

Frames = Iterable[npt.NDArray[np.uint8]]


def verdict(frames: Frames, *, still_allowed: bool = False) -> list[str]:
    """The codes of the notes that a clip gets."""
    watch = FrameWatch(still_allowed=still_allowed)
    for frame in frames:
        watch.see(frame)
    return [note.code for note in watch.verdict()]


def soft_gradient(height: int = 512, width: int = 512, swing: float = 20) -> npt.NDArray[np.float32]:
    """A sky: no edge, no grain, ``swing`` levels from side to side."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.repeat((140 + swing * np.sin(x / width * 2) * np.cos(y / height * 2))[..., None], 3, axis=2)


def zoomed(picture: npt.NDArray[np.float32], scale: float) -> npt.NDArray[np.uint8]:
    """The middle of a picture, enlarged."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, scale)
    return np.rint(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)).astype(
        np.uint8
    )


def test_a_moving_picture_is_fine() -> None:
    """No notes."""
    assert verdict(moving_picture(160, 120, 5)) == []


def test_a_clip_that_is_black_throughout_is_noticed() -> None:
    """Black, or almost: a model that decoded nothing."""
    almost = np.random.default_rng(0).integers(0, 4, (8, 64, 64, 3), dtype=np.uint8)
    assert verdict(np.zeros((8, 64, 64, 3), np.uint8)) == ["video_black"]
    assert verdict(almost) == ["video_black"]


def test_dark_is_not_black() -> None:
    """A night sky with a few moving stars, and a clip that fades in from black, are left alone."""
    stars = np.zeros((6, 256, 256, 3), np.uint8)
    for k in range(6):
        stars[k, 20:240:40, 10 + 4 * k :: 60] = 200
    assert verdict(stars) == []
    assert verdict(np.full((64, 64, 3), 20 * k, np.uint8) for k in range(6)) == []


def test_a_clip_that_stands_still_is_noticed() -> None:
    """The same frame again and again."""
    frame = next(moving_picture(160, 120, 1))
    assert verdict([frame] * 10) == ["video_frozen"]
    assert verdict([frame] * 10, still_allowed=True) == []


def test_one_frame_cannot_be_frozen() -> None:
    """A single frame has nothing to be compared with."""
    assert verdict(moving_picture(160, 120, 1)) == []
    assert verdict([]) == []


@pytest.mark.parametrize("swing", [6, 20, 60])
def test_a_slow_zoom_into_a_soft_sky_is_motion(swing: float) -> None:
    """2 % over 96 frames on a picture without texture."""
    sky = soft_gradient(swing=swing)
    assert verdict(zoomed(sky, 1 + 0.02 * k / 95) for k in range(0, 96, 5)) == []


def test_a_loop_that_ends_where_it_began_is_motion() -> None:
    """Out and back: the last frame equals the first."""
    sky = soft_gradient(swing=40)
    assert verdict(zoomed(sky, 1 + 0.03 * np.sin(k / 20 * np.pi)) for k in range(21)) == []


def test_one_small_moving_thing_is_motion() -> None:
    """A light of 12 x 12 pixels in a picture of 512 x 512."""
    frames = [zoomed(soft_gradient(), 1) for _ in range(4)]
    for k, frame in enumerate(frames):
        frame[100:112, 100 + 5 * k : 112 + 5 * k] = 250
    assert verdict(frames) == []


@pytest.mark.parametrize(
    ("frame", "english", "chinese"),
    [
        (np.full((8, 8, 3), np.nan, np.float32), "NaN", "NaN"),
        (np.full((8, 8, 3), np.inf), "infinity", "无穷大"),
        (np.zeros((8, 8, 3), np.float32), "float32", "float32"),
        (np.zeros((8, 8), np.uint8), "height, width, 3", "高、宽、3"),
        (np.zeros((8, 8, 4), np.uint8), "height, width, 3", "高、宽、3"),
        (np.zeros((0, 8, 3), np.uint8), "height, width, 3", "高、宽、3"),
        (np.zeros((8, 10, 3), np.uint8), "10x8", "10x8"),
        (None, "not an array", "不是像素数组"),
    ],
)
def test_a_broken_frame_stops_the_video_at_once(frame: object, english: str, chinese: str) -> None:
    """The second frame is broken; the error says which and how, in both languages."""
    watch = FrameWatch()
    watch.see(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(BadOutput) as broken:
        watch.see(frame)  # type: ignore[arg-type]
    assert "frame 2" in broken.value.message("en")
    assert english in broken.value.message("en")
    assert "第 2 帧" in broken.value.message("zh")
    assert chinese in broken.value.message("zh")


@pytest.mark.parametrize("size", [(16, 16), (17, 300), (1080, 64)])
def test_any_size_can_be_watched(size: tuple[int, int]) -> None:
    """Smaller than the sampling grid, odd, long and thin."""
    random = np.random.default_rng(3)
    assert verdict(random.integers(0, 255, (3, *size, 3), dtype=np.uint8)) == []


def test_watching_costs_next_to_nothing() -> None:
    """At most 8 CPU ms a frame of 1024 x 1024 for a frozen clip, the worst; about 2 on a quiet machine."""
    frame = zoomed(soft_gradient(1024, 1024), 1)
    watch = FrameWatch()
    watch.see(frame)
    started = time.process_time()
    for _ in range(10):
        watch.see(frame)
    assert (time.process_time() - started) / 10 < 0.1
