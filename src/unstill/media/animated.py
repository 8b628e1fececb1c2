"""Writes animated pictures, GIF and WebP, holding one frame at a time."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np
from PIL import Image, features

from unstill.core.ports import silent
from unstill.domain.errors import BadOutput
from unstill.media.palette import SAMPLES, Painter, choose, sample
from unstill.media.sink import FrameSink, video_frame
from unstill.media.timing import GIF, WEBP
from unstill.media.xmp import GifWithPacket, packet

if TYPE_CHECKING:
    from pathlib import Path

    from unstill.core.plan import Plan
    from unstill.core.ports import Frame, Tick

SPOOL_CODEC = "magicyuv"
"""Lossless RGB at 22 CPU ms a frame of 1024 x 1024, written and read; FFV1 takes 160 ms to save a third."""
GIF_CODECS = ("gif", SPOOL_CODEC)
BUFFER_BYTES = 1 << 20
WEBP_QUALITY, WEBP_EFFORT = 80, 2
"""Effort 2: 47 CPU ms a frame of 1024 x 1024; 4 takes 105 ms and saves 6 %."""
ANIMATED, HAS_XMP = 0x02, 0x04
"""Flags of the VP8X chunk (RFC 9649, section 2.7.1)."""


def webp_available() -> bool:
    """Whether this Pillow can write WebP."""
    return bool(features.check("webp"))


class GifSink(FrameSink):
    """GIF with one palette for the whole clip.

    A palette needs to have seen every frame, so the frames wait, losslessly packed, in a nameless temporary
    file beside the target, which the system removes whatever happens to this process.
    """

    def __init__(self, path: Path, plan: Plan, metadata: Mapping[str, str], tick: Tick = silent) -> None:
        super().__init__(path, plan, metadata)
        self._tick = tick

    def _open(self) -> None:
        self._spool: Any = None
        self._container: Any = None
        self._out: BinaryIO = self._path.open("wb")
        self._file = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115 - open from frame to frame
        self._spool = av.open(self._file, "w", format="nut", buffer_size=BUFFER_BYTES)
        stream = self._spool.add_stream(SPOOL_CODEC, rate=self._plan.fps)
        stream.width, stream.height, stream.pix_fmt = self._plan.width, self._plan.height, "gbrp"
        self._stream = stream
        self._samples: list[Frame] = []

    def _put(self, frame: Frame) -> None:
        if not GIF.keeps(self._written, self._plan.fps):
            return
        shown = len(self._samples)
        most = max(1, SAMPLES // GIF.shown(self._plan.num_frames, self._plan.fps))
        self._samples.append(sample(frame, most, shown))
        packed = video_frame(frame, shown, Fraction(1, self._plan.fps))
        self._spool.mux(self._stream.encode(packed))

    def _finish(self) -> None:
        self._spool.mux(self._stream.encode(None))
        self._spool.close()
        painter = Painter(choose(np.concatenate(self._samples)), self._plan.height, self._plan.width)
        self._container = av.open(
            GifWithPacket(self._out, packet(self._metadata)),
            "w",
            format="gif",
            container_options={"loop": "0"},
            buffer_size=BUFFER_BYTES,
        )
        stream = self._container.add_stream("gif", rate=self._plan.fps)
        stream.width, stream.height, stream.pix_fmt = self._plan.width, self._plan.height, "pal8"
        stream.time_base = Fraction(1, GIF.ticks_per_s)
        for shown, frame in enumerate(self._spooled()):
            self._tick("encode", shown, len(self._samples))
            self._mux(stream.encode(painter.paint(frame)), shown)
        self._container.close()
        self._file.close()
        self._out.close()

    def _mux(self, packets: list[Any], shown: int) -> None:
        """The GIF encoder gives each frame back at once; its packet gets our time."""
        for coded in packets:
            coded.time_base = Fraction(1, GIF.ticks_per_s)
            coded.pts = coded.dts = GIF.start(shown, self._plan.fps)
            coded.duration = GIF.delay(shown, self._plan.num_frames, self._plan.fps)
            self._container.mux(coded)

    def _spooled(self) -> Iterator[Frame]:
        self._file.seek(0)
        container: Any = av.open(self._file, "r", format="nut", buffer_size=BUFFER_BYTES)
        with container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")

    def _abandon(self) -> None:
        self._out.close()
        self._file.close()


class WebpSink(FrameSink):
    """Animated WebP: one lossy picture a frame, written as it comes (RFC 9649, section 2.7.1).

    libwebp's own animation encoder keeps the whole file in memory and takes 75 instead of 47 CPU ms a frame
    to look for parts that stand still; where a camera moves there are none.
    """

    def _open(self) -> None:
        self._file: BinaryIO = self._path.open("wb")
        width, height = self._plan.width, self._plan.height
        canvas = struct.pack("<I", ANIMATED | HAS_XMP) + _three(width - 1) + _three(height - 1)
        black_forever = struct.pack("<IH", 0xFF000000, 0)
        self._file.write(b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", canvas) + _chunk(b"ANIM", black_forever))
        self._shown = 0

    def _put(self, frame: Frame) -> None:
        plan = self._plan
        if not WEBP.keeps(self._written, plan.fps):
            return
        place = _three(0) + _three(0) + _three(plan.width - 1) + _three(plan.height - 1)
        delay = WEBP.delay(self._shown, plan.num_frames, plan.fps)
        over_everything = b"\x02"  # no blending, no disposal
        self._file.write(_chunk(b"ANMF", place + _three(delay) + over_everything + _still(frame)))
        self._shown += 1

    def _finish(self) -> None:
        self._file.write(_chunk(b"XMP ", packet(self._metadata)))
        size = self._file.tell() - 8
        if size >= 1 << 32:
            raise BadOutput(
                problem="it is over 4 GiB, more than WebP can hold", problem_zh="超过 WebP 的 4 GiB 上限"
            )
        self._file.seek(4)
        self._file.write(struct.pack("<I", size))
        self._file.close()

    def _abandon(self) -> None:
        self._file.close()


def _still(frame: Frame) -> bytes:
    """One frame as the bitstream chunk of a lossy WebP, without the file around it."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
    return file.getvalue()[12:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)


def _three(number: int) -> bytes:
    """24 bits, little end first."""
    return struct.pack("<I", number)[:3]
