"""Text in columns on a terminal, where a Chinese character takes two."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from unstill.apps.cli.printable import printable

GAP = "  "
MORE = "…"


def width(text: str) -> int:
    """How many columns a line takes."""
    return len(text) if text.isascii() else sum(map(_wide, text))


def _wide(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def cut(text: str, most: int) -> str:
    """The beginning of a line, in at most so many columns."""
    if width(text) <= most:
        return text
    kept, used = "", 1
    for letter in text:
        used += _wide(letter)
        if used > most:
            break
        kept += letter
    return kept.rstrip() + MORE


def lines(rows: Sequence[Sequence[str]], most: int | None = None) -> list[str]:
    """Rows of cells, aligned; the last column is cut where a row would be wider than ``most``."""
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*clean, strict=True)]
    made = []
    for row in clean:
        first = GAP.join(c + " " * (w - width(c)) for c, w in zip(row[:-1], widths, strict=False))
        start = first + GAP if first else ""
        last = row[-1] if most is None else cut(row[-1], max(10, most - width(start)))
        made.append((start + last).rstrip())
    return made
