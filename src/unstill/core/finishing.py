"""What is done to an engine's frames before they are encoded: made larger, and more of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from unstill.core.ports import Anchor, Engine, Estimate, Machine, Sound, Sounding, Tick
from unstill.domain.catalog import ModelCard
from unstill.domain.notes import Note

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame


class Finisher(Protocol):
    """Turns the frames that came into those that the plan wants, as they come."""

    def estimate(self, plan: Plan, machine: Machine, engine: Estimate) -> Estimate:
        """What it costs on top of ``engine``; bytes of the same memory."""

    def frames(self, plan: Plan, drawn: Iterator[Frame], tick: Tick) -> Iterator[Frame]:
        """The frames, each made when it is asked for. The tick is told of every new one."""

    def unload(self) -> None:
        """Give the memory back."""


class Fetched(Finisher, Protocol):
    """A finisher whose networks' files do not come with the package."""

    @property
    def cards(self) -> Sequence[ModelCard]:
        """Its networks."""

    def require(self) -> None:
        """Raises why it cannot be used: see `Finishing.require`."""


@dataclass(frozen=True)
class Finishing:
    """What this installation can do after an engine; None for what it cannot."""

    retime: Finisher | None = None
    upscale: Fetched | None = None

    def of(self, plan: Plan) -> Sequence[Finisher]:
        """What a plan needs, in the order in which it is done: larger frames, then more of them."""
        wanted = (plan.enlarged > 1 and self.upscale, plan.retimed > 1 and self.retime)
        return [finisher for finisher in wanted if finisher]

    def require(self, plan: Plan) -> None:
        """Make sure that what a plan needs afterwards is here.

        Raises:
            ExtraMissing: its libraries are not installed.
            WeightsMissing, WeightsIncomplete, WeightsUnsafe, WeightsDamaged: its files are not to be had.
        """
        if plan.enlarged > 1 and self.upscale is not None:
            self.upscale.require()

    def card(self, model: str) -> ModelCard | None:
        """The card of a network that is fetched as models are, by its id."""
        cards = self.upscale.cards if self.upscale is not None else ()
        return next((card for card in cards if card.id == model), None)

    def estimated(self, plan: Plan, machine: Machine, engine: Estimate) -> Estimate:
        """The engine's estimate and all that follows."""
        whole = engine
        for finisher in self.of(plan):
            more = finisher.estimate(plan, machine, whole)
            whole = replace(
                whole, seconds=whole.seconds + more.seconds, peak_bytes=whole.peak_bytes + more.peak_bytes,
                details={**whole.details, **more.details}, notes=(*whole.notes, *more.notes),
            )  # fmt: skip
        return whole


class Finished:
    """An engine whose frames are what a plan says in the end. Fits `Engine` and `Sounding`."""

    def __init__(self, engine: Engine, finishing: Finishing) -> None:
        self.engine, self._finishing = engine, finishing

    def load(self, plan: Plan) -> None:
        self.engine.load(plan.drawn)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        frames = self.engine.frames(plan.drawn, anchor, tick)
        for finisher in self._finishing.of(plan):
            frames = finisher.frames(plan, frames, tick)
        return frames

    def notes(self) -> Sequence[Note]:
        return self.engine.notes()

    def sound(self) -> Sound | None:
        """The engine's own: more and larger frames last as long."""
        return self.engine.sound() if isinstance(self.engine, Sounding) else None

    def unload(self) -> None:
        self.engine.unload()
