"""What might be behind the subject, and the split of a picture into two soft layers."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.saliency import Image, Map


def spread(values: Map, known: Map) -> Map:
    """Extend ``values`` smoothly from where ``known`` is 1 to everywhere.

    Multi-scale diffusion: pull down a pyramid, push back up (Gortler et al. 1996, section 3.4).
    """
    levels = [((values * known).astype(np.float32), known.astype(np.float32))]
    while min(levels[-1][1].shape) > 4:
        v, k = levels[-1]
        levels.append((cv2.pyrDown(v), cv2.pyrDown(k)))
    v, k = levels[-1]
    out = v / np.maximum(k, 1e-6)
    for v, k in levels[-2::-1]:
        up = cv2.pyrUp(out, dstsize=v.shape[1::-1])
        trust = np.minimum(k, 1)
        out = up * (1 - trust) + v / np.maximum(k, 1e-6) * trust
    return np.asarray(out, dtype=np.float32)


def behind(image: Image, alpha: Map, unit: float) -> tuple[Image, Map]:
    """A guess of the picture without its subject, uint8 [h w 3], and where it was needed, float32 [h w].

    Telea's fast marching (2004) at half size carries edges on; grain of the photo's own strength keeps the
    fill from looking like plastic. ``unit`` is the picture's shorter side over 1024.
    """
    height, width = alpha.shape
    side = max(3, round(7 * unit)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    hole = cv2.dilate((alpha > 0.04).astype(np.uint8), kernel)
    scale = min(1.0, 0.5 / unit) if unit > 0.5 else 1.0
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    little = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    gap = (cv2.resize(hole.astype(np.float32), small, interpolation=cv2.INTER_AREA) > 0.01).astype(np.uint8)
    filled = cv2.inpaint(little, gap, 5, cv2.INPAINT_TELEA)
    fill = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    fill += _grain(image, hole)
    weight = hole.astype(np.float32)
    out = image * (1 - weight[..., None]) + fill * weight[..., None]
    return np.clip(out, 0, 255).round().astype(np.uint8), weight


def _grain(image: Image, hole: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Noise like the photo's own outside the hole."""
    if not (hole == 0).any():
        return np.zeros_like(image, dtype=np.float32)
    fine = image.astype(np.float32) - cv2.GaussianBlur(image, (0, 0), 1.2)
    strength = np.minimum(np.median(np.abs(fine[hole == 0]), axis=0) * 1.48, 4)
    noise = np.random.default_rng(0).standard_normal(image.shape[:2], dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7)[..., None] * 1.5 * strength, dtype=np.float32)


def _fill_fits(photo: npt.NDArray[np.float32], fill: Image) -> Map:
    """Where the fill looks like the photo around the subject (sky, walls), float32 [h w] 0..1.

    There the fill is the better background, for the photo carries the faint rim that lens and JPEG left
    around the subject; on grass or leaves the photo itself is.
    """
    apart = np.abs(photo - fill).max(2)
    side = max(3, round(min(apart.shape) / 110)) | 1
    return np.asarray(np.clip((14 - cv2.blur(apart, (side, side))) / 8, 0, 1), dtype=np.float32)


def split(image: Image, alpha: Map, fill: Image, hole: Map) -> tuple[Image, Image, Map]:
    """Two layers that make the picture again: background, premultiplied foreground, invented share.

    Returns:
        background uint8 [h w 3]: the photo wherever alpha is 0, the fill where the subject stands.
        foreground uint8 [h w 4]: RGB premultiplied by alpha, and alpha, with the smallest alpha that
            explains every pixel, so that foreground + (1 - alpha) background is the photo up to rounding.
        invented float32 [h w] 0..1: how much of each background pixel is guessed.
    """
    photo = image.astype(np.float32)
    inside = np.clip(2 * cv2.GaussianBlur(hole, (0, 0), max(1.0, min(hole.shape) / 500)) - 1, 0, 1)
    believed = _fill_fits(photo, fill) * inside
    invented = np.maximum(np.clip(alpha / 0.35, 0, 1), believed) * (hole > 0)
    invented = (invented * invented * (3 - 2 * invented)).astype(np.float32)
    background = (photo * (1 - invented[..., None]) + fill * invented[..., None]).round()
    lift = (photo - background) / np.maximum(255 - background, 1e-3)
    drop = 1 - photo / np.maximum(background, 1e-3)
    need = np.maximum(lift, drop).max(2)
    full = np.maximum(alpha, np.where((hole > 0) & (need > 0.006), need, 0))
    full = np.clip(full, 0, 1)
    colour = np.clip(photo - (1 - full[..., None]) * background, 0, 255 * full[..., None])
    foreground = np.dstack([colour, full * 255]).round().astype(np.uint8)
    return background.astype(np.uint8), foreground, invented
