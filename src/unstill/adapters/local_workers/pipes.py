"""Lines from a pipe, none longer than a limit, whoever writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator

CHUNK = 65536


class LineTooLong(Exception):
    """More bytes than the limit came without an end of line."""


def lines(handle: int, most: int) -> Iterator[bytes]:
    """Every line with its end, until the writer closes; a last one without an end is left out.

    Raises:
        LineTooLong: never more than ``most`` bytes (and a chunk) are held for it.
    """
    held = bytearray()
    while chunk := os.read(handle, CHUNK):
        held += chunk
        *whole, rest = held.split(b"\n")
        for line in whole:
            if len(line) >= most:
                raise LineTooLong
            yield bytes(line) + b"\n"
        if len(rest) >= most:
            raise LineTooLong
        held = rest


def cut_lines(handle: int, most: int) -> Iterator[bytes]:
    """Every line without its end, cut to ``most`` bytes: for what is only to be read by people."""
    held = bytearray()
    while chunk := os.read(handle, CHUNK):
        first, *others = chunk.split(b"\n")
        for number, part in enumerate((first, *others)):
            if number:
                yield bytes(held)
                held.clear()
            held += part[: max(0, most - len(held))]
    if held:
        yield bytes(held)
