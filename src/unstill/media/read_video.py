"""Reads video files: facts, metadata, frames, a poster. Nothing here trusts a file.

The container is told from the first bytes and named to FFmpeg, so that no file can pose as a playlist and
make it open others.
"""

from __future__ import annotations

import contextlib
import io
import stat
import struct
from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from unstill.core.durable import why
from unstill.core.metadata import KEY, LABEL_KEY
from unstill.domain.errors import FileMissing, NotAVideo, NotReadable, UnstillError
from unstill.media import xmp
from unstill.media.sink import local

if TYPE_CHECKING:
    from unstill.core.ports import Frame

MOST_PIXELS = 8192 * 8192
"""Pixels a frame may have; more is refused before memory is taken for it."""
POSTER_QUALITY = 88
DEMUXERS = {"mp4": "mov", "webm": "matroska", "gif": "gif"}
_OURS = {name.lower(): name for name in (KEY, LABEL_KEY)}
"""Matroska writes tag names in capitals."""


@dataclass(frozen=True)
class VideoFacts:
    """What a file says about its video. ``container`` is "mp4", "webm", "gif" or "webp"."""

    width: int
    height: int
    num_frames: int
    fps: float
    """Frames per second, on average."""
    seconds: float
    codec: str
    container: str


def probe(path: Path) -> VideoFacts:
    """The facts of a video, from its headers.

    Raises:
        FileMissing, NotReadable: there is no such file, or it cannot be read.
        NotAVideo: it is none of the four containers, has no moving picture, or is damaged.
    """
    with only_our_errors(path):
        kind = kind_of(path)
        return _probe_webp(path) if kind == "webp" else _probe_av(path, kind)


def read_metadata(path: Path) -> dict[str, str]:
    """Our entries in a file, named as `core.metadata` names them; empty without any. Raises as `probe`."""
    with only_our_errors(path):
        kind = kind_of(path)
        if kind == "gif":
            found = xmp.entries(xmp.find_in_gif(path))
        elif kind == "webp":
            found = xmp.entries(xmp.find_in_webp(path))
        else:
            with opened(path, kind) as container:
                found = dict(container.metadata)
    return {_OURS[name.lower()]: value for name, value in found.items() if name.lower() in _OURS}


def read_frames(path: Path) -> Iterator[Frame]:
    """Every frame in turn, uint8 RGB [h w 3], by the file's own matrix and range. Raises as `stills`."""
    with only_our_errors(path), contextlib.closing(stills(path)) as found:
        for still in found:
            yield still.rgb()


def poster(source: Path | Frame, out: Path) -> None:
    """Write a JPEG of a frame [h w 3], or of a file's first one. Raises as `probe`; OSError for ``out``."""
    if isinstance(source, Path):
        frame = next(read_frames(source), None)
        if frame is None:
            raise NotAVideo(path=source)
    else:
        frame = source
    Image.fromarray(frame).save(out, "JPEG", quality=POSTER_QUALITY, optimize=True)


Scalers = defaultdict[tuple[str, tuple[int, int] | None], VideoReformatter]
"""By what is done: one that is given another task has to prepare anew, which takes longer than the task."""


class Still:
    """A decoded frame, `av.VideoFrame` or array [h w 3], turned into RGB when it is asked for."""

    def __init__(self, frame: Any, scalers: Scalers) -> None:
        self._frame, self._scalers = frame, scalers

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        if isinstance(self._frame, np.ndarray):
            return self._frame.shape[1], self._frame.shape[0]
        return self._frame.width, self._frame.height

    def rgb(self, size: tuple[int, int] | None = None) -> Frame:
        """uint8 RGB [h w 3] by the file's own matrix and range; scaled down to ``size``, width and height."""
        frame = self._frame
        if not isinstance(frame, np.ndarray):
            if size and frame.format.name.startswith("yuv") and size[0] < frame.width:
                frame = self._smaller(frame, size)
            frame = _to_rgb(frame, self._scalers["rgb", size])
        return scaled(frame, size) if size else frame

    def _smaller(self, frame: Any, size: tuple[int, int]) -> Any:
        """Scaled before the conversion: a third of the work."""
        scaler = self._scalers["small", size]
        small = scaler.reformat(frame, *size, "yuv444p", interpolation=Interpolation.AREA)
        small.colorspace, small.color_range = frame.colorspace, frame.color_range
        return small


def stills(path: Path, *, strict: bool = False) -> Generator[Still]:
    """Every frame in turn, decoded only: turning all into RGB would cost twice that.

    ``strict`` stops at the first damaged block instead of hiding it as a player would. Raises as `probe`;
    frames whose size changes make it no video.
    """
    with only_our_errors(path):
        kind, scalers = kind_of(path), Scalers(VideoReformatter)
        if kind == "webp":
            with _open_webp(path) as picture:
                for number in range(picture.n_frames):
                    picture.seek(number)
                    yield Still(np.asarray(picture.convert("RGB")), scalers)
            return
        for frame in _decoded(path, kind, strict=strict):
            yield Still(frame, scalers)


