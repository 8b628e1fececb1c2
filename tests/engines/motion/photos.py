"""Real photos from packages the tests already need, small enough to be quick."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import skimage.data
from sklearn.datasets import load_sample_image

LOADERS = {
    "astronaut": skimage.data.astronaut,
    "cat": skimage.data.cat,
    "coffee": skimage.data.coffee,
    "rocket": skimage.data.rocket,
    "china": lambda: load_sample_image("china.jpg"),
    "flower": lambda: load_sample_image("flower.jpg"),
}


@cache
def photo(name: str, side: int = 320) -> np.ndarray:
    """The square middle of a photo, uint8 RGB [side side 3]."""
    image = np.asarray(LOADERS[name]())[..., :3]
    short = min(image.shape[:2])
    top, left = (image.shape[0] - short) // 2, (image.shape[1] - short) // 2
    square = np.ascontiguousarray(image[top : top + short, left : left + short])
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB; 100 where both are the same."""
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return 100.0 if error == 0 else 10 * np.log10(255**2 / error)
