"""What kind of file the bytes are, and its header: size, orientation, profile. No pixels are decoded here.

The first bytes decide which one decoder may see a file. Pillow's own guessing is not used, and its plug-in
classes are called directly: nothing is registered, no global limit is set and none applies.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from unstill.domain.errors import (
    DamagedPicture,
    FormatNotAccepted,
    HeifNotInstalled,
    NotAPicture,
)
from unstill.domain.notes import Note, note
from unstill.media.picture_exif import exif_orientation
from unstill.media.picture_kinds import kind_of
from unstill.media.picture_limits import Limits

MAX_SCANS = 100
"""Scans in one JPEG. Cameras and optimisers write at most about 20; each costs a pass over all pixels, so
thousands of empty ones are a bomb ("Two Issues with the JPEG Standard", libjpeg-turbo project)."""
MAX_PROFILE_BYTES = 8 * 2**20
"""Largest unpacked colour profile of a PNG; a larger one is ignored."""


@dataclass(frozen=True)
class Header:
    """A picture known but not decoded."""

    name: str
    format: str
    size: tuple[int, int]
    """(width, height) as stored, before the orientation is applied."""
    decode: Callable[[], Image.Image]
    """Decodes the pixels; raises whatever Pillow raises."""
    icc: bytes | None = None
    orientation: int = 1
    """EXIF orientation, 1 to 8."""
    key: tuple[int, ...] | None = None
    """The one fully transparent colour, in the values of the decoded mode."""
    notes: tuple[Note, ...] = ()

    @property
    def upright(self) -> tuple[int, int]:
        width, height = self.size
        return (height, width) if self.orientation >= 5 else (width, height)


class HeifPicture(Protocol):
    """The part of ``pi_heif.HeifFile`` that is used."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def info(self) -> dict[str, Any]: ...

    def to_pillow(self) -> Image.Image: ...


HeifReader = Callable[[BytesIO], HeifPicture]


def installed_heif() -> HeifReader | None:
    """pi_heif's reader where the package is installed. Nothing is registered with Pillow."""
    if importlib.util.find_spec("pi_heif") is None:
        return None
    reader: HeifReader = importlib.import_module("pi_heif").HeifFile
    return reader


def read_header(data: bytes, name: str, limits: Limits, heif: Callable[[], HeifReader | None]) -> Header:
    """Recognise a file and read its header.

    Raises:
        NotAPicture, FormatNotAccepted, HeifNotInstalled: by the first bytes.
        TooManyPixels, SideOutOfRange: by the header, before anything is decoded.
        DamagedPicture: the header is broken. Whatever else a decoder raises passes through.
    """
    kind = kind_of(data)
    if kind is None:
        raise NotAPicture(name=name)
    if kind == "HEIC":
        reader = heif()
        if reader is None:
            raise HeifNotInstalled(name=name)
        header = _heif(data, name, reader)
    elif kind in _READERS:
        if kind == "WebP" and (canvas := _webp_canvas(data)):
            limits.check_size(canvas, name)  # here already: its decoder sets memory aside when it is made
        header = _READERS[kind](data, name)
    else:
        accepted = [*_READERS, *(["HEIC"] if heif() else [])]
        raise FormatNotAccepted(name=name, format=kind, accepted=", ".join(accepted))
    limits.check_size(header.size, name)
    return header


def _loader(image: ImageFile.ImageFile) -> Callable[[], Image.Image]:
    def decode() -> Image.Image:
        image.load()
        return image

    return decode


# --- JPEG --------------------------------------------------------------------------------------------------


