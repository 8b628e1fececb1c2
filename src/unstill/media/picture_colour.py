"""Any Pillow mode to opaque 8-bit sRGB."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

    from unstill.core.ports import Frame

Rgb = tuple[int, int, int]
Plane = npt.NDArray[np.uint8]

STRIP_PIXELS = 2**20
"""Pixels converted at a time, so that a large picture is never held in several forms at once."""

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
"""What an ICC profile calls the colour space of each mode that has one."""
_GREY_MODES = ("1", "L", "LA", "La", "F")


def to_srgb(
    image: Image.Image,
    icc: bytes | None = None,
    key: tuple[int, ...] | None = None,
    background: Rgb = (255, 255, 255),
) -> Frame:
    """Convert a loaded image of any mode to sRGB, uint8 [h w 3], C-contiguous, its own memory.

    Colours go through ``icc`` (relative colorimetric with black point compensation) where it is whole and
    made for the image's colour space, and are taken for sRGB otherwise. Alpha, or ``key`` as the one fully
    transparent colour, is composed over ``background``. 16-bit greys 0..65535 and the integers of mode I are
    divided by 257 and rounded; floats of mode F are rounded and cut off at 0 and 255.
    """
    width, height = image.size
    out = np.empty((height, width, 3), np.uint8)
    convert = _conversion(_colour_mode(image.mode), icc)
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        if strip.mode not in ("P", "PA"):
            strip.info.pop(
                "transparency", None
            )  # that is `key` by now, and what is unusable makes Pillow warn
        colours, alpha = _planes(strip, key)
        rgb = convert(colours)
        out[top : top + rows] = rgb if alpha is None else _over(rgb, alpha, background)
    return out


def _colour_mode(mode: str) -> str:
    """The mode that a mode's colours have once its alpha, palette or depth is taken away."""
    if mode in _GREY_MODES or mode.startswith("I"):
        return "L"
    return mode if mode in ("CMYK", "LAB") else "RGB"


def _planes(strip: Image.Image, key: tuple[int, ...] | None) -> tuple[Image.Image, Plane | None]:
    """Colours in mode RGB, L, CMYK or LAB, and alpha [h w] where there is any."""
    mode = strip.mode
    if mode in ("P", "PA", "RGBA", "RGBa"):
        rgba = strip.convert("RGBA")
        return rgba.convert("RGB"), _alpha(rgba)
    if mode in ("LA", "La"):
        grey_alpha = strip.convert("LA")
        return grey_alpha.getchannel("L"), _alpha(grey_alpha)
    if mode.startswith("I"):
        values = np.asarray(strip)
        return Image.fromarray(_from_16_bit(values)), _where_key(values, key)
    if mode == "F":
        return Image.fromarray(_from_floats(np.asarray(strip))), None
    target = _colour_mode(mode)
    colours = strip if mode == target else strip.convert(target)
    return colours, _where_key(np.asarray(colours), key) if target in ("L", "RGB") else None


def _alpha(image: Image.Image) -> Plane | None:
    alpha = np.asarray(image.getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _where_key(values: npt.NDArray[np.integer], key: tuple[int, ...] | None) -> Plane | None:
    """Alpha 0 where a pixel is the key colour, 255 elsewhere."""
    if key is None or len(key) != (1 if values.ndim == 2 else values.shape[2]):
        return None
    same = values == key[0] if values.ndim == 2 else (values == np.array(key)).all(axis=2)
    return np.where(same, 0, 255).astype(np.uint8)


def _from_16_bit(values: npt.NDArray[np.integer]) -> Plane:
    wide = np.clip(values.astype(np.int32), 0, 65535)
    return ((wide + 128) // 257).astype(np.uint8)


def _from_floats(values: npt.NDArray[np.floating]) -> Plane:
    whole: Plane = np.rint(np.clip(np.nan_to_num(values, nan=0.0), 0, 255)).astype(np.uint8)
    return whole


def _over(rgb: Frame, alpha: Plane, background: Rgb) -> Frame:
    """Porter-Duff "over" an opaque colour, in sRGB values: (c a + b (255 - a)) / 255, to the nearest."""
    a = alpha[:, :, None].astype(np.uint16)
    mixed = rgb * a + np.array(background, np.uint16) * (255 - a) + np.uint16(127)  # at most 65152
    return (mixed // 255).astype(np.uint8)


# --- profiles ----------------------------------------------------------------------------------------------


def _conversion(mode: str, icc: bytes | None) -> Callable[[Image.Image], Frame]:
    """What turns an image of ``mode`` into sRGB [h w 3]."""
    transform = _transform(mode, icc)
    if transform is None:
        return lambda image: np.asarray(image.convert("RGB"))
    apply = transform.apply
    if mode == "L":
        table = np.asarray(apply(Image.fromarray(np.arange(256, dtype=np.uint8)[None])))[0]
        return lambda image: table[np.asarray(image)]
    return lambda image: np.asarray(apply(image))


def _transform(mode: str, icc: bytes | None) -> ImageCmsTransform | None:
    """The way from a profile to sRGB; None where there is none, it is unusable, or it is sRGB already."""
    if not icc and mode != "LAB":
        return None
    from PIL import ImageCms  # only pictures with a profile need it

    srgb = ImageCms.createProfile("sRGB")
    # Greys need only 256 values, so they can have LittleCMS's exact way instead of its fast one, which is off
    # by up to 10 levels in the darks of a linear profile.
    exact = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc)) if icc else None
        if profile is None or profile.profile.xcolor_space.strip() != _SPACES[mode]:
            if mode != "LAB":
                return None
            profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        transform = ImageCms.buildTransform(
            profile, srgb, mode, "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION | exact,
        )  # fmt: skip
    except Exception:  # a broken profile is no reason to refuse a picture; LittleCMS raises many kinds
        return None
    return None if mode == "RGB" and _changes_nothing(transform) else transform


def _changes_nothing(transform: ImageCmsTransform) -> bool:
    """Whether no colour of a 16 x 16 x 16 cube moves by more than one level: then the profile is sRGB's, and
    leaving it out keeps every pixel as it was."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(transform.apply(Image.fromarray(cube)))
    return int(np.abs(moved.astype(np.int16) - cube).max()) <= 1
