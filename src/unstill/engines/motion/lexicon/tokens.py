"""English words, with the segment and the sentence they stand in."""

import re
from functools import cache
from typing import NamedTuple

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.text import words

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*'?|\d+(?:\.\d+)?|[^\sa-z\d]")
BREAKS = words("and while as but then when before after where because so until followed plus or")
SHOTLIKE = en.CAMERA | words("move moves movement motion effect style sequence")
_LINKING = words("and then finally next afterwards afterward first")
_STRONG = words("panned tilted zoomed pushed pulled trucked craned dollied tracked")
_NEXT = re.compile(r" ([a-z]+)")
_CLOSED = re.compile(
    r" *(?:$|[,.;!?\n]|(?:and|then|to|on|towards?|from|until|past|over|slowly|gently|before|while|for|at)\b)"
)
_PERFECT = words("has have having had 've")


class Token(NamedTuple):
    word: str
    start: int
    end: int
    segment: int
    sentence: int


@cache
def camera_verbs() -> dict[str, en.Verb]:
    return en.verbs()


def tokens(text: str) -> list[Token]:
    """Words with the comma-bounded segment and the sentence they stand in; other scripts are borders."""
    found: list[Token] = []
    segment = sentence = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word[0].isalnum() and word.isascii():
            if word in en.PAST and _finite(
                found, word, (segment, sentence), text[match.end() : match.end() + 24]
            ):
                word = en.PAST[word]
            found.append(Token(word, match.start(), match.end(), segment, sentence))
        elif word not in "'\"*°#%&/":
            segment += 1
            sentence += word in ".!?;\n。"
    return found


def _finite(found: list[Token], word: str, at: tuple[int, int], after: str) -> bool:
    """Whether a past form is told of the camera: "has tilted", "the camera slowly panned left, then rose"."""
    segment, sentence = at
    before = [t.word for t in found[-6:] if t.segment == segment]
    if before and before[-1] in _PERFECT:
        return True
    while before and before[-1].endswith("ly"):
        before.pop()
    following = _NEXT.match(after)
    way = following[1] if following else ""
    governs = way in en.DIRECTIONS.keys() | en.PREPOSITIONS | en.DETERMINERS or way.endswith("ly") or not way
    filmed = any(t.word in en.CAMERA for t in found[-24:] if t.sentence == sentence)
    if before and before[-1] not in _LINKING:
        return governs and (before[-1] in en.CAMERA or (before[-1] == "it" and filmed))
    if governs and filmed and before:
        return True
    return (
        word in _STRONG
        and way in en.WAYS
        and bool(_CLOSED.match(after, following.end(1) if following else 0))
    )


def word_at(found: list[Token], i: int, segment: int) -> str:
    """The word at `i`, or nothing past the border of the segment."""
    return found[i].word if 0 <= i < len(found) and found[i].segment == segment else ""
