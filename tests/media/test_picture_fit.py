"""From a picture to the exact frame of a plan."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import noise, smooth
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Estimate, Picture
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.request import VideoRequest
from unstill.media.picture import SafePictureDoor

DOOR = SafePictureDoor()


def plan(width: int, height: int, fit: str, background: str | None = None, grid: int = 8) -> Plan:
    card = ModelCard(
        id="test", family="test", title="Test", about={}, licence="none", generative=False, native={},
        frames=Range(1, 100), fps=Range(1, 60), side=Range(16, 8192), side_grid=grid,
    )  # fmt: skip
    return Plan(
        card=card, request=VideoRequest(background=background), width=width, height=height, fit=fit,
        num_frames=8, fps=8, seed=1, loop=False, format="mp4", details={}, notes=(),
        estimate=Estimate(1.0, 1), fits=True,
    )  # fmt: skip


def fitted(pixels: np.ndarray, *args: object, **options: object) -> Anchor:
    anchor = DOOR.fit(Picture(pixels, "test", "PNG"), plan(*args, **options))  # type: ignore[arg-type]
    left, top, right, bottom = anchor.box
    assert np.array_equal(anchor.frame, anchor.context[top:bottom, left:right])
    assert anchor.frame.dtype == anchor.context.dtype == np.uint8
    return anchor


def test_crop_scales_the_short_side_and_cuts_out_the_middle() -> None:
    """The classic preparation of image-to-video models, against Pillow's plain recipe."""
    pixels = noise(300, 500)
    anchor = fitted(pixels, 128, 128, "crop")
    scaled = np.asarray(Image.fromarray(pixels).resize((213, 128), Image.Resampling.LANCZOS))
    assert np.array_equal(anchor.context, scaled)
    assert anchor.box == (42, 0, 170, 128)


def test_crop_agrees_with_another_resampler() -> None:
    """OpenCV's area average and Lanczos say nearly the same of a smooth picture."""
    pixels = smooth(600, 400)
    other = cv2.resize(pixels, (200, 300), interpolation=cv2.INTER_AREA)[50:250]
    frame = fitted(pixels, 200, 200, "crop").frame
    assert np.abs(frame.astype(int) - other).max() <= 2


@pytest.mark.parametrize("fit", ["crop", "pad", "keep"])
def test_a_picture_of_the_right_size_is_left_alone(fit: str) -> None:
    """Bit for bit."""
    pixels = noise(96, 160)
    anchor = fitted(pixels, 160, 96, fit)
    assert np.array_equal(anchor.frame, pixels)
    assert anchor.box == (0, 0, 160, 96)


def test_cutting_without_scaling_keeps_every_pixel() -> None:
    """Where one side fits already, crop only cuts; the context is the whole picture, not a copy."""
    pixels = noise(96, 200)
    anchor = fitted(pixels, 161, 96, "crop")
    assert np.array_equal(anchor.frame, pixels[:, 19:180])
    assert np.shares_memory(anchor.context, pixels)
    assert anchor.box == (19, 0, 180, 96)


def test_crop_enlarges_a_small_picture() -> None:
    """16 x 16 becomes 512 x 512, flat colour staying flat."""
    anchor = fitted(np.full((16, 16, 3), 77, np.uint8), 512, 512, "crop")
    assert np.all(anchor.frame == 77)


@pytest.mark.parametrize(("width", "height"), [(1606, 1207), (1600, 1207), (1608, 1208)])
def test_keep_cuts_to_the_grid_without_scaling(width: int, height: int) -> None:
    """A few pixels at the edges go; the rest is untouched."""
    pixels = noise(height, width)
    anchor = fitted(pixels, 1600, 1200, "keep")
    left, top = (width - 1600) // 2, (height - 1200) // 2
    assert np.array_equal(anchor.frame, pixels[top : top + 1200, left : left + 1600])
    assert anchor.context.shape == pixels.shape


def test_keep_scales_what_is_larger_and_covers_the_frame() -> None:
    """No bars, at most a grid step lost: the frame shows what the whole picture shows."""
    pixels = smooth(900, 1400)
    anchor = fitted(pixels, 696, 448, "keep")
    assert anchor.context.shape == (448, 697, 3)
    other = cv2.resize(pixels, (696, 448), interpolation=cv2.INTER_AREA)
    assert np.abs(anchor.frame.astype(int) - other).max() <= 2


@pytest.mark.parametrize(("background", "colour"), [(None, (0, 0, 0)), ("#1080ff", (16, 128, 255))])
def test_pad_shows_the_whole_picture_on_bars(background: str | None, colour: tuple[int, int, int]) -> None:
    """Centred, enlarged if need be, on black or the colour asked for."""
    pixels = np.full((50, 100, 3), 200, np.uint8)
    anchor = fitted(pixels, 400, 300, "pad", background)
    want = np.empty((300, 400, 3), np.uint8)
    want[:] = colour
    want[50:250] = 200
    assert np.array_equal(anchor.frame, want)
    assert anchor.frame is anchor.context


def test_pad_does_not_resample_what_fits_one_way() -> None:
    """Only bars are added."""
    pixels = noise(80, 120)
    assert np.array_equal(fitted(pixels, 120, 160, "pad").frame[40:120], pixels)


@pytest.mark.parametrize("shape", [(8192, 16), (16, 8192)])
def test_an_extreme_strip_takes_no_extreme_memory(shape: tuple[int, int]) -> None:
    """16 x 8192 scaled to cover 1024 x 1024 would be half a million pixels high; the context stops at three
    frames and its middle is the picture's middle."""
    pixels = np.full((*shape, 3), 50, np.uint8)
    middle = [slice(s // 2 - 8, s // 2 + 8) for s in shape]
    pixels[tuple(middle)] = 200
    anchor = fitted(pixels, 1024, 1024, "crop")
    assert sorted(anchor.context.shape[:2]) == [1024, 3072]
    assert abs(int(anchor.frame[512, 512, 0]) - 200) <= 2
    assert np.all(anchor.context[0, 0] == 50)
    fitted(pixels, 64, 64, "pad")
    fitted(pixels, 16, 16, "keep")


def test_a_bounded_context_is_the_middle_of_the_whole() -> None:
    """Bounding changes which pixels are kept, not what they are."""
    pixels = noise(40, 400)
    anchor = fitted(pixels, 20, 20, "crop")
    scaled = np.asarray(Image.fromarray(pixels).resize((200, 20), Image.Resampling.LANCZOS))
    assert anchor.context.shape == (20, 60, 3)
    assert np.abs(anchor.context.astype(int) - scaled[:, 70:130]).max() <= 1


@given(
    w=st.integers(16, 300), h=st.integers(16, 300), width=st.integers(16, 200), height=st.integers(16, 200),
    fit=st.sampled_from(["crop", "pad", "keep"]), grid=st.sampled_from([1, 2, 8, 64]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_every_picture_fits_every_plan(w: int, h: int, width: int, height: int, fit: str, grid: int) -> None:
    """The frame has exactly the plan's size, lies inside the context, and invents no colour."""
    anchor = fitted(np.full((h, w, 3), 123, np.uint8), width, height, fit, "#7b7b7b", grid)
    left, top, right, bottom = anchor.box
    rows, columns = anchor.context.shape[:2]
    assert anchor.frame.shape == (height, width, 3)
    assert (right - left, bottom - top) == (width, height)
    assert 0 <= left < right <= columns <= 3 * width + grid
    assert 0 <= top < bottom <= rows <= 3 * height + grid
    assert np.all(anchor.context == 123)
