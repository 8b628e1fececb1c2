"""Pictures made to hurt, each small."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *more: bytes, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", data or zlib.compress(b"\0" * 64))
    return b"".join([MAGIC, chunk(b"IHDR", head), *more, pixels, chunk(b"IEND", b"")])


def zeros(mebibytes: int) -> bytes:
    """So many MiB of zeros, packed: one block again and again, so that making them costs nothing."""
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block + block[2:] * (mebibytes - 1)


def small(form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, form, **options)
    return out.getvalue()


def looped_exif() -> bytes:
    """Directories that name themselves and each other, and a million entries."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + entry * 5000 + struct.pack("<I", 8)


def jpeg_with(segment: bytes, marker: int = 0xE1) -> bytes:
    plain = small()
    head = b"\xff" + bytes([marker]) + struct.pack(">H", len(segment) + 2) + segment
    return plain[:2] + head + plain[2:]


def resized(jpeg: bytes, frame_marker: bytes, width: int, height: int) -> bytes:
    """The same pixels under another size."""
    at = jpeg.index(frame_marker) + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def scans() -> bytes:
    """A progressive JPEG of 8000 x 5000 with a scan repeated thousands of times."""
    plain = small(progressive=True)
    at = plain.index(b"\xff\xda")
    end = plain.index(b"\xff\xda", at + 2) if b"\xff\xda" in plain[at + 2 :] else len(plain) - 2
    large = resized(plain, b"\xff\xc2", 8000, 5000)
    return large[:end] + large[at:end] * 5000 + b"\xff\xd9"


def webp_canvas(width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"VP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0]) + size
    return b"RIFF" + struct.pack("<I", 4 + len(body) + 1000) + b"WEBP" + body + bytes(1000)


def many_frames(form: str) -> bytes:
    frames = [Image.new("RGB", (640, 480), (i, i, i)) for i in range(120)]
    out = io.BytesIO()
    options = {"save_all": True, "append_images": frames[1:]} | ({"method": 0} if form == "WEBP" else {})
    frames[0].save(out, form, **options)
    return out.getvalue()


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "png that says 60000 x 60000", png(60_000, 60_000)
    yield "png of 2^31 a side", png(2**31 - 1, 2**31 - 1)
    yield "png just over 40 megapixels", png(6400, 6400, data=zeros(120))
    yield "png whose data never ends", png(64, 64, data=zeros(1500))
    yield (
        "png with a colour profile of 1.5 GB",
        png(640, 640, chunk(b"iCCP", b"x\0\0" + zeros(1500)), data=zeros(2)),
    )
    yield (
        "png with texts of 1.5 GB",
        png(640, 640, *[chunk(b"zTXt", b"x\0\0" + zeros(150))] * 10, data=zeros(2)),
    )
    yield (
        "apng of 2^31 frames",
        png(8000, 5000, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)), data=zeros(8)),
    )
    frame = struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 0, 0, 1, 1, 0, 0)
    yield "apng with frames larger than itself", png(
        64, 64, chunk(b"acTL", struct.pack(">II", 9, 0)),
        *[chunk(b"fcTL", frame)] * 100, data=zeros(1),
    )  # fmt: skip
    yield "webp canvas of 16384 x 16384", webp_canvas(16384, 16384)
    yield "webp canvas of 2^24 a side", webp_canvas(2**24, 2**24)
    yield "webp of many frames", many_frames("WEBP")
    yield "jpeg of many pictures", many_frames("MPO")
    yield "jpeg of many scans", scans()
    yield "jpeg whose exif loops", jpeg_with(b"Exif\0\0" + looped_exif())
    yield "jpeg that says 65500 x 65500", resized(small(), b"\xff\xc0", 65500, 65500)
    yield (
        "multi-picture index that loops",
        jpeg_with(b"MPF\0II*\0" + struct.pack("<IH", 8, 0xFFFF) + bytes(6000), 0xE2),
    )
