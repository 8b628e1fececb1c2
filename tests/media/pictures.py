"""Pictures for tests, built byte by byte where Pillow could not write them or would be its own judge."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def noise(height: int, width: int, channels: int = 3, seed: int = 7) -> np.ndarray:
    """uint8 [height width channels], every value equally likely."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    """uint8 [height width 3]: slow gradients, which lossy formats keep to a level or two."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack(
        [40 + 150 * x / width, 30 + 180 * y / height, 200 - 120 * (x + y) / (width + height)], -1
    ).astype(np.uint8)


def quadrants(height: int, width: int) -> np.ndarray:
    """uint8 [height width 3]: red, green over blue, yellow, so that any turn shows."""
    out = np.empty((height, width, 3), np.uint8)
    out[: height // 2, : width // 2] = (220, 30, 30)
    out[: height // 2, width // 2 :] = (30, 200, 40)
    out[height // 2 :, : width // 2] = (30, 40, 210)
    out[height // 2 :, width // 2 :] = (230, 220, 40)
    return out


# --- PNG ---------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def ihdr(width: int, height: int, depth: int = 8, colour: int = RGB, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def _packed(samples: np.ndarray, depth: int) -> bytes:
    """Scanlines with filter 0. ``samples`` [h w c]."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        raw = rows.astype(">u2").view(np.uint8).reshape(rows.shape[0], -1)
    elif depth == 8:
        raw = rows.astype(np.uint8)
    else:
        bits = (rows[:, :, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
        raw = np.packbits(bits.reshape(rows.shape[0], -1), axis=1)
    return np.insert(raw, 0, 0, axis=1).tobytes()


def png(
    samples: np.ndarray, depth: int = 8, colour: int = RGB, *, before: Iterable[bytes] = (),
    after: Iterable[bytes] = (), interlaced: bool = False, pieces: int = 1,
) -> bytes:  # fmt: skip
    """A PNG of ``samples`` [h w c] or [h w]; ``before`` and ``after`` are whole chunks around the pixels."""
    samples = samples.reshape(samples.shape[0], samples.shape[1], CHANNELS[colour])
    height, width = samples.shape[:2]
    if interlaced:
        parts = (samples[y::dy, x::dx] for x, y, dx, dy in _ADAM7)
        raw = b"".join(_packed(part, depth) for part in parts if part.size)
    else:
        raw = _packed(samples, depth)
    packed = zlib.compress(raw, 6)
    step = -(-len(packed) // pieces)
    data = [chunk(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    head = ihdr(width, height, depth, colour, int(interlaced))
    return b"".join([PNG_MAGIC, head, *before, *data, *after, chunk(b"IEND", b"")])


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that says it is ``width`` x ``height`` and has hardly any pixels."""
    return b"".join(
        [PNG_MAGIC, ihdr(width, height), chunk(b"IDAT", zlib.compress(b"\0" * 64)), chunk(b"IEND", b"")]
    )


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"test\0\0" + zlib.compress(profile))


# --- through Pillow ----------------------------------------------------------------------------------------


def encoded(picture: np.ndarray | Image.Image, form: str, **options: Any) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    """An EXIF block with one entry."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    value = struct.pack(
        order + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,))
    )
    entry = struct.pack(order + "HHI", 0x0112, kind, 1) + value
    return head + struct.pack(order + "H", 1) + entry + struct.pack(order + "I", 0)


def jpeg_with_exif(picture: np.ndarray, block: bytes) -> bytes:
    """A JPEG with the EXIF block put in by hand, since Pillow would mend a broken one."""
    plain = encoded(picture, "JPEG", quality=95, subsampling=0)
    body = b"Exif\0\0" + block
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]


# --- ICC profiles (ICC.1:2001-04) --------------------------------------------------------------------------

SRGB_COLUMNS = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
"""X, Y, Z of sRGB's red, green and blue, adapted to D50."""


def _s15f16(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + _s15f16(*values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ", kind: bytes = b"mntr") -> bytes:
    described = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79
    white = _xyz((0.9642, 1.0, 0.8249))
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": white, **tags}
    table, bodies, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    head = struct.pack(">I4sI4s4s4s", at + len(bodies), b"none", 0x02400000, kind, space, pcs)
    head += struct.pack(">6H4s4sI4s", 2001, 1, 1, 0, 0, 0, b"acsp", b"\0" * 4, 0, b"none") + b"\0" * 16
    head += _s15f16(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def rgb_profile(gamma: float = 2.2, columns: Sequence[Sequence[float]] = SRGB_COLUMNS) -> bytes:
    names = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
    tags = {name: _xyz(column) for name, column in zip(names[0], columns, strict=True)}
    return profile(b"RGB ", tags | {name: _gamma(gamma) for name in names[1]})


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": _gamma(gamma)})


def black_only_cmyk_profile() -> bytes:
    """CMYK whose L* is 100 (1 - K) and whose C, M and Y print nothing: a lut8 with two grid points an ink."""
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _s15f16(1, 0, 0, 0, 1, 0, 0, 0, 1)
    grid = b"".join(bytes([0 if corner & 1 else 255, 128, 128]) for corner in range(16))  # K turns fastest
    table = head + bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    return profile(b"CMYK", {b"A2B0": table, b"A2B1": table}, pcs=b"Lab ", kind=b"prtr")


def srgb_encode(linear: np.ndarray) -> np.ndarray:
    """Linear light 0..1 to sRGB values 0..255 (IEC 61966-2-1)."""
    low = linear <= 0.0031308
    return 255 * np.where(low, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


# --- HEIC (ISO/IEC 23008-12), its pixels by x265 through PyAV ----------------------------------------------


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _hevc(picture: np.ndarray) -> tuple[bytes, bytes]:
    """(decoder configuration, one coded frame), full-range JFIF YCbCr 4:2:0."""
    import av

    planes = np.asarray(Image.fromarray(picture).convert("YCbCr"))
    half = planes[::2, ::2]
    flat = np.concatenate([planes[..., 0].ravel(), half[..., 1].ravel(), half[..., 2].ravel()])
    height, width = picture.shape[:2]
    coder = av.CodecContext.create("libx265", "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = width, height, "yuv420p", Fraction(1)
    coder.options = {"crf": "1", "x265-params": "log-level=none:range=full:pools=none:frame-threads=1:info=0"}
    frame = av.VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")
    stream = b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]
    sets = {kind: unit for unit in units if (kind := unit[0] >> 1) in (32, 33, 34)}
    config = bytes.fromhex("01 01 60000000 900000000000 3c f000 fc fd f8 f8 0000 0f 03")
    for kind, unit in sets.items():
        config += bytes([0x80 | kind]) + struct.pack(">HH", 1, len(unit)) + unit
    return config, b"".join(struct.pack(">I", len(u)) + u for u in units if u[0] >> 1 < 32)


def heic(
    picture: np.ndarray, quarter_turns: int = 0, brand: bytes = b"heic", item_exif: bytes = b""
) -> bytes:
    """A still of ``picture`` (even sides), turned anticlockwise by the container when shown."""
    config, sample = _hevc(picture)
    height, width = picture.shape[:2]
    items = [(b"hvc1", sample)] + ([(b"Exif", b"\0\0\0\0" + item_exif)] if item_exif else [])
    infos = [
        _box(b"infe", b"\2\0\0\0" + struct.pack(">HH4s", i + 1, 0, k) + b"\0")
        for i, (k, _) in enumerate(items)
    ]
    colour = _box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))
    ispe = _box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    ipco = _box(b"ipco", _box(b"hvcC", config), ispe, colour, _box(b"irot", bytes([quarter_turns])))
    ipma = _box(b"ipma", bytes(4) + struct.pack(">IHB", 1, 1, 4) + bytes([0x81, 2, 3, 0x84]))
    refs = _box(b"iref", bytes(4) + _box(b"cdsc", struct.pack(">HHH", 2, 1, 1))) if item_exif else b""

    def meta(start: int) -> bytes:
        places, at = b"", start
        for number, (_, body) in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(body))
            at += len(body)
        return _box(
            b"meta", bytes(4), _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
            _box(b"pitm", bytes(4) + b"\0\1"),
            _box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", len(items)) + places),
            _box(b"iinf", bytes(4) + struct.pack(">H", len(items)), *infos), refs, _box(b"iprp", ipco, ipma),
        )  # fmt: skip

    head = _box(b"ftyp", brand + bytes(4) + b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", *(body for _, body in items))
