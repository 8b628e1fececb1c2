"""How large a video of a picture is: the request's size and fit, on the model's grid."""

from __future__ import annotations

import math
from collections.abc import Mapping

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import OutOfRange, TooNarrow
from unstill.domain.notes import Note, note
from unstill.domain.request import VideoRequest

Sides = tuple[int, int]
"""Width and height in pixels."""
NOTICEABLE = 0.02
"""The part of a picture that may be cut off without a word."""


def size_and_fit(request: VideoRequest, native: Mapping[str, object]) -> tuple[str, str]:
    """ "WxH" without a fit means crop to exactly that; otherwise the card's way."""
    size = request.size or str(native["size"])
    if native.get("only_sizes"):
        return size, "crop" if request.fit in (None, "keep") else request.fit
    explicit = request.size is not None and not request.size.endswith("p")
    return size, request.fit or ("crop" if explicit else str(native["fit"]))


def dimensions(size: str, fit: str, picture: Sides, card: ModelCard) -> tuple[int, int, list[Note]]:
    """Width and height on the card's grid, and what had to change to get there.

    crop and pad: "Np" is N x N, "WxH" exactly that. keep: "Np" bounds the short side, "WxH" the box; the
    aspect is the picture's, and nothing is ever enlarged.

    Raises:
        OutOfRange: the card does not make videos of that size.
        TooNarrow: the picture's shape cannot be kept within the card's sides.
    """
    if card.only_sizes:
        return _nearest(size, picture, card)
    if fit == "keep":
        return _kept(size, picture, card)
    width, height = _wanted(size)
    got_w, got_h = (round(side / card.side_grid) * card.side_grid for side in (width, height))
    if not all(side in card.side for side in (width, height, got_w, got_h)):
        raise _refused((width, height), card)
    if (got_w, got_h) == (width, height):
        return width, height, []
    return got_w, got_h, [_snapped((width, height), (got_w, got_h), card)]


def _nearest(size: str, picture: Sides, card: ModelCard) -> tuple[int, int, list[Note]]:
    """Of the sizes of a card that has no others, the nearest in shape to what is asked for: to the picture
    where no exact size is."""
    wanted = picture if size.endswith("p") else _wanted(size)
    shape = math.log(wanted[0] / wanted[1])
    sizes = [_wanted(each) for each in card.sizes]
    got = min(sizes, key=lambda each: abs(math.log(each[0] / each[1]) - shape))
    if size.endswith("p") or got == wanted:
        return *got, []
    return *got, [note("size_fixed", wanted=_by(wanted), got=_by(got), model=card.id)]


def cut_off(request: VideoRequest, got: Sides, picture: Sides) -> list[Note]:
    """What to say where an exact size, given without a fit, loses a part of the picture that shows."""
    if request.size is None or request.size.endswith("p") or request.fit is not None:
        return []
    shapes = sorted((got[0] * picture[1], got[1] * picture[0]))
    lost = 1 - shapes[0] / shapes[1]
    if lost <= NOTICEABLE:
        return []
    return [note("picture_cropped", percent=round(100 * lost), size=_by(got))]


def _refused(wanted: Sides, card: ModelCard) -> OutOfRange:
    low, high = int(card.side.low), int(card.side.high)
    return OutOfRange(param="size", value=_by(wanted), low=f"{low}x{low}", high=f"{high}x{high}")


def _wanted(size: str) -> Sides:
    if size.endswith("p"):
        return int(size[:-1]), int(size[:-1])
    width, height = size.split("x")
    return int(width), int(height)


def _kept(size: str, picture: Sides, card: ModelCard) -> tuple[int, int, list[Note]]:
    grid, (width, height) = card.side_grid, _wanted(size)
    if min(width, height) < card.side.low:
        raise _refused((width, height), card)
    if size.endswith("p"):
        asked = min(1.0, width / min(picture))
    else:
        asked = min(1.0, width / picture[0], height / picture[1])
    scale = min(asked, card.side.high / max(picture))
    got_w, got_h = (_on_grid(side * scale, side, grid) for side in picture)
    if not all(side in card.side for side in (got_w, got_h)):
        low, high = int(card.side.low), int(card.side.high)
        raise TooNarrow(width=picture[0], height=picture[1], low=low, high=high)
    if scale < asked:
        wanted = (round(picture[0] * asked), round(picture[1] * asked))
        limit = int(card.side.high)
        text = note("size_limited", wanted=_by(wanted), got=_by((got_w, got_h)), model=card.id, limit=limit)
        return got_w, got_h, [text]
    # A row that the grid takes from a picture is worth no word unless exactly that size was asked for.
    if size.endswith("p") or (got_w, got_h) == (width, height):
        return got_w, got_h, []
    if 0 <= width - got_w < grid and 0 <= height - got_h < grid:
        return got_w, got_h, [_snapped((width, height), (got_w, got_h), card)]
    return got_w, got_h, [note("size_kept", wanted=_by((width, height)), got=_by((got_w, got_h)))]


def _on_grid(side: float, most: int, grid: int) -> int:
    """The nearest multiple of ``grid`` that does not enlarge the picture's own side ``most``."""
    return min(round(side / grid), most // grid) * grid


def _snapped(wanted: Sides, got: Sides, card: ModelCard) -> Note:
    return note("size_snapped", wanted=_by(wanted), got=_by(got), grid=card.side_grid)


def _by(sides: Sides) -> str:
    return f"{sides[0]}x{sides[1]}"
