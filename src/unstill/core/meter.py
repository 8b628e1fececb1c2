"""How far a job is, how long it will take, and how long each part of it may."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from unstill.core.worker import Tick, WorkerSettings
from unstill.domain.job import Progress

SHARES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "open": (0, 1),
        "translate": (0, 1),
        "load": (1, 5),
        "look": (5, 8),
        "source": (5, 8),
        "step": (8, 82),
        "decode": (82, 92),
        "retime": (82, 92),
        "upscale": (82, 92),
        "encode": (92, 94),
        "check": (92, 97),
        "finish": (97, 99),
    }
)
"""From where to where each stage takes the percentage of the whole job."""
MAIN = (8.0, 92.0)
"""Any other stage: an engine's frames."""
ENOUGH = 0.03
"""From this share of the main work on its own pace tells more than the plan's estimate."""


class Meter:
    """One attempt's progress."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        settings: WorkerSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._estimate = _number(plan.get("estimated_seconds"))
        steps = _number(plan.get("num_inference_steps")) or _number(plan.get("num_frames")) or 1.0
        self._step_s = self._estimate / steps
        self._began = monotonic()
        self._main_began: float | None = None
        self._percent, self._eta = 0.0, self._estimate

    @property
    def eta_s(self) -> float:
        """Seconds to go, as far as is known."""
        return self._eta

    def progress(self, tick: Tick) -> Progress:
        """A tick as progress of the whole job; the percentage never falls, and 100 is only the end's."""
        low, high = SHARES.get(tick.stage, MAIN)
        share = min(1.0, tick.done / tick.total) if tick.total else 0.0
        self._percent = max(self._percent, low + (high - low) * share)
        self._eta = self._left()
        return Progress(tick.stage, tick.done, tick.total, int(self._percent), round(self._eta, 1))

    def _left(self) -> float:
        now, (low, high) = self._monotonic(), MAIN
        if self._percent < low:
            return max(0.0, self._estimate - (now - self._began))
        if self._main_began is None:
            self._main_began = now
        share = (self._percent - low) / (high - low)
        if share < ENOUGH:
            return max(0.0, self._estimate - (now - self._began))
        return (now - self._main_began) * (100 - self._percent) / (self._percent - low)

    def allowed_s(self, stage: str, total: int) -> float:
        """How long a stage may go without moving on.

        What is done in one go (looking at a picture, decoding the finished file) may take as long as the
        whole was planned to.
        """
        s = self._settings
        if stage in ("open", "translate", "load"):
            return s.load_s
        return max(s.stage_s, s.stage_steps * self._step_s if total > 1 else self._estimate)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else 0.0
