"""A prompt cut into what a translator takes at once, and which of it there is to translate."""

from __future__ import annotations

import re
from collections.abc import Callable

from unstill.domain.prompt_language import has_han

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*|[。！？!?；;]+")
_CLAUSE = re.compile(r"[^，,、：:]+[，,、：:]*|[，,、：:]+")


def sentences(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The sentences of a text, none empty; one that does not fit in clauses, and those in halves.

    ``fits`` says whether the translator has room for so much.
    """
    whole = [part.strip() for part in _SENTENCE.findall(text)]
    return [piece for part in whole if part for piece in _fitting(part, fits)]


def _fitting(part: str, fits: Callable[[str], bool]) -> list[str]:
    if not has_han(part) or fits(part):
        return [part]
    clauses = [clause.strip() for clause in _CLAUSE.findall(part)]
    if len(clauses) < 2:
        middle = len(part) // 2
        clauses = [part[:middle], part[middle:]]
    return [piece for clause in clauses if clause for piece in _fitting(clause, fits)]
