"""Small painted scenes with known sky, water, lamps and subject, for tests of effects."""

from __future__ import annotations

import cv2
import numpy as np

from unstill.engines.motion.scene import Scene

SIDE = 256


def noise(seed: int, slope: float = 1.6, side: int = SIDE) -> np.ndarray:
    """Fractal noise, standard deviation 1."""
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    f[0, 0] = 1
    white = np.fft.rfft2(np.random.default_rng(seed).standard_normal((side, side)))
    field = np.fft.irfft2(white * f**-slope * (f >= 2 / side), s=(side, side))
    return field / field.std()


def scene_of(picture: np.ndarray, sky: np.ndarray | None = None, subject: np.ndarray | None = None) -> Scene:
    """A scene whose maps are given instead of found."""
    picture = np.clip(picture, 0, 255).round().astype(np.uint8)
    height, width = picture.shape[:2]
    none = np.zeros((height, width), np.float32)
    alpha = none if subject is None else subject.astype(np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    far = np.repeat(0.03 + 0.6 * np.clip((rows - 0.5) * 2, 0, 1), width, 1).astype(np.float32)
    fore = None
    if subject is not None:
        fore = np.dstack([picture * alpha[..., None], alpha * 255]).round().astype(np.uint8)
    level = 0.5 if sky is not None else 0.3
    marks = np.float32([[width / 3, height / 3], [width / 2, height / 2]])
    return Scene(picture, picture, fore, alpha, none, sky, level, far, far + 0.2, marks)


def upper(share: float = 0.5, side: int = SIDE) -> np.ndarray:
    """A sky that ends softly at ``share`` of the height, float32."""
    mask = np.zeros((side, side), np.float32)
    mask[: int(side * share)] = 1
    return np.minimum(cv2.GaussianBlur(mask, (0, 0), 1.2), 1)


def land(side: int = SIDE) -> np.ndarray:
    return np.array([70.0, 90, 50]) + 18 * noise(9, 0.6, side)[..., None]


def cloudy(side: int = SIDE) -> Scene:
    """White clouds on blue over land, with a tower in front of the sky."""
    sky = upper(0.6, side)
    sky[side // 4 :, side // 2 : side // 2 + side // 16] = 0
    cover = np.clip((noise(3, 1.8, side)[..., None] + 0.2), 0, 1)
    air = np.array([90.0, 140, 215]) * (1 - cover) + np.array([245.0, 246, 250]) * cover
    return scene_of(air * sky[..., None] + land(side) * (1 - sky[..., None]), sky)


def even(low: tuple[float, float, float] = (150, 185, 235)) -> Scene:
    """A sky with nothing in it."""
    sky = upper()
    slope = np.linspace(0.85, 1.0, SIDE)[:, None, None]
    air = np.array(low) * slope * np.ones((SIDE, SIDE, 1)) + 0.7 * noise(4, 0)[..., None]
    return scene_of(air * sky[..., None] + land() * (1 - sky[..., None]), sky)


def lake() -> Scene:
    """A smooth lake under an even sky, a wooded shore on the left, a subject standing in it."""
    sky, x = upper(0.45), np.arange(SIDE)[None, :, None]
    water = np.array([120.0, 150, 165]) + 1.2 * noise(5, 1.0)[..., None] + 0.02 * x
    picture = np.array([190.0, 205, 225]) * sky[..., None] + water * (1 - sky[..., None])
    picture[:, :40] = np.where(sky[:, :40, None] > 0.5, picture[:, :40], land()[:, :40])
    subject = np.zeros((SIDE, SIDE), np.float32)
    subject[110:200, 150:180] = 1
    picture[subject > 0] = (160, 40, 30)
    return scene_of(picture, sky, subject)


def night() -> Scene:
    """Two lamps and a lit subject before a dark wall."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (28.0, 26, 34)) + 3 * noise(6, 0.8)[..., None]
    for left, top in ((70, 80), (190, 150)):
        away = np.hypot(x - left, y - top)[..., None]
        picture = picture + np.array([255.0, 190, 90]) * np.exp(-away / 9) + 255 * (away < 5)
    subject = (np.hypot(x - 190, y - 190) < 50).astype(np.float32)
    return scene_of(picture, None, subject)


def room() -> Scene:
    """A bright room without sky, water or lamps: brown boards, a white cup with a highlight."""
    picture = np.array([170.0, 120, 80]) + 25 * noise(7, 1.0)[..., None]
    y, x = np.mgrid[:SIDE, :SIDE]
    cup = np.hypot(x - 128, y - 120) < 45
    picture[cup] = (236, 232, 226)
    picture[np.hypot(x - 110, y - 100) < 5] = 255
    return scene_of(picture, None, cup)
