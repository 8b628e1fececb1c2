"""Finding: every cue a folded text may hold, before negation and order are weighed.

Patterns compile on first use and by language, so that a prompt in English never pays for Chinese.
"""

import re
from bisect import bisect_right
from functools import cache

from unstill.engines.motion.lexicon import chinese as zh
from unstill.engines.motion.lexicon import english_idioms as en
from unstill.engines.motion.lexicon import mandarin, requests
from unstill.engines.motion.lexicon.cues import Hit
from unstill.engines.motion.lexicon.scanner import Deed, scan

_MOST = 48
"""More cues than anyone directs in one shot; bounds the work on text that only repeats itself."""
_ENGLISH, _CHINESE = re.compile("[a-z]{2}|360"), re.compile("[\u4e00-\u9fff]")
_DRONE = re.compile(r"\bdrone (?:shot|footage|video)\b")


@cache
def _masks(chinese: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    if chinese:
        return re.compile(zh.NOT_CAMERA), re.compile(zh.NOT_WEATHER)
    return re.compile(rf"\b(?:{en.NOT_CAMERA})"), re.compile(rf"\b(?:{en.NOT_WEATHER})")


@cache
def _idioms() -> tuple[tuple[str, re.Pattern[str], float | None, int], ...]:
    return tuple((move, re.compile(rf"(?<![a-z])(?:{p})"), s, rank) for move, p, s, rank in en.IDIOMS)


@cache
def _effects(chinese: bool) -> tuple[tuple[str, re.Pattern[str]], ...]:
    if chinese:
        return tuple((effect, re.compile(p)) for effect, p in zh.EFFECTS)
    return tuple((effect, re.compile(rf"(?<![a-z])(?:{p})")) for effect, p in en.EFFECTS)


def _q(match: re.Match[str]) -> str:
    return "".join("q" if "a" <= c <= "z" else "□" if c > "\u2e7f" else c for c in match.group())


def moves(text: str) -> tuple[list[Hit], list[Deed]]:
    """Camera moves, negated ones too; and moves made by the picture's own people and things."""
    found: list[Hit] = []
    deeds: list[Deed] = []
    english, chinese = bool(_ENGLISH.search(text)), bool(_CHINESE.search(text))
    # A word that only looks like camera language is overwritten by one that means nothing; indices stay.
    plain = _masks(False)[0].sub(_q, text) if english else text
    plain = _masks(True)[0].sub(_q, plain) if chinese else plain
    if english:
        for move, pattern, strength, rank in _idioms():
            found += [Hit(m.start(), m.end(), move, None, strength, rank) for m in pattern.finditer(plain)]
        found += [Hit(m.start(), m.end(), "crane_up", rank=0) for m in _DRONE.finditer(plain)]
        verbs, deeds = scan(plain)
        found += verbs
    if chinese:
        found += mandarin.moves(plain)
    return longest(found), deeds[:_MOST]


def effects(text: str) -> list[Hit]:
    """Scene effects, negated ones too."""
    found: list[Hit] = []
    for chinese, script in ((False, _ENGLISH), (True, _CHINESE)):
        if script.search(text):
            plain = _masks(chinese)[1].sub(_q, text)
            found += [Hit(m.start(), m.end(), fx) for fx, p in _effects(chinese) for m in p.finditer(plain)]
            found += requests.effects(text, chinese)
    return longest(found)


def longest(found: list[Hit]) -> list[Hit]:
    """What says which way first, then the longest; what overlaps is dropped. In order of mention."""
    taken: list[Hit] = []
    starts: list[int] = []
    for hit in sorted(found, key=lambda h: (h.vague, h.start - h.end, h.start)):
        at = bisect_right(starts, hit.start)
        if (at == 0 or taken[at - 1].end <= hit.start) and (at == len(taken) or hit.end <= taken[at].start):
            taken.insert(at, hit)
            starts.insert(at, hit.start)
    return taken[:_MOST]
