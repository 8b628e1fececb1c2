"""Metadata of GIF and WebP files: one XMP packet (ISO 16684-1), and where each file keeps it.

The AIGC label uses the name that TC260's practice guide for GB 45438-2025 gives it in pictures.
"""

from __future__ import annotations

import html
import mmap
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from unstill.core.metadata import LABEL_KEY

LONGEST_PACKET = 1 << 20
"""Bytes of XMP that are read at most."""
GIF_APPLICATION = b"\x21\xff\x0bXMP DataXMP"
GIF_TRAILER = b"\x3b"
_MAGIC = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
"""XMP specification part 3, 1.1.2: whatever byte a reader takes for a length, it ends at the last zero."""
_ENTRY = re.compile(r"<(?:TC260|unstill):([A-Za-z_][A-Za-z0-9_]*)>([^<]*)</")


class Chunk(NamedTuple):
    """One chunk of a RIFF file: its name, where its content starts, and its length in bytes."""

    name: bytes
    offset: int
    size: int


def packet(metadata: Mapping[str, str]) -> bytes:
    """The entries as an XMP packet, UTF-8."""
    entries = "".join(
        f"<{prefix}:{name}>{html.escape(value, quote=False).replace(chr(13), '&#13;')}</{prefix}:{name}>"
        for name, value in metadata.items()
        for prefix in ("TC260" if name == LABEL_KEY else "unstill",)
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
        ' xmlns:unstill="https://github.com/unstill/unstill/ns/1.0/">'
        f'{entries}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def entries(content: bytes) -> dict[str, str]:
    """The entries in a packet that `packet` wrote; nothing from others. No XML parser sees hostile input."""
    text = content[:LONGEST_PACKET].decode("utf-8", errors="replace")
    return {name: html.unescape(value) for name, value in _ENTRY.findall(text)}


class GifWithPacket:
    """A file for writing a GIF to, which slips the packet in after the header and the colour table.

    Before the first frame, because FFmpeg takes a block after the last one for a frame without a picture.
    """

    def __init__(self, file: BinaryIO, content: bytes) -> None:
        self._file = file
        self._block = GIF_APPLICATION + content + _MAGIC
        self._head: bytearray | None = bytearray()

    @property
    def closed(self) -> bool:
        """PyAV asks before it finishes a GIF that was given up."""
        return self._file.closed

    def write(self, data: bytes) -> int:
        if self._head is None:
            return self._file.write(data)
        self._head += data
        if len(self._head) > 13 and len(self._head) >= (end := 13 + _table_bytes(self._head[10])):
            self._file.write(self._head[:end] + self._block + self._head[end:])
            self._head = None
        return len(data)


def find_in_gif(path: Path) -> bytes:
    """The packet of a GIF; empty where there is none or the file ends early."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for at in _gif_extensions(data):
            if data[at : at + len(GIF_APPLICATION)] == GIF_APPLICATION:
                start = at + len(GIF_APPLICATION)
                end = data.find(_MAGIC, start, start + LONGEST_PACKET)
                return data[start:end] if end >= 0 else b""
    return b""


def _gif_extensions(data: mmap.mmap) -> Iterator[int]:
    """Where each extension block starts (GIF89a, appendix B). Ends at the first thing out of place."""
    try:
        at = 13 + _table_bytes(data[10])
        while data[at] != GIF_TRAILER[0]:
            if data[at] == 0x21:
                yield at
                at += 2
            elif data[at] == 0x2C:
                at += 11 + _table_bytes(data[at + 9])
            else:
                return
            while data[at]:  # data sub-blocks, each led by its length, up to the empty one
                at += data[at] + 1
            at += 1
    except IndexError:
        return


def _table_bytes(flags: int) -> int:
    """Length of a colour table, from the packed flags before it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def riff_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a WebP file, in order. Stops at the end of the RIFF list or of the file."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(4)
    end = min(length, 8 + struct.unpack("<I", file.read(4))[0])
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        yield Chunk(name, at + 8, min(size, end - at - 8))
        at += 8 + size + (size & 1)


def find_in_webp(path: Path) -> bytes:
    """The packet of a WebP; empty where there is none."""
    with path.open("rb") as file:
        for chunk in riff_chunks(file):
            if chunk.name == b"XMP ":
                file.seek(chunk.offset)
                return file.read(min(chunk.size, LONGEST_PACKET))
    return b""
