"""Films of small real scenes, for tests."""

from __future__ import annotations

from functools import cache

import numpy as np

from photos import photo
from unstill.engines.motion.effects.base import Clock
from unstill.engines.motion.engine import Film
from unstill.engines.motion.lexicon import Cue
from unstill.engines.motion.scene import Scene, analyse
from unstill.engines.motion.shot import choreograph


@cache
def scene(name: str) -> Scene:
    return analyse(photo(name))


def film(
    where: Scene, *stages: tuple[Cue, ...], num_frames: int = 24, loop: bool = False, seed: int = 1
) -> Film:
    """A film without effects of ``stages`` at 24 fps."""
    shot = choreograph(stages, where, num_frames, 24, loop, 1.0, seed)
    return Film(where, shot, (), Clock(num_frames, 24, loop))


def flat_scene(picture: np.ndarray, disparity: float) -> Scene:
    """A picture that is one wall at one distance: what a camera does to it has a closed form."""
    height, width = picture.shape[:2]
    none, wall = np.zeros((height, width), np.float32), np.full((height, width), disparity, np.float32)
    x, y = np.meshgrid(np.linspace(0.2, 0.8, 7) * width, np.linspace(0.2, 0.8, 7) * height)
    marks = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
    return Scene(picture, picture, None, none, none, None, 0.3, wall, wall, marks)
