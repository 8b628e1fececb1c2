"""Small pictures of a finished video, its last frame, and two videos made one: a frame at a time, whatever
the length."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from unstill.core.durable import beside, file_errors, settle
from unstill.domain.errors import NotAVideo, SizesDiffer

# The reader's own parts: here most frames are decoded only, and turning each into RGB would cost twice that.
from unstill.media.read_video import _decoded, _kind, _only_our_errors, _open, _to_rgb, probe, read_frames

if TYPE_CHECKING:
    from unstill.core.ports import Frame

THUMBNAIL_SIDE = 512
THUMBNAIL_QUALITY = 85
SHEET_QUALITY = 80
DARK = 24
"""A frame whose mean is below this, of 255, shows too little."""
MOST_LOOKED_AT = 48
"""Frames that are looked at for a bright one before the brightest so far is taken."""


def thumbnail(video: Path, out: Path, side: int = THUMBNAIL_SIDE) -> None:
    """Write a frame from about the middle that is not dark, its longer side at most ``side`` pixels.

    ``out`` ends in .jpg or .webp. A file there is replaced, at once and whole.

    Raises:
        FileMissing, NotReadable, NotAVideo: there is no video to be had.
        NotWritable, DiskFull: the picture cannot be written.
    """
    best, light = None, -1.0
    for frame in itertools.islice(_from_the_middle(video), MOST_LOOKED_AT):
        mean = float(frame.mean())
        if mean > light:
            best, light = frame, mean
        if mean >= DARK:
            break
    if best is None:
        raise NotAVideo(path=video)
    height, width = best.shape[:2]
    scale = min(1.0, side / max(width, height))
    _save(_scaled(best, round(width * scale), round(height * scale)), out, THUMBNAIL_QUALITY)


def sprite_sheet(video: Path, out: Path, columns: int = 5, rows: int = 5, width: int = 160) -> None:
    """Write a grid of frames, evenly spaced from first to last, row by row; ``out`` as in `thumbnail`.

    Each cell is ``width`` pixels wide and as tall as the video's shape asks. A video with fewer frames than
    cells shows some of them twice.

    Raises as `thumbnail`.
    """
    facts = probe(video)
    tall = max(1, round(width * facts.height / facts.width))
    step = (facts.num_frames - 1) / max(1, columns * rows - 1)
    wanted = [round(cell * step) for cell in range(columns * rows)]
    sheet = np.zeros((rows * tall, columns * width, 3), np.uint8)
    filled, small = 0, None
    for number, small in _picked(video, set(wanted), width, tall):
        while filled < len(wanted) and wanted[filled] <= number:
            _cell(sheet, filled, small, columns)[...] = small
            filled += 1
    if small is None:
        raise NotAVideo(path=video)
    for rest in range(filled, len(wanted)):  # the header promised more frames than there are
        _cell(sheet, rest, small, columns)[...] = small
    _save(sheet, out, SHEET_QUALITY)


def last_frame(video: Path) -> Frame:
    """The very last frame, uint8 RGB [h w 3]: where a continuation starts. Raises as `probe`."""
    last = None
    with _only_our_errors(video):
        kind = _kind(video)
        for last in read_frames(video) if kind == "webp" else _decoded(video, kind):  # noqa: B007 the last is meant
            pass
    if last is None:
        raise NotAVideo(path=video)
    return last if isinstance(last, np.ndarray) else _to_rgb(last, VideoReformatter())


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


def _from_the_middle(video: Path) -> Iterator[Frame]:
    """Frames [h w 3] from about the middle on, then from the start."""
    with _only_our_errors(video):
        kind = _kind(video)
        if kind not in ("mp4", "webm"):  # small formats without an index to seek by
            middle = probe(video).num_frames // 2
            yield from itertools.islice(read_frames(video), middle, None)
        else:
            with _open(video, kind) as container:
                if container.streams.video and container.duration:
                    container.seek(container.duration // 2)  # the key frame before it
                    reformatter = VideoReformatter()
                    yield from (_to_rgb(f, reformatter) for f in container.decode(video=0))
        yield from read_frames(video)


def _picked(video: Path, wanted: set[int], width: int, height: int) -> Iterator[tuple[int, Frame]]:
    """The frames with these numbers, each with its number, scaled to [height width 3]."""
    with _only_our_errors(video):
        kind = _kind(video)
        if kind == "webp":
            for number, picture in enumerate(read_frames(video)):
                if number in wanted:
                    yield number, _scaled(picture, width, height)
            return
        reformatter = VideoReformatter()
        for number, frame in enumerate(_decoded(video, kind)):
            if number in wanted:
                yield number, _scaled(_smaller(frame, reformatter, width, height), width, height)


def _smaller(frame: Any, reformatter: VideoReformatter, width: int, height: int) -> Frame:
    """A decoded frame in RGB, scaled before the conversion where that is possible: a third of the work."""
    if not frame.format.name.startswith("yuv") or width >= frame.width:
        return _to_rgb(frame, reformatter)
    small = reformatter.reformat(frame, width, height, "yuv444p", interpolation=Interpolation.AREA)
    small.colorspace, small.color_range = frame.colorspace, frame.color_range
    return _to_rgb(small, reformatter)


def _cell(sheet: Frame, number: int, picture: Frame, columns: int) -> Frame:
    """The part of the sheet [h w 3] that belongs to one frame."""
    tall, wide = picture.shape[:2]
    top, left = number // columns * tall, number % columns * wide
    return sheet[top : top + tall, left : left + wide]


def _scaled(frame: Frame, width: int, height: int) -> Frame:
    size = (max(1, width), max(1, height))
    if size == frame.shape[1::-1]:
        return frame
    smaller: Frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return smaller


def _save(picture: Frame, out: Path, quality: int) -> None:
    """Under a temporary name first, so that no half picture is ever served."""
    kind = "WEBP" if out.suffix.lower() == ".webp" else "JPEG"
    with beside(out) as partial, file_errors(out):
        Image.fromarray(picture).save(partial, kind, quality=quality)
        settle(partial, out, replace_existing=True, number_if_taken=False)
