"""The tracker's numbers on clips whose motion is known to the pixel."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from bench import tracking

SIDE, FRAMES = 320, 30


@pytest.fixture(scope="module")
def texture() -> tracking.Image:
    """Blurred noise, larger than the frames: corners everywhere, uint8 [h w 3]."""
    noise = np.random.default_rng(3).standard_normal((SIDE + 200, SIDE + 200, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def seen(texture: tracking.Image, x: float, y: float, zoom: float = 1.0) -> tracking.Image:
    """The texture by a camera that has gone x and y pixels and zoomed about the middle."""
    half = (SIDE - 1) / 2
    warp = np.array(
        [[1 / zoom, 0, 100 + x + half - half / zoom], [0, 1 / zoom, 100 + y + half - half / zoom]]
    )
    return cv2.warpAffine(texture, warp, (SIDE, SIDE), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def slide(texture: tracking.Image, speed: float, shake: np.ndarray | None = None) -> Iterator[tracking.Image]:
    """A camera that goes right at a steady speed, shaken or not."""
    for i in range(FRAMES):
        dx, dy = (0.0, 0.0) if shake is None else shake[i]
        yield seen(texture, speed * i + dx, dy)


def test_travel_is_what_the_camera_went(texture: tracking.Image) -> None:
    """0.8 pixels a frame to the right move the content 23.2 pixels to the left."""
    paths = tracking.follow(slide(texture, 0.8)).main
    assert paths.shape[1] > 30
    assert tracking.travel(paths) == pytest.approx(23.2, abs=0.1)
    assert tracking.shift(paths) == pytest.approx((-23.2, 0), abs=0.1)


def test_a_steady_camera_has_no_judder(texture: tracking.Image) -> None:
    paths = tracking.follow(slide(texture, 0.8)).main
    assert tracking.judder(paths) < 0.06
    assert tracking.point_judder(paths) < 0.1


def test_judder_is_that_of_the_shake_put_in(texture: tracking.Image) -> None:
    """A shake of 0.5 px a frame is measured as the number its own positions give, well over the limit."""
    shake = np.random.default_rng(5).normal(0, 0.5, (FRAMES, 2))
    known = tracking.judder(-shake[:, None].astype(np.float32))
    measured = tracking.judder(tracking.follow(slide(texture, 0.8, shake)).main)
    assert measured > 1
    assert measured == pytest.approx(known, rel=0.03)


def test_whole_pixel_steps_are_judder(texture: tracking.Image) -> None:
    """A slow camera that can only stand on whole pixels, as many zoom filters do, fails."""
    frames = (seen(texture, round(0.4 * i), 0) for i in range(FRAMES))
    assert tracking.judder(tracking.follow(frames).main) > 0.4


def test_easing_is_not_judder() -> None:
    """A camera that speeds up and slows down gently, 60 px in 48 frames, keeps far below 0.2 px."""
    s = np.linspace(0, 1, 48)
    eased = (60 * (s * s * (3 - 2 * s)))[:, None, None] * np.ones((1, 1, 2))
    assert tracking.judder(eased.astype(np.float32)) < 0.02


def test_only_the_stricter_reading_sees_a_zoom_that_breathes() -> None:
    """Scale that trembles about the middle cancels in a median of vectors, but not point by point."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = 100 * np.stack([np.cos(angles), np.sin(angles)], 1)
    scale = 1 + 0.01 * np.random.default_rng(2).standard_normal(48)
    paths = (ring[None] * scale[:, None, None]).astype(np.float32)
    assert tracking.judder(paths) < 0.1
    assert tracking.point_judder(paths) > 1


@pytest.mark.parametrize(("zoom", "sign"), [(1.1, 1), (0.92, -1)])
def test_expansion_has_the_sign_of_the_zoom(texture: tracking.Image, zoom: float, sign: int) -> None:
    frames = (seen(texture, 0, 0, zoom ** (i / (FRAMES - 1))) for i in range(FRAMES))
    assert sign * tracking.expansion(tracking.follow(frames).main, (SIDE, SIDE)) > 3


def test_more_points_are_found_inside_a_mask_and_kept_apart(texture: tracking.Image) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[100:220, 100:220] = True
    tracks = tracking.follow(slide(texture, 0.2), [mask])
    inside = tracks.paths[0, tracks.extra]
    assert len(inside) > 5
    assert ((inside >= 100) & (inside < 220)).all()
    assert len(tracks.main[0]) == (~tracks.extra).sum()


def test_a_clip_without_corners_gives_no_numbers() -> None:
    blank = [np.full((64, 64, 3), 90, np.uint8)] * 4
    paths = tracking.follow(blank).main
    assert np.isnan(tracking.judder(paths))
    assert np.isnan(tracking.travel(paths))


def test_displacement_of_two_frames(texture: tracking.Image) -> None:
    moved = tracking.displacement(seen(texture, 0, 0), seen(texture, 3, 4))
    assert moved == pytest.approx(5, abs=0.05)


def test_psnr_is_the_textbook_number() -> None:
    """One level everywhere is 48.13 dB; the same picture is infinitely near."""
    a = np.full((8, 8, 3), 100, np.uint8)
    assert tracking.psnr(a, a + np.uint8(1)) == pytest.approx(48.13, abs=0.01)
    assert tracking.psnr(a, a) == float("inf")
    where = np.zeros((8, 8), bool)
    where[0, 0] = True
    b = a.copy()
    b[4:] = 0
    assert tracking.psnr(a, b, where) == float("inf")
