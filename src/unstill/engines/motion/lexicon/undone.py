"""What the prompt asks of the people and things in the picture, which a camera cannot do."""

import re
from functools import cache

from unstill.engines.motion.lexicon import chinese as zh
from unstill.engines.motion.lexicon import edits
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
_LINK = r"\b(?:and then|and|while|as|then|but|before|after|until|with|when)\b"
_PARTED = re.compile(rf"[{re.escape(_BORDER)}]|{_LINK} (?:\w+ ){{0,3}}\w|\b(?:she|he|they|i|you)\b")
_LINKS = re.compile(rf"{_LINK} ?|然后|同时|并且?|接着|再")
_LEFT = re.compile(r"(?:[\s了着过的地得并且,、]|的?时候|(?:and|while|as|then|also)\b)*")
"""What a move or an effect leaves behind it."""
_LED = re.compile(r" *(?:(?:and|then|while|as|but) )+")
_SUBJECT = re.compile(
    r"(?:[\s并且]|\b(?:and|while|as|then|the|a|slow|gentle|camera|shot|drone|lens|frame|view|\w+ly|is|starts?|to)\b|"
    rf"(?:{zh.CAMERA})|[缓慢轻微快速平稳逐渐徐徐再又]){{1,8}}$"
)
"""What a move leaves before it: who moves, and how."""
_ORDERED = words(
    "transform morph explode melt shatter dissolve open close lift pick grab throw pour eat kiss hug "
    "wave wink clap"
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


def phrases(
    text: str, moves: list[Hit], effects: list[Hit], deeds: list[Deed], negated: list[Span]
) -> list[Span]:
    """Spans of text, in order, none overlapping, each a short phrase around what the engine cannot do.

    What is done (a move, an effect) is no part of them.
    """
    hits = sorted([*moves, *effects], key=lambda h: h.start)
    spans = [(m.start(), m.end()) for m in _patterns()[0].finditer(text)]
    spans += [(d.start, d.end) for d in deeds if not _led(text, d.start, hits)]
    found = tokens(text)
    spans += [
        (t.start, t.end) for i, t in enumerate(found) if _acts(found, i) and not _led(text, t.start, hits)
    ]
    spans = [
        _rest(text, (a, b), _english_phrase(text, a, b), hits)
        for a, b in spans
        if not _covered(a, b, hits, negated)
    ]
    for m in _patterns()[1].finditer(text):
        wind = re.match(zh.WIND, m.group())
        if (wind or text[m.end() : m.end() + 1] != "的") and not _covered(m.start(), m.end(), hits, negated):
            spans.append(_rest(text, m.span(), _chinese_phrase(text, m.start(), m.end()), hits))
    spans += _strangers(text, hits, negated)
    spans += edits.spans(text, moves, effects, negated)
    return _merged(spans)[:_MOST]


def _strangers(text: str, hits: list[Hit], negated: list[Span]) -> list[Span]:
    """Chinese subjects that move by a camera verb: "汽车向右移动"."""
    pattern = (
        rf"(?:{zh.MOVERS})[^,。;!?\n镜视画机]{{0,6}}"
        "(?:[向往朝][左右上下前后][^,。;]{0,4}|上升|下降|升起|移动|前进|后退|旋转)"
    )
    return [
        _rest(text, m.span(), _chinese_phrase(text, m.start(), m.end()), hits)
        for m in re.finditer(pattern, text)
        if not _covered(m.start(), m.end(), hits, negated)
    ]


def _covered(start: int, end: int, hits: list[Hit], negated: list[Span]) -> bool:
    return any(h.start < end and start < h.end for h in hits) or inside(start, negated)


def _led(text: str, start: int, hits: list[Hit]) -> bool:
    """Whether an effect just before is the subject of the verb: "dust motes floating" is dust."""
    return any(0 <= start - h.end < 16 and not _PARTED.search(text, h.end, start) for h in hits)


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


def _rest(text: str, core: Span, phrase: Span, hits: list[Hit]) -> Span:
    """The phrase around `core`, less what a move or an effect near by has understood."""
    (a, b), (start, end) = core, phrase
    clause = max(text.rfind(mark, 0, a) for mark in _BORDER) + 1
    border = min((n for mark in _BORDER if (n := text.find(mark, b)) >= 0), default=len(text))
    low = max((h.end for h in hits if clause < h.end <= a), default=-1)
    high = min((h.start for h in hits if b <= h.start < border), default=-1)
    if low >= 0:
        link = _LINKS.search(text, low, a)
        start = max(start, link.end() if link else low)
        left = _LEFT.match(text, start, a)
        start = left.end() if left else start
    else:
        lead = _LED.match(text, start, a)
        start = lead.end() if lead else start
    if high >= 0:
        links = [m.start() for m in _LINKS.finditer(text, b, high)]
        end = min(end, links[-1] if links else high)
        while end > b and text[end - 1] == " ":
            end -= 1
        subject = _SUBJECT.search(text, b, end)
        end = subject.start() if subject else end
    return start, end


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for a, b in sorted(spans):
        if merged and a < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged
