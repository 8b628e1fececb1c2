"""Which of our two languages a client reads best."""

from __future__ import annotations

from unstill.domain.errors import Language


def language_of(accept_language: str, default: Language = "en") -> Language:
    """The better of zh and en by `Accept-Language` (RFC 9110, 12.5.4); the default where neither is named."""
    best: tuple[float, Language] = (0.0, default)
    for part in accept_language[:500].split(","):
        name, _, weight = part.strip().lower().partition(";")
        quality = _quality(weight)
        language = name.partition("-")[0].strip()
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
