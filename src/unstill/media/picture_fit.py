"""From a picture of any size to the exact frame of a plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from unstill.core.ports import Anchor
from unstill.domain.errors import InvalidField

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame
    from unstill.media.picture_colour import Rgb

CONTEXT_FRAMES = 3
"""The context reaches at most one frame beyond the frame on each side: a 16 x 8192 picture scaled to cover
1024 x 1024 would be 524288 pixels high."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class Span:
    """The frame along one axis, in pixels of the scaled picture."""

    scaled: int
    """Length of the whole scaled picture."""
    low: int
    high: int
    """The part that is kept as context."""
    start: int
    """Where the frame begins in that part."""


def parse_colour(text: str | None, default: Rgb) -> Rgb:
    """ "#rrggbb" to three numbers 0..255. Raises `InvalidField`."""
    if text is None:
        return default
    if not isinstance(text, str) or not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        expected, zh = 'a colour such as "#ffffff"', '颜色，例如 "#ffffff"'
        raise InvalidField(param="background", value=repr(text)[:80], expected=expected, expected_zh=zh)
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def pad(pixels: Frame, plan: Plan) -> Anchor:
    """The whole picture, as large as it goes into the frame, centred on bars of one colour."""
    height, width = pixels.shape[:2]
    scale = min(plan.width / width, plan.height / height)
    inner_w = min(plan.width, max(1, round(width * scale)))
    inner_h = min(plan.height, max(1, round(height * scale)))
    frame = np.empty((plan.height, plan.width, 3), np.uint8)
    frame[:] = parse_colour(plan.request.background, BLACK)
    left, top = (plan.width - inner_w) // 2, (plan.height - inner_h) // 2
    inner = _resized(pixels, (inner_w, inner_h), (0, 0, width, height))
    frame[top : top + inner_h, left : left + inner_w] = inner
    return Anchor(frame, frame, (0, 0, plan.width, plan.height))


def crop(pixels: Frame, plan: Plan) -> Anchor:
    """Scaled until the frame is covered (its short side fits), cut out of the middle."""
    height, width = pixels.shape[:2]
    scale = max(plan.width / width, plan.height / height)
    return _cut(pixels, plan, max(plan.width, round(width * scale)), max(plan.height, round(height * scale)))


def keep(pixels: Frame, plan: Plan) -> Anchor:
    """The picture's own aspect: where it is the frame's size but for the grid, its pixels stay untouched."""
    height, width = pixels.shape[:2]
    grid = plan.card.side_grid
    if 0 <= width - plan.width <= grid and 0 <= height - plan.height <= grid:
        return _cut(pixels, plan, width, height)
    return crop(pixels, plan)


def _cut(pixels: Frame, plan: Plan, scaled_w: int, scaled_h: int) -> Anchor:
    """The middle of the picture scaled to ``scaled_w`` x ``scaled_h``; the frame is a view of the context."""
    height, width = pixels.shape[:2]
    across, down = _span(scaled_w, plan.width), _span(scaled_h, plan.height)
    x, y = width / scaled_w, height / scaled_h
    box = (across.low * x, down.low * y, min(width, across.high * x), min(height, down.high * y))
    context = _resized(
        pixels, (across.high - across.low, down.high - down.low), box, whole=(scaled_w, scaled_h)
    )
    left, top = across.start, down.start
    right, bottom = left + plan.width, top + plan.height
    return Anchor(context[top:bottom, left:right], context, (left, top, right, bottom))


def _span(scaled: int, length: int) -> Span:
    start = (scaled - length) // 2
    reach = (CONTEXT_FRAMES - 1) * length // 2
    low, high = max(0, start - reach), min(scaled, start + length + reach)
    return Span(scaled, low, high, start - low)


def _resized(
    pixels: Frame,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    whole: tuple[int, int] | None = None,
) -> Frame:
    """The part ``box`` (left, top, right, bottom) of the picture at ``size``, by Lanczos in sRGB values.

    Where the scaled ``whole`` is the picture's own size nothing is computed and a view comes back.
    """
    height, width = pixels.shape[:2]
    if (whole or size) == (width, height):
        left, top, right, bottom = (round(edge) for edge in box)
        return pixels[top:bottom, left:right]
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=None)
    return np.array(image)
