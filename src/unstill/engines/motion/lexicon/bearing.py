"""Bearing: which way an English camera verb points, and the move it then means."""

from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.text import words
from unstill.engines.motion.lexicon.tokens import BREAKS, SHOTLIKE, Token, camera_verbs, word_at

_IN_FOLLOW = words(
    "on to toward towards for from closer close tight tightly slow slowly until over and with at as "
    "through very smoothly gently while then quickly near nearer again during along past by or but before "
    "ever just nice nicely"
)


class Bearing:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found

    def _word(self, i: int, segment: int) -> str:
        return word_at(self.tokens, i, segment)

    def ways(self, i: int, verb: en.Verb) -> list[tuple[str, int, int]]:
        """Moves the verb means, each with the span that says so; more than one in "zooms in and out"."""
        token, table = self.tokens[i], en.MANNERS[verb.manner]
        ahead = self.ahead(i, verb)
        if ahead:
            return [(table[axis], token.start, self.tokens[j].end) for axis, j in ahead]
        for j in (i - 1, i - 2, i - 3):
            word = self._word(j, token.segment)
            if word in en.BEFORE and not (
                word in ("left", "right") and self._word(j - 1, token.segment) in camera_verbs()
            ):
                axis = "B" if word == "reverse" else en.DIRECTIONS[word]
                if axis in table:
                    return [(table[axis], self.tokens[j].start, token.end)]
            elif not word or word in BREAKS or (word in camera_verbs() and word != "camera"):
                break
        if "" in table and verb.manner != "movement":
            return [(table[""], token.start, token.end)]
        return []

    def ahead(self, i: int, verb: en.Verb) -> list[tuple[str, int]]:
        segment, table = self.tokens[i].segment, en.MANNERS[verb.manner]
        path: tuple[str, int] | None = None
        clear = True
        for j in range(i + 1, i + 10):
            word = self._word(j, segment)
            if (
                not word
                or word in BREAKS
                or (word in camera_verbs() and word not in SHOTLIKE and word not in en.DIRECTIONS)
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
        if verb.manner in ("travel", "fly") and word in ("up", "down"):
            return self._slope(j, axis, after)
        return axis

    def _slope(self, j: int, axis: str, after: str) -> str:
        """ "Down the corridor" and "up close" lead forward."""
        segment = self.tokens[j].segment
        ahead = {self._word(k, segment) for k in range(j + 1, j + 5)}
        return "F" if after == "close" or (after in en.DETERMINERS and ahead & en.PATHLIKE) else axis
