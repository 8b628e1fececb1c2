"""The engine: from a plan and a picture to frames, one clip at a time, the model kept warm in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.core.ports import Anchor, Tick, Weights
from unstill.domain.notes import Note
from unstill.engines.i2vgen_xl.acceleration import Accelerator, mode_for
from unstill.engines.i2vgen_xl.checkpoint import open_checkpoint
from unstill.engines.i2vgen_xl.conditioning import Conditioner
from unstill.engines.i2vgen_xl.estimate import rung_for
from unstill.engines.i2vgen_xl.hardware import Hardware, this_hardware
from unstill.engines.i2vgen_xl.ladder import Ladder
from unstill.engines.i2vgen_xl.lesson import Lesson
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.recipe import recipe_of
from unstill.engines.i2vgen_xl.rungs import Rung, allowed
from unstill.engines.i2vgen_xl.take import Take

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame


@dataclass(frozen=True)
class Loaded:
    """A checkpoint that is in memory."""

    folder: Path
    conditioner: Conditioner

    @property
    def parts(self) -> Parts:
        return self.conditioner.parts


class I2VGenXLEngine:
    """Fits `unstill.core.ports.Engine`. Keeps the model and what it made of words and pictures."""

    def __init__(self, weights: Weights, hardware: Hardware | None = None) -> None:
        self._weights, self._hardware = weights, hardware or this_hardware()
        self._loaded: Loaded | None = None
        self._accelerators: dict[str, Accelerator] = {}
        self._notes: tuple[Note, ...] = ()

    def load(self, plan: Plan) -> None:
        """Read the checkpoint, where it is not the one in memory.

        Raises:
            WeightsMissing, WeightsIncomplete, WeightsDamaged, WeightsUnsafe: it cannot be had.
        """
        self._ready(plan)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        """See `Engine.frames`. Ticks with the stages "look", "step" and "decode".

        Raises besides `OutOfMemory` where no rung of the ladder fits, and `BadOutput` where the numbers
        overflow.
        """
        self._notes = ()
        loaded = self._ready(plan)
        rungs = allowed(self._hardware.rungs, exact=recipe_of(plan).exact)
        ladder = Ladder(rungs, self._first_rung(plan), self._clear)
        if self._hardware.is_cuda:
            ladder.planned(plan.details.get("placement"))
        accelerator = self._accelerator(plan)
        take = Take(plan, loaded.conditioner, ladder, accelerator)
        lesson = Lesson(plan, loaded.parts, ladder, accelerator)
        try:
            yield from take.frames(anchor, tick)
        except BaseException:
            self._clear()
            raise
        finally:
            self._notes = tuple(take.notes)
        loaded.parts.rest()
        lesson.learn()

    def notes(self) -> Sequence[Note]:
        return self._notes

    def unload(self) -> None:
        if self._loaded is not None:
            self._loaded.parts.clear()
        self._loaded = None
        self._accelerators.clear()
        self._hardware.give_back()

    def _ready(self, plan: Plan) -> Loaded:
        folder = self._weights.folder(plan.card)
        if self._loaded is None or self._loaded.folder != folder:
            self.unload()
            parts = Parts(open_checkpoint(folder, plan.model, self._hardware.dtype), self._hardware)
            self._loaded = Loaded(folder, Conditioner(parts))
        return self._loaded

    def _first_rung(self, plan: Plan) -> Rung:
        """The best that should fit into a graphics card's memory as it is now, or else what was planned."""
        planned, hardware = plan.details.get("placement"), self._hardware
        available = hardware.available_bytes()
        if available is not None:
            return rung_for(plan, hardware.rungs, available, hardware.value_bytes, hardware.name)
        if isinstance(planned, str) and planned.upper() in Rung.__members__:
            return Rung[planned.upper()]
        return hardware.rungs[0]

    def _accelerator(self, plan: Plan) -> Accelerator:
        mode = mode_for(plan, self._hardware)
        return self._accelerators.setdefault(mode, Accelerator(mode))

    def _clear(self) -> None:
        """Free whatever work that failed has left."""
        if self._loaded is not None:
            self._loaded.parts.rest()
        self._hardware.give_back()
