"""The eight photos, all of them shipped by packages or by unstill itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from unstill.engines.motion.saliency import Image
from unstill.engines.motion.scene import Scene, analyse


def _skimage(name: str) -> Image:
    from skimage import data

    return np.asarray(getattr(data, name)())


def _stereo(_: str) -> Image:
    """The left picture of the Middlebury motorcycle pair."""
    from skimage import data

    pair: Any = data.stereo_motorcycle  # it has no types
    return np.asarray(pair()[0])


def _sklearn(name: str) -> Image:
    from sklearn.datasets import load_sample_image

    return np.asarray(load_sample_image(f"{name}.jpg"))


def _matplotlib(name: str) -> Image:
    from matplotlib import cbook

    path: Any = cbook.get_sample_data(f"{name}.jpg", asfileobj=False)
    return np.asarray(PillowImage.open(path).convert("RGB"))


_SOURCES: dict[str, Callable[[str], Image]] = {
    "astronaut": _skimage,
    "coffee": _skimage,
    "chelsea": _skimage,
    "rocket": _skimage,
    "motorcycle": _stereo,
    "china": _sklearn,
    "flower": _sklearn,
    "grace_hopper": _matplotlib,
}
QUICK = ("coffee", "china")


def names() -> tuple[str, ...]:
    return tuple(_SOURCES)


def _read(name: str) -> Image:
    """The copy that ships with unstill as an example, or else the package's, uint8 RGB [h w 3]."""
    example = resources.files("unstill") / "assets" / "examples" / f"{name}.jpg"
    if example.is_file():
        with example.open("rb") as file:
            return np.asarray(PillowImage.open(file).convert("RGB"))
    return _SOURCES[name](name)


def square(picture: Image, side: int) -> Image:
    """The middle square of a picture [h w 3] scaled to ``side`` pixels: INTER_AREA down, Lanczos up."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    middle = np.ascontiguousarray(picture[top : top + edge, left : left + edge, :3])
    how = cv2.INTER_AREA if edge >= side else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(middle, (side, side), interpolation=how))


@lru_cache(maxsize=2)
def photo(name: str, side: int) -> Image:
    """A photo by name as a square, uint8 RGB [side side 3]."""
    return square(_read(name), side)


@lru_cache(maxsize=2)
def scene(name: str, side: int) -> Scene:
    """The engine's own look at a photo, made once a process."""
    return analyse(photo(name, side))
