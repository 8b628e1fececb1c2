"""Spelling: what people type in a hurry, rewritten once, so that every table meets one form.

Each rewrite keeps the list of origins aligned, so that a phrase can still be quoted as it stood.
"""

import re
from collections.abc import Callable
from functools import cache

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.text import letters

_CAMEL = re.compile(r"(?<![A-Za-z])[A-Za-z]?[a-z]+(?:[A-Z][a-z]+)+")
_HUMPS = re.compile("(?<=[a-z])(?=[A-Z])")

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@cache
def _rules() -> tuple[Rule, ...]:
    verb, way = "|".join(en.STEMS), "|".join(en.WAYS)
    manner = r"(?:(?:slow|slowly|fast|quick|quickly|gently|slightly|very|to the|towards?) ){0,3}"
    zh_way = "[向往朝]?[左右上下前后](?:侧|边|方|移)?"
    return (
        # "dont" is "don't".
        (re.compile(rf"\b({en.AUXILIARIES})nt\b"), lambda m: f"{m[1]}n't"),
        # "zoomin" is "zoom in"; a push-up is none.
        (
            re.compile(rf"\b(?:{'|'.join(en.JOINED)})\b(?!'| (?:couch|sofa|bed|drawer|machine))"),
            lambda m: en.JOINED[m[0]],
        ),
        # "pan (left)", "pan: left" and "摇（左）" point as "pan left" and "摇左" do.
        (
            re.compile(rf"\b((?:{verb})\w{{0,4}}) ?[(\[{{:=] ?({manner}(?:{way}))\b(?: ?[)\]}}])?"),
            lambda m: f"{m[1]} {m[2]}",
        ),
        (re.compile(rf"([推拉摇移升降跟甩焦头]) ?[(\[【「:] ?({zh_way}) ?[)\]】」]"), lambda m: m[1] + m[2]),
        (re.compile(rf"([推拉摇移升降跟甩]) ?: ?({zh_way})(?![^,。;\n+、 ])"), lambda m: m[1] + m[2]),
        # The aspect marker of traditional texts; 著 stays where it means "known" or "work".
        (re.compile("(?<![显卓原专土名编论巨译拙合昭所])著(?![名作称述者书])"), lambda _: "着"),
    )


def _rewrite(text: str, origin: list[int], rule: Rule) -> tuple[str, list[int]]:
    pattern, spelled = rule
    parts: list[str] = []
    kept: list[int] = []
    at = 0
    for m in pattern.finditer(text):
        word = spelled(m)
        parts += [text[at : m.start()], word]
        kept += origin[at : m.start()]
        kept += [origin[min(m.start() + i, m.end() - 1)] for i in range(len(word))]
        at = m.end()
    if not parts:
        return text, origin
    return "".join([*parts, text[at:]]), kept + origin[at:]


def _humps(prompt: str) -> frozenset[int]:
    """Where "DollyZoom" and "PanRight" break; names such as WeChat stay whole."""
    breaks: set[int] = set()
    for m in _CAMEL.finditer(prompt):
        pieces = _HUMPS.split(m[0])
        if any(piece.lower() in en.STEMS for piece in pieces):
            breaks.update(m.start() + hump.start() for hump in _HUMPS.finditer(m[0]))
    return frozenset(breaks)


def fold(prompt: str) -> tuple[str, list[int]]:
    """The prompt in one spelling (lower case, half width, simplified), and each character's origin.

    Hyphens inside words become spaces ("push-in" is "push in"); those of numbers stay ("0-3s").
    """
    text, origin = letters(prompt, _humps(prompt))
    for rule in _rules():
        text, origin = _rewrite(text, origin, rule)
    return text, origin
