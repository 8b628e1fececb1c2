"""English camera moves: find a verb, ask who is moving, look where it points.

English names a move by a verb and a direction that may stand apart ("pan the camera slowly to the left"),
and the same verbs serve the people in the picture; so this reads tokens, not patterns.
"""

import re
from functools import cache
from typing import NamedTuple

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.cues import Hit
from unstill.engines.motion.lexicon.text import words

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*'?|\d+(?:\.\d+)?|[^\sa-z\d]")
_BREAKS = words("and while as but then when before after where because so until followed plus or")
_ANCHORS = words("on in from at mounted above behind attached inside near rig")
_SHOTLIKE = en.CAMERA | words("move moves movement motion effect style sequence")
_HEAVENLY = words("earth planet sun mars moon jupiter saturn star galaxy nucleus")
_IN_FOLLOW = words(
    "on to toward towards for from closer close tight tightly slow slowly until over and with at as "
    "through very smoothly gently while then quickly near nearer again during along past by or but before"
)
_TRANSITIVE = words(
    "lift lower turn move drop raise spin rotate push pull slide swing roll shift bring sweep shake "
    "sink punch whip look back pan"
)
_NEEDS_PARTNER = frozenset(("crane", "boom", "jib", "pedestal", "arc", "ped", "crab", "truck", "whip"))
_SCREEN = words("camera cam shot view viewpoint lens drone frame gimbal perspective")


class Token(NamedTuple):
    word: str
    start: int
    end: int
    segment: int
    sentence: int


class Deed(NamedTuple):
    """A move made by something in the picture: understood, and beyond this engine."""

    start: int
    end: int


@cache
def _verbs() -> dict[str, en.Verb]:
    return en.verbs()


def tokens(text: str) -> list[Token]:
    """Words with the comma-bounded segment and the sentence they stand in; other scripts are borders."""
    found: list[Token] = []
    segment = sentence = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word[0].isalnum() and word.isascii():
            found.append(Token(word, match.start(), match.end(), segment, sentence))
        elif word not in "'\"*°#%&/":
            segment += 1
            sentence += word in ".!?;\n。"
    return found


def scan(text: str) -> tuple[list[Hit], list[Deed]]:
    """Camera moves and subject moves of a folded English text."""
    scanner = _Scanner(tokens(text))
    for index, token in enumerate(scanner.tokens):
        scanner.meet(index, token)
    return scanner.hits, scanner.deeds


