"""English words, with the segment and the sentence they stand in."""

import re
from functools import cache
from typing import NamedTuple

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.text import words

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*'?|\d+(?:\.\d+)?|[^\sa-z\d]")
BREAKS = words("and while as but then when before after where because so until followed plus or")
SHOTLIKE = en.CAMERA | words("move moves movement motion effect style sequence")
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
            if word in en.PAST and found and found[-1].word in _PERFECT and found[-1].segment == segment:
                word = en.PAST[word]
            found.append(Token(word, match.start(), match.end(), segment, sentence))
        elif word not in "'\"*°#%&/":
            segment += 1
            sentence += word in ".!?;\n。"
    return found


def word_at(found: list[Token], i: int, segment: int) -> str:
    """The word at `i`, or nothing past the border of the segment."""
    return found[i].word if 0 <= i < len(found) and found[i].segment == segment else ""