def count_frames(path: Path) -> int:
    """Decode the whole file and count. Raises as `stills`."""
    return sum(1 for _ in stills(path))


def scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame [h w 3] scaled by area to ``size``, width and height."""
    if size == frame.shape[1::-1]:
        return frame
    smaller: Frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return smaller


def kind_of(path: Path) -> str:
    """The container, from the first bytes."""
    _refuse_devices(path)
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    raise NotAVideo(path=path)


def _refuse_devices(path: Path) -> None:
    """Opening a pipe waits for its writer, and opening a device can do things."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise NotReadable(path=path, reason="it is not a regular file", reason_zh="它不是普通文件")


_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Before version 19 PyAV has to be told not to stumble over tags that are not UTF-8."""


def opened(path: Path, kind: str) -> Any:
    """An `av.container.InputContainer`."""
    return av.open(
        local(path),
        format=DEMUXERS[kind],
        options={"max_pixels": str(MOST_PIXELS)},
        **_LENIENT,
    )


def _decoded(path: Path, kind: str, *, strict: bool = False) -> Iterator[Any]:
    """Decoded `av.VideoFrame`s of the first video stream."""
    with opened(path, kind) as container:
        if not container.streams.video:
            raise NotAVideo(path=path)
        stream = container.streams.video[0]
        context, size = stream.codec_context, (stream.width, stream.height)
        context.thread_type = "AUTO"
        context.options = {"max_pixels": str(MOST_PIXELS), **({"err_detect": "explode"} if strict else {})}
        for frame in container.decode(stream):
            if (frame.width, frame.height) != size or (strict and frame.is_corrupt):
                raise NotAVideo(path=path)
            yield frame


def _probe_av(path: Path, kind: str) -> VideoFacts:
    with opened(path, kind) as container:
        if not container.streams.video or container.duration is None:
            raise NotAVideo(path=path)
        stream = container.streams.video[0]
        seconds = container.duration / av.time_base
        count = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        if seconds <= 0 or count <= 0 or not 0 < stream.width * stream.height <= MOST_PIXELS:
            raise NotAVideo(path=path)
        rate = float(stream.average_rate) if kind != "gif" and stream.average_rate else count / seconds
        codec = stream.codec_context.codec.canonical_name  # "av1" where the decoder is called libdav1d
        return VideoFacts(stream.width, stream.height, count, rate, seconds, codec, kind)


def _probe_webp(path: Path) -> VideoFacts:
    """From the VP8X and ANMF chunks (RFC 9649): canvas, and a 24-bit duration in ms for each frame."""
    size, count, milliseconds = (0, 0), 0, 0
    with path.open("rb") as file:
        for chunk in xmp.riff_chunks(file):
            file.seek(chunk.offset)
            if chunk.name == b"VP8X" and chunk.size >= 10:
                content = file.read(10) + b"\0"
                width, height = (struct.unpack("<I", content[at : at + 3] + b"\0")[0] + 1 for at in (4, 7))
                size = (width, height)
            elif chunk.name == b"ANMF" and chunk.size >= 16:
                content = file.read(16)
                count, milliseconds = count + 1, milliseconds + struct.unpack("<I", content[12:15] + b"\0")[0]
    if not (count and milliseconds and 0 < size[0] * size[1] <= MOST_PIXELS):
        raise NotAVideo(path=path)
    seconds = milliseconds / 1000
    return VideoFacts(*size, count, count / seconds, seconds, "webp", "webp")


@contextlib.contextmanager
def _open_webp(path: Path) -> Iterator[Any]:
    """A `PIL.Image.Image` of an animated WebP whose size is known to be bearable."""
    _probe_webp(path)
    with Image.open(io.BytesIO(path.read_bytes()), formats=("WEBP",)) as picture:
        yield picture


def _to_rgb(frame: Any, reformatter: Any) -> Frame:
    """One decoded frame as RGB. Untagged YUV is BT.601, as FFmpeg takes it."""
    matrix = "ITU709" if int(frame.colorspace) == 1 else "ITU601"
    best = Interpolation.BILINEAR | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
    yuv = {"src_colorspace": matrix, "interpolation": best} if frame.format.name.startswith("yuv") else {}
    pixels: Frame = reformatter.reformat(frame, format="rgb24", dst_color_range="JPEG", **yuv).to_ndarray()
    return pixels


@contextlib.contextmanager
def only_our_errors(path: Path) -> Iterator[None]:
    """Whatever a hostile file makes a parser raise, the caller sees one of ours."""
    try:
        yield
    except UnstillError:
        raise
    except FileNotFoundError:
        raise FileMissing(path=path) from None
    except OSError as error:
        if isinstance(error, av.FFmpegError) or error.errno is None:  # Pillow's own have no errno
            raise NotAVideo(path=path) from error
        raise NotReadable(path=path, **why(error)) from error
    except Exception as error:  # the edge of trust: no parser's error is worth a crash
        raise NotAVideo(path=path) from error