class _Scanner:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.hits: list[Hit] = []
        self.deeds: list[Deed] = []
        self.actor: str | None = None
        self.sentence = -1

    def meet(self, i: int, token: Token) -> None:
        if token.sentence != self.sentence:
            self.sentence, self.actor = token.sentence, None
        if token.word in en.CAMERA:
            self.actor = "camera"
        elif (token.word in en.MOVERS or token.word in en.PRONOUNS - {"it"}) and self._opens_clause(i):
            self.actor = "other"
        verb = _verbs().get(token.word)
        if verb is None or (self.hits and token.start < self.hits[-1].end):
            return
        who, head = self._subject(i)
        ways = self._ways(i, verb)
        if self._is_camera(i, verb, who, head, ways):
            rank = self._rank(i, verb, who)
            for move, start, end in ways:
                # A second direction ("in and out") must not overlap the first.
                start = max(start, self.hits[-1].end) if self.hits else start
                self.hits.append(Hit(start, end, move, rank=rank))
        elif who == "other" and verb.weak and any(end > token.end for _, _, end in ways):
            self.deeds.append(Deed(token.start, ways[-1][2]))

    def _rank(self, i: int, verb: en.Verb, who: str) -> int:
        """ "..., gliding over the roofs" says more of a move already named, or names one if none was."""
        ahead = self._ahead(i, verb)
        if any(axis not in en.PATHS for axis, _ in ahead):
            return 3
        if verb.manner in ("track", "follow"):
            return 2
        return 1 if ahead and who == "none" and verb.weak and self.tokens[i].word.endswith("ing") else 3

    def _word(self, i: int, segment: int) -> str:
        """The word at `i`, or nothing past the border of the segment."""
        if 0 <= i < len(self.tokens) and self.tokens[i].segment == segment:
            return self.tokens[i].word
        return ""

    def _opens_clause(self, i: int) -> bool:
        segment = self.tokens[i].segment
        for j in range(i - 1, max(-1, i - 6), -1):
            word = self._word(j, segment)
            if not word or word in _BREAKS:
                return True
            if word in en.PREPOSITIONS or word in en.CAMERA or (word in _verbs() and self.actor == "camera"):
                return False
        return True

    def _subject(self, i: int) -> tuple[str, str]:
        """Who does the verb at `i` (camera, style as in "slow", none, other), and the noun found."""
        segment, style = self.tokens[i].segment, False
        for j in range(i - 1, max(-1, i - 14), -1):
            word = self._word(j, segment)
            if not word:
                break
            if word in en.CAMERA or (word == "it" and self.actor == "camera"):
                return "camera", word
            if word in _BREAKS:
                return ("style" if style else "none"), word
            if word in en.FILLER or word.endswith("ly") or word in en.BEFORE:
                continue
            if word in en.STYLE or word.isdigit():
                style = True
                continue
            if word in en.DIRECTIONS or word in _verbs():
                return ("style" if style else "none"), "and"
            return self._noun(j, word)
        return ("style" if style else "none"), ""

    def _noun(self, j: int, word: str) -> tuple[str, str]:
        """A noun is the subject, unless it only says where the camera is ("the camera on rails moves")."""
        segment = self.tokens[j].segment
        for k in range(j - 1, max(-1, j - 10), -1):
            before = self._word(k, segment)
            if not before or before in _BREAKS or before in _verbs():
                break
            if before in _SCREEN and self._word(k + 1, segment) in _ANCHORS:
                return "camera", before
        return "other", word.removesuffix("'s")

    def _next(self, i: int) -> int:
        """The first token after `i` that is no adverb."""
        segment, j = self.tokens[i].segment, i + 1
        while (word := self._word(j, segment)) and (word.endswith("ly") or word in ("very", "so", "then")):
            j += 1
        return j

    def _is_camera(
        self, i: int, verb: en.Verb, who: str, head: str, ways: list[tuple[str, int, int]]
    ) -> bool:
        token = self.tokens[i]
        if not ways:
            return False
        pointed = any(end > token.end or start < token.start for _, start, end in ways)
        j = self._next(i)
        follow, after = self._word(j, token.segment), self._word(j + 1, token.segment)
        if verb.manner == "orbit" and token.word.endswith("ing") and follow in en.MOVERS:  # orbiting planets
            return False
        if follow in en.POSSESSIVE or (follow == "of" and after in en.POSSESSIVE):
            return after in _SCREEN
        if follow in ("the", "this", "our") and after in _SCREEN and who != "other":
            return True
        stem = min(verb.forms, key=len)
        if verb.weak:
            return self._weak_is_camera(i, stem, who, head, pointed, follow)
        if stem in _NEEDS_PARTNER and not self._partnered(token, stem, who, pointed, follow):
            return False
        return self._strong_is_camera(token, stem, who, head, follow)

    def _partnered(self, token: Token, stem: str, who: str, pointed: bool, follow: str) -> bool:
        """Nouns such as crane, arc and truck are verbs only beside a direction, "shot" or the camera."""
        if stem == "truck":
            return pointed or (who == "camera" and token.word != "truck")
        return (
            pointed
            or follow in _SHOTLIKE
            or who == "camera"
            or (token.word.endswith("ing") and who != "other")
        )

    def _strong_is_camera(self, token: Token, stem: str, who: str, head: str, follow: str) -> bool:
        ing, finite = token.word.endswith("ing"), token.word.endswith("s")
        if stem == "orbit" and who != "camera":
            near = [t.word for t in self.tokens if token.start < t.start < token.end + 30]
            if _HEAVENLY & set(near) and (who == "other" or finite or ing):
                return False
        if stem == "track" and token.word != "tracking" and who != "camera" and follow not in en.DIRECTIONS:
            return False
        if who != "other":
            return not (
                who == "none"
                and (finite or ing)
                and self.actor == "other"
                and stem in ("push", "pull", "track")
            )
        alive = head in en.MOVERS or head in en.PRONOUNS
        if finite:
            return not alive and stem not in ("push", "pull", "orbit", "tilt", "track", "arc")
        if ing:
            return not alive and stem not in ("push", "pull")
        return not (
            alive and (stem in ("tilt", "arc") or (head.endswith("s") and stem in ("push", "pull", "orbit")))
        )

    def _weak_is_camera(self, i: int, stem: str, who: str, head: str, pointed: bool, follow: str) -> bool:
        token = self.tokens[i]
        if token.word.endswith("ing") and who != "camera" and follow and self._attributive(follow):
            return False
        if who == "camera" or (
            who == "none" and self.actor == "camera" and (token.word.endswith("s") or not follow)
        ):
            return True
        if follow in _SHOTLIKE and who != "other":
            return stem != "movement" or pointed
        if who == "other" or not (pointed or self._commanded(i, who, follow)):
            return False
        base = token.word in (stem, "move")
        if stem in _TRANSITIVE and base and follow in en.DETERMINERS:
            return False
        if self.actor == "other" and (not base or head == "and" or head == "then"):
            return who == "style" and base
        if stem in ("lower", "raise", "lift", "look", "back", "shake", "drop") and not (base and pointed):
            return False
        return who == "none" or pointed

    def _attributive(self, follow: str) -> bool:
        """ "Moving clouds above the desert": a participle before a noun describes the noun."""
        known = en.DIRECTIONS.keys() | en.PREPOSITIONS | en.DETERMINERS | _SHOTLIKE | en.FILLER
        return follow not in known and not follow.endswith("ly")

    def _commanded(self, i: int, who: str, follow: str) -> bool:
        """ "Circle the statue", "rising over the town": no direction, yet an order to the camera."""
        word = self.tokens[i].word
        verb = _verbs()[word]
        if (
            who != "none"
            or "" not in en.MANNERS[verb.manner]
            or verb.manner in ("roll", "rotate", "shake", "sweep")
        ):
            return False
        place = follow in en.PREPOSITIONS and follow not in ("in", "of", "and", "but")
        if word.endswith("ing"):
            return place or (verb.manner in ("orbit", "follow", "approach") and follow in en.DETERMINERS)
        return not word.endswith("s") and (place or follow in en.DETERMINERS)

    def _ways(self, i: int, verb: en.Verb) -> list[tuple[str, int, int]]:
        """Moves the verb means, each with the span that says so; more than one in "zooms in and out"."""
        token, table = self.tokens[i], en.MANNERS[verb.manner]
        ahead = self._ahead(i, verb)
        if ahead:
            return [(table[axis], token.start, self.tokens[j].end) for axis, j in ahead]
        for j in (i - 1, i - 2, i - 3):
            word = self._word(j, token.segment)
            if word in en.BEFORE and not (
                word in ("left", "right") and self._word(j - 1, token.segment) in _verbs()
            ):
                axis = "B" if word == "reverse" else en.DIRECTIONS[word]
                if axis in table:
                    return [(table[axis], self.tokens[j].start, token.end)]
            elif not word or word in _BREAKS or (word in _verbs() and word != "camera"):
                break
        if "" in table and verb.manner != "movement":
            return [(table[""], token.start, token.end)]
        return []

    def _ahead(self, i: int, verb: en.Verb) -> list[tuple[str, int]]:
        segment, table = self.tokens[i].segment, en.MANNERS[verb.manner]
        path: tuple[str, int] | None = None
        clear = True
        for j in range(i + 1, i + 10):
            word = self._word(j, segment)
            if (
                not word
                or word in _BREAKS
                or (word in _verbs() and word not in _SHOTLIKE and word not in en.DIRECTIONS)
            ):
                break
            axis = self._axis(j, verb, clear) if word in en.DIRECTIONS else ""
            if axis and axis in table:
                if axis not in en.PATHS:
                    return [self._reach(j, axis), *self._more(j, verb)]
                path = path or (axis, j)
            if (
                word not in en.FILLER
                and word not in en.STYLE
                and not word.endswith("ly")
                and word not in en.CAMERA
            ):
                clear = clear and word in en.DIRECTIONS
        return [path] if path else []

    def _reach(self, j: int, axis: str) -> tuple[str, int]:
        """ "From left to right" points right."""
        opposite = {"L": "R", "R": "L", "U": "D", "D": "U", "F": "B", "B": "F"}.get(axis)
        segment = self.tokens[j].segment
        for k in (j + 2, j + 3):
            between = [self._word(n, segment) for n in range(j + 1, k)]
            if between[0] == "to" and en.DIRECTIONS.get(self._word(k, segment)) == opposite is not None:
                return opposite, k
        return axis, j

    def _more(self, j: int, verb: en.Verb) -> list[tuple[str, int]]:
        """The second direction of "pans left and right" or "zoom in then out"."""
        segment = self.tokens[j].segment
        if self._word(j + 1, segment) not in ("and", "then"):
            return []
        k = j + 2
        while self._word(k, segment) in ("then", "to", "the", "slowly", "slightly", "back", "gently"):
            k += 1
        axis = en.DIRECTIONS.get(self._word(k, segment), "")
        if (
            not axis
            or axis in en.PATHS
            or axis not in en.MANNERS[verb.manner]
            or self._axis(k, verb, True) != axis
        ):
            return []
        return [] if axis == self._axis(j, verb, True) else [(axis, k)]

    def _axis(self, j: int, verb: en.Verb, clear: bool) -> str:
        """Which way the word at `j` points for this verb; empty where it names a place instead."""
        token = self.tokens[j]
        word, axis = token.word, en.DIRECTIONS[token.word]
        before, after = self._word(j - 1, token.segment), self._word(j + 1, token.segment)
        if axis in "LR":
            placed = self._word(j - 2, token.segment) in ("on", "at") or before in (
                "on",
                "at",
                "her",
                "his",
                "its",
            )
            named = after in en.POSITIONAL
            return (
                "" if placed or (named and "to" not in (before, self._word(j - 2, token.segment))) else axis
            )
        if (
            word in ("in", "out", "back", "up", "down", "over", "round", "around", "into", "away")
            and not clear
        ):
            return axis if axis == "O" and after else ""
        if word == "in" and after and after not in _IN_FOLLOW and not after.endswith("ly"):
            adjacent = before in verb.forms and not verb.weak
            return "F" if adjacent and verb.manner != "pan" and after not in ("slow", "a", "an") else ""
        if verb.manner == "pan" and axis in "FB":
            return axis if word in ("in", "out") else ""
        if verb.manner == "travel" and word in ("up", "down"):
            return self._slope(j, axis, after)
        return axis

    def _slope(self, j: int, axis: str, after: str) -> str:
        """ "Down the corridor" and "up close" lead forward."""
        segment = self.tokens[j].segment
        ahead = {self._word(k, segment) for k in range(j + 1, j + 5)}
        return "F" if after == "close" or (after in en.DETERMINERS and ahead & en.PATHLIKE) else axis
