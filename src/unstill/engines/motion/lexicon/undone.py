"""What the prompt asks of the people and things in the picture, which a camera cannot do."""

import re
from functools import cache

from unstill.engines.motion.lexicon import chinese as zh
from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon import english_idioms as idioms
from unstill.engines.motion.lexicon.clauses import inside
from unstill.engines.motion.lexicon.cues import Hit
from unstill.engines.motion.lexicon.scanner import Deed
from unstill.engines.motion.lexicon.text import words
from unstill.engines.motion.lexicon.tokens import Token, tokens

Span = tuple[int, int]
_MOST = 24
_BORDER = ",.;:!?\n。()"
_ORDERED = words(
    "transform morph explode melt shatter dissolve open close lift pick grab throw pour eat kiss hug"
)
"""Orders to the picture, where a camera verb would be an order to the camera."""
_CAUSES = words("make makes let lets have watch watches see")
_PLURAL = words("they we you people men women children kids")


@cache
def _actions() -> dict[str, str]:
    """Inflected form to base, for every action."""
    table: dict[str, str] = {}
    for stem in idioms.UNDONE_VERBS.split():
        for form in en.inflect(stem):
            table[form] = stem
    return table


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(rf"\b(?:{idioms.UNDONE_PHRASES})"), re.compile(zh.UNDONE)


def phrases(text: str, hits: list[Hit], deeds: list[Deed], negated: list[Span]) -> list[Span]:
    """Spans of text, in order, none overlapping, each a short phrase around what the engine cannot do."""
    spans = [(m.start(), m.end()) for m in _patterns()[0].finditer(text)]
    spans += [(d.start, d.end) for d in deeds if not _led(text, d.start, hits)]
    found = tokens(text)
    spans += [
        (t.start, t.end) for i, t in enumerate(found) if _acts(found, i) and not _led(text, t.start, hits)
    ]
    spans = [_english_phrase(text, a, b) for a, b in spans if not _covered(a, b, hits, negated)]
    for m in _patterns()[1].finditer(text):
        wind = re.match(zh.WIND, m.group())
        if (wind or text[m.end() : m.end() + 1] != "的") and not _covered(m.start(), m.end(), hits, negated):
            spans.append(_chinese_phrase(text, m.start(), m.end()))
    spans += _strangers(text, hits, negated)
    return _merged(spans)[:_MOST]


def _strangers(text: str, hits: list[Hit], negated: list[Span]) -> list[Span]:
    """Chinese subjects that move by a camera verb: "汽车向右移动"."""
    pattern = (
        rf"(?:{zh.MOVERS})[^,。;!?\n镜视画机]{{0,6}}"
        "(?:[向往朝][左右上下前后][^,。;]{0,4}|上升|下降|升起|移动|前进|后退|旋转)"
    )
    return [
        _chinese_phrase(text, m.start(), m.end())
        for m in re.finditer(pattern, text)
        if not _covered(m.start(), m.end(), hits, negated)
    ]


def _covered(start: int, end: int, hits: list[Hit], negated: list[Span]) -> bool:
    return any(h.start < end and start < h.end for h in hits) or inside(start, negated)


def _led(text: str, start: int, hits: list[Hit]) -> bool:
    """Whether an effect just before is the subject of the verb: "dust motes floating" is dust."""
    return any(0 <= start - h.end < 16 and not set(text[h.end : start]) & set(_BORDER) for h in hits)


def _acts(found: list[Token], i: int) -> bool:
    """Whether the word is a verb that asks for action, not an adjective ("a smiling woman") or a noun."""
    token = found[i]
    stem = _actions().get(token.word)
    if stem is None:
        return False
    before = found[i - 1].word if i and found[i - 1].segment == token.segment else ""
    after = found[i + 1].word if i + 1 < len(found) and found[i + 1].segment == token.segment else ""
    if i > 1 and found[i - 2].word in _CAUSES and token.word == stem:
        return before in ("her", "him", "them", "it") or before in en.MOVERS
    if after == "like" or before in en.CAMERA or before in en.DETERMINERS:
        return False
    if token.word.endswith("ing"):
        free = (
            not after
            or after in en.PREPOSITIONS
            or after in en.DIRECTIONS
            or after in en.DETERMINERS
            or after.endswith("ly")
        )
        return free and bool(before) and before not in ("of", "for", "and") and not before.endswith("'s")
    if token.word == stem and not before:
        return stem in _ORDERED and after in en.DETERMINERS
    if token.word != stem:
        return (bool(before) and before not in en.PREPOSITIONS | en.STYLE) or before in en.FILLER
    return before in _PLURAL or (before in en.MOVERS and before.endswith("s")) or before == "to"


def _english_phrase(text: str, start: int, end: int) -> Span:
    """Widened to the words around, within the commas."""
    words = 0
    while start > 0 and text[start - 1] not in _BORDER and text[start - 1] < "\u2e80" and words < 4:
        start -= 1
        words += text[start - 1 : start] == " "
    words = 0
    while end < len(text) and text[end] not in _BORDER and text[end] < "\u2e80" and words < 5:
        words += text[end] == " "
        end += 1
    return start, end


def _chinese_phrase(text: str, start: int, end: int) -> Span:
    low, high = max(0, start - 8), min(len(text), end + 6)
    while start > low and text[start - 1] not in _BORDER:
        start -= 1
    while end < high and text[end] not in _BORDER:
        end += 1
    return start, end


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for a, b in sorted(spans):
        if merged and a < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged
