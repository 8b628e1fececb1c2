"""Good files made bad, each the same for the same number: bits, lengths, pieces and sizes that lie."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence

ODD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which lengths, counts and signs turn over."""
PNG = b"\x89PNG\r\n\x1a\n"
Mutator = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def mutant(seeds: Mapping[str, bytes], number: int) -> tuple[str, bytes]:
    """The so-many-th bad file of these good ones, and a name for it."""
    numbers, names = random.Random(f"mutant {number}"), sorted(seeds)
    name = numbers.choice(names)
    others = [seeds[each] for each in numbers.sample(names, min(2, len(names)))]
    raw = seeds[name]
    deeds = numbers.choices(MUTATORS, k=numbers.choice((1, 1, 2, 3)))
    for deed in deeds:
        raw = deed(raw, numbers, others) or raw
    if raw == seeds[name]:  # none of them knew this kind
        raw = flipped(raw, numbers, others)
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{number}-{'-'.join(deed.__name__ for deed in deeds)}.{suffix}", raw


# --- anywhere


def flipped(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """A few bits, most of them in the head, where the meaning is."""
    out = bytearray(raw)
    for _ in range(numbers.randint(1, 16)):
        most = len(out) if numbers.random() < 0.5 else min(len(out), 512)
        out[numbers.randrange(most)] ^= 1 << numbers.randrange(8)
    return bytes(out)


def rewritten(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    out = bytearray(raw)
    for _ in range(numbers.randint(1, 20)):
        out[numbers.randrange(len(out))] = numbers.randrange(256)
    return bytes(out)


def miscounted(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """Numbers of two or four bytes in the head or at the end become odd ones."""
    out = bytearray(raw)
    for _ in range(numbers.randint(1, 4)):
        form = numbers.choice((">H", "<H", ">I", "<I"))
        value = numbers.choice(ODD) & (0xFFFF if form[1] == "H" else 0xFFFFFFFF)
        span = min(len(out), 2048)
        at = numbers.randrange(span) if numbers.random() < 0.7 else len(out) - 1 - numbers.randrange(span)
        packed = struct.pack(form, value)
        out[at : at + len(packed)] = packed
    return bytes(out)


def cut(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    return raw[: numbers.randrange(1, len(raw))] if len(raw) > 1 else raw


def holed(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    start = numbers.randrange(len(raw))
    return raw[:start] + raw[start + numbers.randint(1, 4096) :]


def stuttering(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    start = numbers.randrange(len(raw))
    piece = raw[start : start + numbers.randint(1, 1024)]
    return raw[:start] + piece * numbers.choice((2, 3, 50)) + raw[start:]


def spliced(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """The beginning of one file and the end of another."""
    other = numbers.choice(others)
    return raw[: numbers.randrange(len(raw)) + 1] + other[numbers.randrange(len(other)) :]


def beheaded(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """The first bytes of another file."""
    count = numbers.choice((2, 4, 8, 12, 16, 32, 64, 200))
    return numbers.choice(others)[:count] + raw[count:]


# --- piece by piece


def shuffled(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """One chunk, segment or box dropped, doubled, moved, emptied, or put in from another file."""
    parts = pieces(raw)
    if len(parts) < 2:
        return b""
    at = numbers.randrange(len(parts))
    deed = numbers.randrange(5)
    if deed == 0:
        del parts[at]
    elif deed == 1:
        parts[at:at] = [parts[at]] * numbers.choice((1, 2, 300))
    elif deed == 2:
        parts.insert(numbers.randrange(len(parts)), parts.pop(at))
    elif deed == 3:
        parts[at] = parts[at][:8]
    else:
        parts.insert(at, numbers.choice(pieces(numbers.choice(others))))
    return b"".join(parts)


def believed(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """A PNG with damage in its chunks and the right checksums: the damage gets further in."""
    if not raw.startswith(PNG):
        return b""
    parts = pieces(raw)
    for at in numbers.sample(range(1, len(parts)), min(2, len(parts) - 1)):
        content = bytearray(parts[at][8:-4])
        for _ in range(numbers.randint(1, 8)):
            if content:
                content[numbers.randrange(len(content))] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        kind = parts[at][4:8]
        parts[at] = struct.pack(">I", len(content)) + kind + content
        parts[at] += struct.pack(">I", zlib.crc32(kind + bytes(content)))
    return b"".join(parts)


def lying(raw: bytes, numbers: random.Random, others: Sequence[bytes]) -> bytes:
    """Another width and height than the pixels have."""
    sides = [numbers.choice((0, 1, 15, 16, 17, 2000, 6324, 8192, 8193, 0x7FFF, 0xFFFF)) for _ in range(2)]
    if raw.startswith(PNG):
        head = raw[12:16] + struct.pack(">II", *sides) + raw[24:29]
        return raw[:12] + head + struct.pack(">I", zlib.crc32(head)) + raw[33:]
    if raw.startswith(b"\xff\xd8"):
        for marker in (b"\xff\xc0", b"\xff\xc2", b"\xff\xc1"):
            if (at := raw.find(marker)) > 0:
                return raw[: at + 5] + struct.pack(">HH", *sides) + raw[at + 9 :]
    if raw.startswith((b"GIF8", b"RIFF")):
        at = 6 if raw.startswith(b"GIF8") else 24
        return raw[:at] + struct.pack("<HH", *sides) + raw[at + 4 :]
    return b""


MUTATORS: tuple[Mutator, ...] = (
    flipped, rewritten, miscounted, cut, holed, stuttering, spliced, beheaded, shuffled, believed, lying,
)  # fmt: skip


def pieces(raw: bytes) -> list[bytes]:
    """The parts that a file of this kind is made of; the whole as one part where that is not known. Put
    together they are the file again."""
    if raw.startswith(PNG):
        return [raw[:8], *_sized(raw[8:], lambda at: struct.unpack_from(">I", raw, 8 + at)[0] + 12)]
    if raw.startswith(b"RIFF"):
        return [raw[:12], *_sized(raw[12:], lambda at: _even(struct.unpack_from("<I", raw, 16 + at)[0]) + 8)]
    if raw[4:8] == b"ftyp":
        return _sized(raw, lambda at: struct.unpack_from(">I", raw, at)[0])
    if raw.startswith(b"\xff\xd8"):
        return [raw[:2], *_sized(raw[2:], lambda at: struct.unpack_from(">H", raw, 4 + at)[0] + 2)]
    return [raw]


def _even(length: int) -> int:
    return length + length % 2


def _sized(raw: bytes, size: Callable[[int], int]) -> list[bytes]:
    """Parts one behind the other, each as long as it says; the rest is the last."""
    parts, at = [], 0
    while at < len(raw):
        try:
            length = size(at)
        except struct.error:
            length = 0
        if not 4 <= length <= len(raw) - at or len(parts) > 5000:
            length = len(raw) - at
        parts.append(raw[at : at + length])
        at += length
    return parts
