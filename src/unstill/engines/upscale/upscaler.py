"""The upscaler of one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from unstill.core.ports import Estimate, Machine, Tick, Weights
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing, UnstillError
from unstill.engines.upscale.cards import ANIME_VIDEO, CARDS, X4PLUS

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame
    from unstill.engines.upscale.enlarging import Enlarging

STAGE = "upscale"
EXTRA = "diffusion"
MULTIPLICATIONS = {X4PLUS.id: 17.9e6, ANIME_VIDEO.id: 0.62e6}
"""For each pixel of a frame before it is enlarged, by the layers' sizes."""
CPU_RATE, CARD_RATE = 2e10, 3e12
"""Multiplications a second: of one core, and of a graphics card. Reckoned, not measured."""
PARALLEL = 16
BASE_BYTES, BYTES_PER_PIXEL = 700 << 20, {X4PLUS.id: 3200, ANIME_VIDEO.id: 1200}
"""Weights and one tile being enlarged; planes of the first stage and the finished frame. Reckoned."""


class Upscaler:
    """Fits `unstill.core.finishing.Finisher`."""

    cards: Sequence[ModelCard] = CARDS

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._enlarging: Enlarging | None = None

    def require(self) -> None:
        """Raises `ExtraMissing`, or why no network's files can be had (`WeightsMissing` and others)."""
        if find_spec("torch") is None or find_spec("safetensors") is None:
            raise ExtraMissing(param=STAGE, name=EXTRA)
        try:
            self._weights.folder(self._card())
        except UnstillError as error:
            facts: dict[str, Any] = dict(error.facts)
            raise type(error)(param=STAGE, **facts) from error

    def estimate(self, plan: Plan, machine: Machine, engine: Estimate) -> Estimate:  # noqa: ARG002 the port's
        """What it costs beside the engine. The details say which network, and where."""
        card, pixels = self._card(), plan.drawn.width * plan.drawn.height
        device = machine.device if machine.device.startswith("cuda") else "cpu"
        cores = max(1.0, min(machine.cores, PARALLEL))
        rate = CARD_RATE if device != "cpu" else CPU_RATE * cores
        seconds = plan.drawn.num_frames * pixels * MULTIPLICATIONS[card.id] / rate
        peak = BASE_BYTES + BYTES_PER_PIXEL[card.id] * pixels
        return Estimate(seconds, peak, details={STAGE: {"model": card.id, "device": device}})

    def frames(self, plan: Plan, drawn: Iterator[Frame], tick: Tick) -> Iterator[Frame]:
        """The frames that came, ``plan.enlarged`` times as wide and high. Raises as `require`."""
        self.require()
        return self._larger(plan, drawn, tick)

    def _larger(self, plan: Plan, drawn: Iterator[Frame], tick: Tick) -> Iterator[Frame]:
        total, enlarging = plan.drawn.num_frames, None
        for number, frame in enumerate(drawn):
            tick(STAGE, number, total)
            if enlarging is None:  # not before the model is done with the memory it takes for its first frame
                enlarging = self._on(str(plan.details[STAGE]["device"]))
            yield enlarging.enlarged(frame, plan.enlarged)
            tick(STAGE, number + 1, total)

    def unload(self) -> None:
        self._enlarging = None

    def _card(self) -> ModelCard:
        """The network whose files are here; the first where none is."""
        for card in CARDS:
            try:
                self._weights.folder(card)
            except UnstillError:
                continue
            return card
        return X4PLUS

    def _on(self, device: str) -> Enlarging:
        from unstill.engines.upscale.enlarging import Enlarging

        card, known = self._card(), self._enlarging
        if known is None or (known.card.id, known.device) != (card.id, device):
            self._enlarging = known = Enlarging(card, self._weights.folder(card), device)
        return known
