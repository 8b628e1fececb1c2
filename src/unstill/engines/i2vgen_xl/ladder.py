"""Down the rungs when memory runs out, and on from where the work was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from unstill.core.out_of_memory import is_out_of_memory
from unstill.domain.errors import OutOfMemory
from unstill.domain.notes import Note, note
from unstill.engines.i2vgen_xl.rungs import WORDS, Rung

Done = TypeVar("Done")
STAGES = {"look": ("preparing", "准备"), "step": ("denoising", "去噪"), "decode": ("decoding", "解码")}
"""The stages of a clip, as notes say them."""


class Ladder:
    """The rung that a clip is at."""

    def __init__(self, rungs: Sequence[Rung], start: Rung, clear: Callable[[], None]) -> None:
        """``clear`` frees whatever a failed piece of work has left."""
        self._left = [rung for rung in rungs if rung >= start] or list(rungs[-1:])
        self._clear = clear
        self.notes: list[Note] = []

    def planned(self, placement: object) -> None:
        """Say where the clip begins, if that is not what its plan said."""
        if isinstance(placement, str) and placement != self.rung.name.lower():
            how, how_zh = WORDS[self.rung]
            self.notes = [*self.notes, note("placed_anew", how=how, how_zh=how_zh)]

    @property
    def rung(self) -> Rung:
        return self._left[0]

    def attempt(self, stage: str, work: Callable[[Rung], Done]) -> Done:
        """Do ``work`` at the present rung; where memory runs out, again at the next.

        Raises:
            OutOfMemory: the lowest rung needs too much as well.
        """
        while True:
            try:
                return work(self.rung)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            self._step_down(stage)  # out of the handler: until here the error's frames hold on to memory

    def _step_down(self, stage: str) -> None:
        self._clear()
        if len(self._left) == 1:
            raise OutOfMemory
        self._left.pop(0)
        (how, how_zh), (said, said_zh) = WORDS[self.rung], STAGES[stage]
        facts = {"stage": said, "stage_zh": said_zh}
        if self.rung.narrows:
            self.notes = [*self.notes, note("memory_narrowed", **facts)]
        else:
            self.notes = [*self.notes, note("memory_stepped_down", **facts, how=how, how_zh=how_zh)]
