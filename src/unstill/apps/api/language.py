"""Which of our two languages a client reads best."""

from __future__ import annotations

from collections.abc import Iterable

from unstill.domain.errors import Language

MOST = 32
"""Languages of one request that are looked at."""


def language_of(headers: Iterable[tuple[bytes, bytes]], default: Language = "en") -> Language:
    """The one of zh and en that ``Accept-Language`` ranks higher (RFC 9110, section 12.5.4); of two that it
    ranks alike the one named first, and ``default`` where it names neither. Header names in lower case."""
    sent = ",".join(value.decode("latin-1") for name, value in headers if name == b"accept-language")
    best: tuple[float, Language] = (0.0, default)
    for part in sent.split(",", MOST)[:MOST]:
        name, _, weight = part.strip().lower().partition(";")
        language = name.partition("-")[0].strip()
        quality = _quality(weight)
        if language in ("zh", "en") and quality > best[0]:
            best = (quality, "zh" if language == "zh" else "en")
    return best[1]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
