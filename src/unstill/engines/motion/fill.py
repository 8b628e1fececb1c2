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


REACH = 0.14
"""How far into the hole a camera move can look, as a share of the shorter side. Deeper in, a smooth spread of
the surroundings will do, which is much cheaper than marching."""


def behind(image: Image, alpha: Map, unit: float) -> tuple[Image, Map]:
    """A guess of the picture without its subject, uint8 [h w 3], and where it was needed, float32 [h w].

    Telea's fast marching (2004) at half size carries edges on; grain of the photo's own strength keeps the
    fill from looking like plastic. ``unit`` is the picture's shorter side over 1024.
    """
    side = max(3, round(7 * unit)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    hole = cv2.dilate((alpha > 0.04).astype(np.uint8), kernel)
    scale = min(1.0, 0.5 / unit) if unit > 0.5 else 1.0
    height, width = alpha.shape
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    little = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    gap = (cv2.resize(hole.astype(np.float32), small, interpolation=cv2.INTER_AREA) > 0.01).astype(np.uint8)
    fill = cv2.resize(_march(little, gap), (width, height), interpolation=cv2.INTER_CUBIC)
    out = image.copy()
    part = _window(hole, 2)
    inside = hole[part] > 0
    grainy = cv2.add(fill[part].astype(np.float32), _grain(image, hole)[part])
    out[part][inside] = np.clip(grainy[inside], 0, 255).round().astype(np.uint8)
    return out, hole.astype(np.float32)


def _march(image: Image, gap: npt.NDArray[np.uint8]) -> Image:
    """Telea's inpainting of the rim of a gap, a smooth spread deep inside it."""
    depth = cv2.distanceTransform(gap, cv2.DIST_L2, 3)
    deep = (depth > REACH * min(gap.shape)).astype(np.uint8)
    if deep.any():
        known = (1 - gap).astype(np.float32)
        smooth = np.dstack([spread(image[..., c].astype(np.float32), known) for c in range(3)])
        image = np.where(deep[..., None] > 0, np.clip(smooth, 0, 255), image).astype(np.uint8)
    marched = cv2.inpaint(image, gap & ~deep & 1, 5, cv2.INPAINT_TELEA)
    even = cv2.medianBlur(marched, 5)  # marching leaves thin bright streaks behind sharp corners
    return np.asarray(np.where(gap[..., None] > 0, even, marched))


def _window(mask: npt.NDArray[np.uint8], margin: int) -> tuple[slice, slice]:
    """Rows and columns around what is set."""
    left, top, width, height = cv2.boundingRect(mask)
    return (
        slice(max(0, top - margin), top + height + margin),
        slice(max(0, left - margin), left + width + margin),
    )


def _grain(image: Image, hole: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Noise like the photo's own outside the hole, float32 [h w 3]."""
    step = max(1, min(hole.shape) // 256)  # a sample is enough for a median
    fine = cv2.subtract(image, cv2.GaussianBlur(image, (0, 0), 1.2), dtype=cv2.CV_16S)[::step, ::step]
    outside = fine[hole[::step, ::step] == 0]
    if not len(outside):
        return np.zeros_like(image, dtype=np.float32)
    strength = np.minimum(np.median(np.abs(outside), axis=0) * 1.48, 4).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(image.shape[:2], dtype=np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.7)
    return np.asarray(soft[..., None] * (np.float32(1.5) * strength), dtype=np.float32)


def _largest(values: npt.NDArray[np.float32]) -> Map:
    """The largest of three channels, [h w 3] to [h w]."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))


def _fill_fits(photo: npt.NDArray[np.float32], fill: npt.NDArray[np.float32], alpha: Map) -> Map:
    """Where the fill looks like the photo around the subject (sky, walls), float32 [h w] 0..1.

    There the fill is the better background, for the photo carries the faint rim that lens and JPEG left
    around the subject; on grass or leaves the photo itself is.
    """
    clear = (alpha < 0.02).astype(np.float32)
    side = max(3, round(min(alpha.shape) / 70)) | 1
    near, weight = (cv2.blur(m, (side, side)) for m in (_largest(cv2.absdiff(photo, fill)) * clear, clear))
    apart = near / np.maximum(weight, 1e-3)
    return np.asarray(np.where(weight > 0.02, np.clip((22 - apart) / 8, 0, 1), 0), dtype=np.float32)


def split(image: Image, alpha: Map, fill: Image, hole: Map) -> tuple[Image, Image, Map]:
    """Two layers that make the picture again: background, premultiplied foreground, invented share.

    Returns:
        background uint8 [h w 3]: the photo wherever alpha is 0, the fill where the subject stands.
        foreground uint8 [h w 4]: RGB premultiplied by alpha, and alpha, with the smallest alpha that
            explains every pixel, so that foreground + (1 - alpha) background is the photo up to rounding.
        invented float32 [h w] 0..1: how much of each background pixel is guessed.
    """
    background, invented = image.copy(), np.zeros_like(alpha)
    foreground = np.zeros((*alpha.shape, 4), np.uint8)
    part = _window((hole > 0).astype(np.uint8), 8)
    made = _split(image[part].astype(np.float32), alpha[part], fill[part].astype(np.float32), hole[part])
    background[part], foreground[part], invented[part] = made
    return background, foreground, invented


def _split(
    photo: npt.NDArray[np.float32], alpha: Map, fill: npt.NDArray[np.float32], hole: Map
) -> tuple[Image, Image, Map]:
    """`split` of the part that has a hole in it."""
    inside = np.clip(2 * cv2.GaussianBlur(hole, (0, 0), max(1.0, min(hole.shape) / 500)) - 1, 0, 1)
    rim = max(3, round(min(hole.shape) / 200)) | 1  # a pixel's width around the edge is never pure background
    edge = np.clip(cv2.dilate(alpha, np.ones((rim, rim), np.uint8)) / 0.35, 0, 1)
    guess = np.maximum(edge, _fill_fits(photo, fill, alpha) * inside) * hole
    guess = (guess * guess * (3 - 2 * guess)).astype(np.float32)
    share = cv2.merge([guess] * 3)
    background = np.rint(photo + (fill - photo) * share)
    lift = (photo - background) / np.maximum(255 - background, 1e-3)
    drop = 1 - photo / np.maximum(background, 1e-3)
    need = _largest(np.maximum(lift, drop))
    need[(hole == 0) | (need < 0.006)] = 0
    full = np.clip(np.maximum(alpha, need), 0, 1)
    solid = cv2.merge([full] * 3)
    colour = np.clip(photo - (1 - solid) * background, 0, 255 * solid)
    layer = cv2.merge([*cv2.split(colour), full * 255])
    return background.astype(np.uint8), np.rint(layer).astype(np.uint8), guess
