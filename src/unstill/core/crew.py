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


class Workforce(Protocol):
    """A `Crew` as the server starts and ends it."""

    def workers(self) -> Sequence[WorkerView]: ...

    def start(self) -> None: ...

    def wake(self) -> None:
        """There may be a job: look now."""

    def drain(self, grace_s: float) -> bool:
        """Claim no more, finish or give back what runs; whether all that is done."""


class Crew(Protocol):
    """Who makes the videos."""

    def workers(self) -> Sequence[WorkerView]: ...
