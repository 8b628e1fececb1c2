"""A scene made by hand: a square subject before a flat background, every depth known."""

from __future__ import annotations

import cv2
import numpy as np

from unstill.engines.motion.scene import Scene

SIDE = 256
NEAR, FAR = 0.6, 0.1


def hand_made(near: float = NEAR, far: float = FAR) -> Scene:
    """A hard-edged square of 96 pixels in the middle of a picture of 256, without any network."""
    noise = np.random.default_rng(4).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    picture = cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[80:176, 80:176] = 1
    foreground = np.dstack([picture * alpha[..., None].astype(np.uint8), (alpha * 255).astype(np.uint8)])
    background = np.where(alpha[..., None] > 0, np.uint8(128), picture)
    x, y = np.meshgrid(np.linspace(20, SIDE - 20, 10), np.linspace(20, SIDE - 20, 10))
    return Scene(
        picture=picture, background=background, foreground=foreground, alpha=alpha, invented=alpha.copy(),
        sky=None, horizon=0.3, far=np.full_like(alpha, far), near=np.full_like(alpha, near),
        landmarks=np.stack([x.ravel(), y.ravel()], 1).astype(np.float32),
    )  # fmt: skip
