"""Small pictures of a finished video, its last frame, and two videos made one: a frame at a time, whatever
the length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from unstill.core.durable import beside, file_errors, settle
from unstill.domain.errors import NotAVideo, SizesDiffer
from unstill.media.read_video import probe, read_frames, stills

if TYPE_CHECKING:
    from unstill.core.ports import Frame, Still

THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 512, 85
COLUMNS, ROWS, CELL_WIDTH, SHEET_QUALITY = 5, 5, 160, 80
DARK = 24
"""A frame whose mean is below this, of 255, shows too little."""
MOST_LOOKED_AT = 48
"""Frames from the middle on that are looked at for a bright one."""


class Contact:
    """A thumbnail and a sprite sheet of a video of ``num_frames`` frames. Fits `core.ports.SmallPictures`.

    The sheet is a grid of frames, evenly spaced from first to last, row by row, each ``width`` pixels wide; a
    video with fewer frames than cells shows some of them twice. The thumbnail, its longer side at most
    ``side`` pixels, is the first frame from the middle on that is not dark; where none comes soon, one from
    before, and the brightest of all that were looked at where all are dark.
    """

    def __init__(self, num_frames: int, *, side: int = THUMBNAIL_SIDE, width: int = CELL_WIDTH) -> None:
        last = COLUMNS * ROWS - 1
        self._wanted = [round(cell * (num_frames - 1) / last) for cell in range(last + 1)]
        self._middle, self._side, self._width = num_frames // 2, side, width
        self._cells: list[Frame] = []
        self._best: Frame | None = None
        self._light = -1.0
        self._settled = False

    def see(self, number: int, still: Still) -> None:
        """See `core.ports.SmallPictures.see`."""
        due = sum(wanted <= number for wanted in self._wanted[len(self._cells) :])
        if due:
            wide, tall = still.size
            self._cells += [still.rgb((self._width, max(1, round(self._width * tall / wide))))] * due
        late = number - self._middle
        if late < 0 and due and self._light < DARK and self._cells[-1].mean() > self._light:
            self._take(still)
        elif 0 <= late < MOST_LOOKED_AT and not self._settled:
            self._look(still)

    def _look(self, still: Still) -> None:
        seen = self._small(still)
        light = float(seen.mean())
        self._settled = light >= DARK
        if self._settled or light > self._light:
            self._best, self._light = seen, light

    def _take(self, still: Still) -> None:
        self._best = self._small(still)
        self._light = float(self._best.mean())

    def _small(self, still: Still) -> Frame:
        wide, tall = still.size
        scale = min(1.0, self._side / max(wide, tall))
        return still.rgb((max(1, round(wide * scale)), max(1, round(tall * scale))))

    def save(self, thumbnail: Path, sheet: Path) -> None:
        """Write both, ending in .jpg or .webp; files there are replaced, at once and whole.

        Raises:
            NotWritable, DiskFull: they cannot be written.
        """
        assert self._best is not None
        save(self._best, thumbnail, THUMBNAIL_QUALITY)
        save(self._sheet(), sheet, SHEET_QUALITY)

    def _sheet(self) -> Frame:
        missing = COLUMNS * ROWS - len(self._cells)  # a GIF may hold fewer frames than were planned
        cells = np.stack([*self._cells, *[self._cells[-1]] * missing])
        tall, wide = cells.shape[1:3]
        grid = cells.reshape(ROWS, COLUMNS, tall, wide, 3).swapaxes(1, 2)
        return grid.reshape(ROWS * tall, COLUMNS * wide, 3)


def tail(video: Path) -> tuple[Frame, int]:
    """The very last frame, uint8 RGB [h w 3], and how many there are. Raises as `probe`."""
    last, count = None, 0
    with closing(stills(video)) as found:
        for last in found:  # noqa: B007 the last is meant
            count += 1
    if last is None:
        raise NotAVideo(path=video)
    return last.rgb(), count


def last_frame(video: Path) -> Frame:
    """The very last frame, uint8 RGB [h w 3]: where a continuation starts. Raises as `probe`."""
    return tail(video)[0]


def stitched(source: Path, continuation: Iterator[Frame]) -> Iterator[Frame]:
    """The frames of ``source``, then those of ``continuation`` but for the first, which repeats the last.

    All uint8 RGB [h w 3]. Nothing of the source is given out before the continuation has begun and fits.

    Raises:
        SizesDiffer: the two have frames of different sizes.
        FileMissing, NotReadable, NotAVideo: as `probe`.
    """
    facts = probe(source)
    first = next(continuation, None)
    if first is not None and first.shape[:2] != (facts.height, facts.width):
        ours, theirs = f"{facts.width} x {facts.height}", f"{first.shape[1]} x {first.shape[0]}"
        raise SizesDiffer(param="size", source=ours, continuation=theirs)
    del first
    yield from read_frames(source)
    yield from continuation


def save(picture: Frame, out: Path, quality: int = THUMBNAIL_QUALITY) -> None:
    """Write a picture [h w 3] under a temporary name first, so that no half one is ever served. The ending
    says what it becomes: PNG, WebP, else JPEG; the first is exact.

    Raises:
        NotWritable, DiskFull: it cannot be written.
    """
    kind = {".webp": "WEBP", ".png": "PNG"}.get(out.suffix.lower(), "JPEG")
    options = {"compress_level": 1} if kind == "PNG" else {"quality": quality}
    with beside(out) as partial, file_errors(out):
        Image.fromarray(picture).save(partial, kind, **options)
        settle(partial, out, replace_existing=True, number_if_taken=False)
