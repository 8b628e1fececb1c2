"""Text from strangers, file names and the words inside files, made safe for a terminal: shown, not obeyed."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that Persian and emoji are written with; they move nothing."""
_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
_PLAIN = re.compile(r"[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]*")


def printable(text: str) -> str:
    """One line without anything that a terminal obeys: escapes, controls, and marks that turn the direction.

    A break becomes a space; halves of characters and the rest become U+FFFD.
    """
    return text if _PLAIN.fullmatch(text) else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter in _BREAKS:
        return " "
    return "\ufffd" if obeyed(letter) else letter


def obeyed(letter: str) -> bool:
    """Whether a terminal would do something other than show it."""
    return letter not in _JOINERS and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
