"""Today's open image-to-video models, by diffusers' own pipelines: one driver, and a row for each model.

Importing this costs nothing heavy; torch comes with the engine itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from unstill.core.ports import Engine, Estimate, Machine, Reading, Weights
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing
from unstill.engines.pipelines.estimate import predict, with_memory
from unstill.engines.pipelines.recipe import read_options
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rows import ROWS
from unstill.engines.placement.allocator import choose_allocator
from unstill.engines.placement.quiet import hush
from unstill.engines.placement.words import foreign

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest

EXTRA = "diffusion"
LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "ftfy", "sentencepiece")
"""What the extra brings, and every row needs."""


class PipelineFamily:
    """Fits `unstill.core.ports.EngineFamily`. A package of your own makes one of its rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        counted = [row if row.card.memory else with_memory(row) for row in rows]
        self._rows = {row.card.id: row for row in counted}
        self.cards: Sequence[ModelCard] = tuple(row.card for row in counted)

    def row(self, card: ModelCard) -> Row:
        return self._rows[card.id]

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        """Speed and quantisation; and whether the words are ones that the model was taught."""
        defaults, details, notes = read_options(request, self.row(card))
        return Reading(defaults, details, (*notes, *foreign(request.prompt, card)))

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        return predict(self.row(plan.card), plan, machine)

    def lacks(self) -> str | None:
        return EXTRA if any(find_spec(name) is None for name in LIBRARIES) else None

    def engine(self, weights: Weights) -> Engine:
        """Raises `ExtraMissing` where torch and its company are not installed."""
        if self.lacks() is not None:
            raise ExtraMissing(name=EXTRA)
        choose_allocator()
        hush()
        from unstill.engines.pipelines.engine import PipelineEngine

        return PipelineEngine(weights, self._rows)


family = PipelineFamily(ROWS)
