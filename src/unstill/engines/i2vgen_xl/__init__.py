"""I2VGen-XL: video generated from a picture and a sentence, by diffusion.

Importing this costs nothing heavy; torch comes with the engine itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from unstill.core.ports import Engine, Estimate, Machine, Reading, Weights
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing
from unstill.engines.i2vgen_xl.card import CARD
from unstill.engines.i2vgen_xl.estimate import predict
from unstill.engines.i2vgen_xl.recipe import read_options
from unstill.engines.placement.allocator import choose_allocator
from unstill.engines.placement.quiet import hush
from unstill.engines.placement.words import foreign

if TYPE_CHECKING:
    from unstill.core.bench import BenchOrder, BenchRow, Heard
    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest

EXTRA = "diffusion"
LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
"""What the extra brings."""


class I2VGenXLFamily:
    """Fits `unstill.core.ports.EngineFamily`."""

    cards: Sequence[ModelCard] = (CARD,)

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        """Speed and scheduler; and whether the words are ones that the model was taught."""
        defaults, details, notes = read_options(request)
        return Reading(defaults, details, (*notes, *foreign(request.prompt, card)))

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        return predict(plan, machine)

    def lacks(self) -> str | None:
        return EXTRA if any(find_spec(name) is None for name in LIBRARIES) else None

    def engine(self, weights: Weights) -> Engine:
        """Raises `ExtraMissing` where torch and its company are not installed."""
        _prepare()
        from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine

        return I2VGenXLEngine(weights)

    def bench(self, order: BenchOrder, heard: Heard) -> Iterator[BenchRow]:
        """See `unstill.core.bench.Benchable`."""
        _prepare()
        from unstill.engines.i2vgen_xl.bench.rows import measure

        return measure(order, self, heard)


def _prepare() -> None:
    """What has to be before torch is imported. Raises `ExtraMissing`."""
    if any(find_spec(name) is None for name in LIBRARIES):
        raise ExtraMissing(name="diffusion")
    choose_allocator()
    hush()


family = I2VGenXLFamily()
