"""The first-run matrix: what a newcomer meets, each met for real, and how it ends.

A situation is a function of an empty folder. It returns how it ended, raises AssertionError where that was
badly, and NotHere where this machine has not got what it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ending:
    """Good ends only: it ``works``, or what the newcomer was ``told`` and the ``fix`` that made it work."""

    works: bool
    told: str = ""
    fix: str = ""

    def __post_init__(self) -> None:
        assert self.works or (self.told and self.fix), "what does not simply work names its fix"


class NotHere(Exception):
    """This machine has not got what the situation takes; the words say what."""


@dataclass(frozen=True)
class Situation:
    """``group`` is the heading of its table, ``title`` what a newcomer would call it."""

    id: str
    title: str
    group: str
    meet: Callable[[Path], Ending]


SITUATIONS: dict[str, Situation] = {}


def situation(
    id: str,  # noqa: A002  # as people write it
    title: str,
    group: str,
) -> Callable[[Callable[[Path], Ending]], Callable[[Path], Ending]]:
    """Enters the function in the matrix under ``id``, which stays what it is for ever."""

    def entered(meet: Callable[[Path], Ending]) -> Callable[[Path], Ending]:
        assert id not in SITUATIONS, f"two situations are called {id}"
        SITUATIONS[id] = Situation(id, title, group, meet)
        return meet

    return entered
