"""The workers as the outside may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class WorkerView:
    """One worker process and its device. Age in seconds, memory in bytes."""

    name: str
    device: str
    state: str
    """ "idle", "busy", "starting", "quarantined", "asleep" (no process; one starts with the next job)."""
    tick_age_s: float
    """Since it, or the supervisor that would start it, was last heard of."""
    job_id: str | None = None
    restarts: int = 0
    peak_bytes: int = 0

    @property
    def usable(self) -> bool:
        return self.state != "quarantined"


class Crew(Protocol):
    """Who makes the videos."""

    def workers(self) -> Sequence[WorkerView]: ...