class _PlainJpeg(JpegImageFile):
    """Pillow looks for the resolution in EXIF while opening, and warns where EXIF is broken: show it none."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA


def _jpeg(data: bytes, name: str) -> Header:
    """Also the first picture of a multi-picture file (MPO): what follows its end is cut off."""
    image = _PlainJpeg(BytesIO(_first_jpeg(data, name)))
    orientation = exif_orientation(image.info.get("exif", b""))
    return Header(name, "JPEG", image.size, _loader(image), image.info.get("icc_profile"), orientation)


def _first_jpeg(data: bytes, name: str) -> bytes:
    """The bytes from the start to the end-of-image marker, counting scans on the way."""
    scans, at = 0, 2
    while marker := _MARKER.search(data, at):
        at = marker.end()
        kind = data[at - 1]
        if kind == _EOI:
            return data[:at]
        if kind == _SOI:
            continue
        scans += kind == _SOS
        if scans > MAX_SCANS:
            raise DamagedPicture(name=name)
        at += int.from_bytes(data[at : at + 2], "big")
    return data


# --- PNG ---------------------------------------------------------------------------------------------------

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"IDAT")
_SIDE_CHUNKS = (b"iCCP", b"eXIf", b"tRNS", b"acTL")
_END_CHUNK = b"\0\0\0\0IEND\xaeB`\x82"
_GREY, _RGB, _PALETTE = 0, 2, 3
"""Colour types of the PNG specification, section 11.2.1."""


def _png(data: bytes, name: str) -> Header:
    """Pillow gets only the chunks that make pixels: packed text and animations never reach it."""
    pixels, side = _sorted_chunks(data, name)
    image = PngImageFile(BytesIO(pixels))
    key = _transparent_colour(image, data[24], data[25], side.get(b"tRNS", b""))
    animated = int.from_bytes(side.get(b"acTL", b"")[:4], "big") > 1
    return Header(
        name, "PNG", image.size, _loader(image), _profile(side.get(b"iCCP")),
        exif_orientation(side.get(b"eXIf", b"")), key, (note("first_frame_only"),) if animated else (),
    )  # fmt: skip


def _sorted_chunks(data: bytes, name: str) -> tuple[bytes, dict[bytes, bytes]]:
    """A PNG of the pixel chunks alone, and the bodies of the others that matter, by type."""
    kept: list[bytes | memoryview] = [_PNG_MAGIC]
    side: dict[bytes, bytes] = {}
    kinds: set[bytes] = set()
    for kind, chunk in _chunks(data):
        if kind in _PIXEL_CHUNKS:
            if not _is_whole(chunk):
                raise DamagedPicture(name=name)
            kinds.add(kind)
            kept.append(chunk)
        elif kind in _SIDE_CHUNKS and kind not in side:
            side[kind] = bytes(chunk[8:-4])
    if data[12:16] != b"IHDR" or b"IDAT" not in kinds:
        raise DamagedPicture(name=name)
    return b"".join([*kept, _END_CHUNK]), side


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Type and bytes (length, type, body, checksum) of each chunk up to IEND; the last may be cut off."""
    view, at = memoryview(data), len(_PNG_MAGIC)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, view[at : at + 12 + length]
        at += 12 + length


def _is_whole(chunk: memoryview) -> bool:
    """Neither cut off nor changed: Pillow does not compare the checksums of pixel data."""
    length = int.from_bytes(chunk[:4], "big")
    return len(chunk) == 12 + length and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _transparent_colour(
    image: PngImageFile, depth: int, colour_type: int, trns: bytes
) -> tuple[int, ...] | None:
    """The colour tRNS names, in the values Pillow decodes to; a palette's alphas go into the image itself."""
    if colour_type == _PALETTE and trns:
        image.info["transparency"] = trns[:256]
    elif colour_type == _GREY and len(trns) >= 2:
        value = int.from_bytes(trns[:2], "big") & ((1 << depth) - 1)
        return (value if depth == 16 else value * 255 // ((1 << depth) - 1),)
    elif colour_type == _RGB and len(trns) >= 6:
        shift = depth - 8  # 16-bit colours are decoded to their high bytes
        return tuple(v >> shift & 255 for v in struct.unpack_from(">3H", trns))
    return None


def _profile(iccp: bytes | None) -> bytes | None:
    """The unpacked ICC profile of an iCCP chunk, or None where it is broken or too large."""
    if iccp is None:
        return None
    packed = iccp.partition(b"\0")[2][1:]  # name, zero, compression method
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacker.eof else None


# --- WebP --------------------------------------------------------------------------------------------------


def _webp(data: bytes, name: str) -> Header:
    image = WebPImageFile(BytesIO(data))
    notes = (note("first_frame_only"),) if image.n_frames > 1 else ()
    orientation = exif_orientation(image.info.get("exif", b""))
    return Header(
        name, "WebP", image.size, _loader(image), image.info.get("icc_profile"), orientation, notes=notes
    )  # fmt: skip


def _webp_canvas(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the first chunk says it (RFC 9649, sections 2.5 to 2.7)."""
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X" and len(head) == 10:
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L" and head[:1] == b"\x2f":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    return None


# --- HEIC --------------------------------------------------------------------------------------------------


def _heif(data: bytes, name: str, reader: HeifReader) -> Header:
    """libheif turns and mirrors the picture itself, so its EXIF orientation has been spent."""
    picture = reader(BytesIO(data))
    return Header(name, "HEIC", picture.size, picture.to_pillow, picture.info.get("icc_profile"))


_READERS: dict[str, Callable[[bytes, str], Header]] = {"JPEG": _jpeg, "PNG": _png, "WebP": _webp}
