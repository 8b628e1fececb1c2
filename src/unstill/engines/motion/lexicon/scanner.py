"""English camera moves: find a verb, ask who is moving, look where it points.

English names a move by a verb and a direction that may stand apart ("pan the camera slowly to the left"),
and the same verbs serve the people in the picture; so this reads tokens, not patterns.
"""

from typing import NamedTuple

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.bearing import Bearing
from unstill.engines.motion.lexicon.cues import Hit
from unstill.engines.motion.lexicon.text import words
from unstill.engines.motion.lexicon.tokens import BREAKS, SHOTLIKE, Token, camera_verbs, tokens, word_at

_ANCHORS = words("on in from at mounted above behind attached inside near rig")
_HEAVENLY = words("earth planet sun mars moon jupiter saturn star galaxy nucleus")
_TRANSITIVE = words(
    "lift lower turn move drop raise spin rotate push pull slide swing roll shift bring sweep shake "
    "sink punch whip look back pan draw"
)
_NEEDS_PARTNER = frozenset(("crane", "boom", "jib", "pedestal", "arc", "ped", "crab", "truck", "whip"))
_SCREEN = words("camera cam shot view viewpoint lens drone frame gimbal perspective")


class Deed(NamedTuple):
    """A move made by something in the picture: understood, and beyond this engine."""

    start: int
    end: int


def scan(text: str) -> tuple[list[Hit], list[Deed]]:
    """Camera moves and subject moves of a folded English text."""
    scanner = _Scanner(tokens(text))
    for index, token in enumerate(scanner.tokens):
        scanner.meet(index, token)
    return scanner.hits, scanner.deeds


class _Scanner:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.bearing = Bearing(found)
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
        verb = camera_verbs().get(token.word)
        if verb is None or (self.hits and token.start < self.hits[-1].end):
            return
        who, head = self._subject(i)
        ways = self.bearing.ways(i, verb)
        if self._is_camera(i, verb, who, head, ways):
            rank = self._rank(i, verb, who)
            for move, start, end in ways:
                # A second direction ("in and out") must not overlap the first.
                start = max(start, self.hits[-1].end) if self.hits else start
                self.hits.append(Hit(start, end, move, rank=rank))
        elif (
            who == "other"
            and (verb.weak or token.word.endswith("s"))
            and any(end > token.end for _, _, end in ways)
        ):
            self.deeds.append(Deed(token.start, ways[-1][2]))

    def _rank(self, i: int, verb: en.Verb, who: str) -> int:
        """ "..., gliding over the roofs" says more of a move already named, or names one if none was."""
        ahead = self.bearing.ahead(i, verb)
        if any(axis not in en.PATHS for axis, _ in ahead):
            return 3
        if verb.manner in ("track", "follow"):
            return 2
        return 1 if ahead and who == "none" and verb.weak and self.tokens[i].word.endswith("ing") else 3

    def _word(self, i: int, segment: int) -> str:
        return word_at(self.tokens, i, segment)

    def _opens_clause(self, i: int) -> bool:
        segment = self.tokens[i].segment
        for j in range(i - 1, max(-1, i - 6), -1):
            word = self._word(j, segment)
            if not word or word in BREAKS:
                return True
            if (
                word in en.PREPOSITIONS
                or word in en.CAMERA
                or (word in camera_verbs() and self.actor == "camera")
            ):
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
            if word in BREAKS:
                return ("style" if style else "none"), word
            if word in en.FILLER or word.endswith("ly") or word in en.BEFORE:
                continue
            if word in en.STYLE or word.isdigit():
                style = True
                continue
            if word in en.DIRECTIONS or word in camera_verbs():
                return ("style" if style else "none"), "and"
            return self._noun(j, word)
        return ("style" if style else "none"), ""

    def _noun(self, j: int, word: str) -> tuple[str, str]:
        """A noun is the subject, unless it only says where the camera is ("the camera on rails moves")."""
        segment = self.tokens[j].segment
        for k in range(j - 1, max(-1, j - 10), -1):
            before = self._word(k, segment)
            if not before or before in BREAKS or before in camera_verbs():
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
            or follow in SHOTLIKE
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
        if follow in SHOTLIKE and who != "other":
            return stem != "movement" or pointed
        if who == "other":
            return False
        if not pointed and not self._commanded(i, who, follow):
            # "A slow rise" stands alone; "a slow drift" names no way to go.
            return (
                who == "style"
                and not follow
                and stem in ("rise", "ascend", "descend", "retreat", "approach")
                and token.word != stem + "s"
            )
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
        known = en.DIRECTIONS.keys() | en.PREPOSITIONS | en.DETERMINERS | SHOTLIKE | en.FILLER
        return follow not in known and not follow.endswith("ly")

    def _commanded(self, i: int, who: str, follow: str) -> bool:
        """ "Circle the statue", "rising over the town": no direction, yet an order to the camera."""
        word = self.tokens[i].word
        verb = camera_verbs()[word]
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
