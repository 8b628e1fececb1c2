"""The decoding child: ``python -m unstill.decode ORDERS``, started by `adapters.picture_child`.

It reads one job a line and answers with one line; see `adapters.picture_child.child` for the other end.
Before it reads the first it has given up network, memory beyond its share and other processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
import traceback
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from unstill.adapters.picture_child import jail
from unstill.core.durable import beside, file_errors, settle
from unstill.core.metadata import read_settings
from unstill.domain.errors import (
    FormatNotAccepted,
    NotAVideo,
    SideOutOfRange,
    TooManyBytes,
    UnstillError,
)
from unstill.domain.service_errors import PictureTooHeavy, VideoTooLong

if TYPE_CHECKING:
    from unstill.core.ports import Frame
    from unstill.media.read_video import VideoFacts

CODECS = ("h264", "vp9", "av1", "gif", "webp")
STRIP_BYTES = 2**20
NAME = "the picture"
"""Stands in errors until the other end puts the person's own name there."""
Order = Mapping[str, Any]
Job = Callable[[Order], Mapping[str, Any]]


class Decoder:
    """The jobs, under the limits of ``orders``."""

    def __init__(self, orders: Order) -> None:
        from unstill.media.picture import Limits, SafePictureDoor

        self._orders = orders
        self._door = SafePictureDoor(
            Limits(
                max_bytes=orders["max_bytes"], max_pixels=orders["max_pixels"], max_side=orders["max_side"]
            )
        )
        self.jobs: dict[str, Job] = {
            "picture": self.picture,
            "video": self.video,
            "last_frame": self.last_frame,
        }

    def picture(self, order: Order) -> Mapping[str, Any]:
        picture = self._door.open(Path(order["raw"]), order["background"])
        kept = keep(picture.pixels, Path(order["target"]))
        return {**kept, "notes": [note.to_json() for note in picture.notes]}

    def video(self, order: Order) -> Mapping[str, Any]:
        from unstill.media.read_video import read_frames, read_metadata

        raw = Path(order["raw"])
        facts = self._facts(raw)
        if order["target"]:
            first = next(read_frames(raw), None)
            if first is None:
                raise NotAVideo(path=NAME)
            keep(first, Path(order["target"]))
        return {**vars(facts), "settings": read_settings(read_metadata(raw))}

    def last_frame(self, order: Order) -> Mapping[str, Any]:
        from unstill.media.read_video import read_frames

        raw = Path(order["raw"])
        self._facts(raw)
        last = deque(read_frames(raw), maxlen=1)
        if not last:
            raise NotAVideo(path=NAME)
        return keep(last[0], Path(order["target"]))

    def _facts(self, raw: Path) -> VideoFacts:
        """What the headers say, if that is within the limits."""
        from unstill.media.read_video import probe

        size, most = raw.stat().st_size, self._orders["video_bytes"]
        if size > most:
            raise TooManyBytes(name=NAME, mebibytes=f"{size / 2**20:.1f}", limit=most // 2**20)
        facts, side, limit = probe(raw), self._orders["video_side"], self._orders["video_s"]
        if not (1 <= facts.width <= side and 1 <= facts.height <= side):
            raise SideOutOfRange(name=NAME, width=facts.width, height=facts.height, low=1, high=side)
        if facts.seconds > limit:
            raise VideoTooLong(name=NAME, seconds=f"{facts.seconds:.1f}", limit=f"{limit:g}")
        if facts.codec not in CODECS:
            raise FormatNotAccepted(name=NAME, format=facts.codec, accepted="H.264, VP9, AV1, GIF, WebP")
        return facts


def keep(pixels: Frame, target: Path) -> dict[str, Any]:
    """Write pixels [h w 3] as PNG, on disk when this returns; width, height, sha256 of the file."""
    with beside(target) as partial:
        with file_errors(target):
            handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "wb") as file:
                digest = write_png(pixels, file)
        settle(partial, target, replace_existing=True, number_if_taken=False)
    return {"width": int(pixels.shape[1]), "height": int(pixels.shape[0]), "sha256": digest}


def write_png(pixels: Frame, file: BinaryIO) -> str:
    """PNG of uint8 RGB [h w 3], strip by strip; the sha256 of what was written.

    Filter Sub and run lengths only (PNG 1.2, sections 6.3 and 9; zlib's Z_RLE): 40 megapixels of photo take
    1.8 CPU s, where Pillow takes 5.2 for a file 13 % larger.
    """
    import numpy as np

    height, width = pixels.shape[:2]
    digest = hashlib.sha256()

    def put(content: bytes) -> None:
        digest.update(content)
        file.write(content)

    put(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    rows = max(1, STRIP_BYTES // (3 * width))
    for top in range(0, height, rows):
        strip = np.ascontiguousarray(pixels[top : top + rows]).reshape(-1, 3 * width)
        lines = np.ones((len(strip), 1 + 3 * width), np.uint8)  # 1 names the filter Sub
        lines[:, 1:4] = strip[:, :3]
        np.subtract(strip[:, 3:], strip[:, :-3], out=lines[:, 4:])
        if packed := packer.compress(lines.data):
            put(_chunk(b"IDAT", packed))
    put(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))
    return digest.hexdigest()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def answer(job: Job, order: Order) -> dict[str, Any]:
    """One job's reply. Whatever a decoder raises is the other end's to judge."""
    jail.cpu_alarm(float(order["cpu_s"]))
    try:
        return {"done": job(order)}
    except MemoryError:
        return _failure(PictureTooHeavy(name=NAME))
    except UnstillError as error:
        return _failure(PictureTooHeavy(name=NAME) if isinstance(error.__cause__, MemoryError) else error)
    except Exception:
        return {"failed": traceback.format_exc()[-2000:]}
    finally:
        jail.cpu_alarm(0)


def _failure(error: UnstillError) -> dict[str, Any]:
    return {"error": {"code": error.code, "param": error.param, "facts": error.facts}}


def serve(jobs: Callable[[Order], Mapping[str, Job]], orders: Order) -> None:
    """Take jobs until the pipe ends. Nothing else may write on it, so both ends get other numbers."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0), os.dup2(nothing, 1)

    def say(reply: Mapping[str, Any]) -> None:
        sink.write(json.dumps(reply, default=str).encode() + b"\n")
        sink.flush()

    jail.die_with_parent(int(orders["parent"]))
    jail.limit(orders["memory_bytes"], orders["lifetime_cpu_s"], orders["file_bytes"])
    known = jobs(orders)
    say({"open": jail.close_network()})
    for line in source:
        order = json.loads(line)
        say(answer(known[order["job"]], order))


def main() -> None:
    serve(lambda orders: Decoder(orders).jobs, json.loads(sys.argv[1]))


if __name__ == "__main__":
    main()
