"""The job store as the rest of the house sees it: what may happen to a job, and in which order.

A claim is a lease on one job, fenced by the job's attempt number. Every write of a worker names its claim
and is refused (`LeaseLost`) once the job went back to the queue, was claimed anew, or is settled. A lease
that ran out, of a job that nobody took back yet, may still be renewed and settled under: nobody else can be
at work on it, and finished work is not thrown away. One suite of tests runs over every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from unstill.domain.job import Failure, Input, Job, Output, Progress, State
from unstill.domain.notes import Note
from unstill.domain.service_errors import StoreBusy, StoreFailed, StoreFull

LEASE_S = 20.0
"""Seconds a claim lasts without being renewed."""
KEEP_KEYS_S = 24 * 3600.0
"""Seconds an idempotency key is remembered."""


PASSING = (StoreBusy, StoreFull, StoreFailed)
"""What a store may raise now and not in a while: another has it, or the disk is full or fails. Nothing was
stored."""


def leave(names: Collection[str]) -> None:
    """For where files are somebody else's care."""


class LeaseLost(Exception):
    """The claim is no longer the job's: whatever was made under it is to be dropped."""


@dataclass(frozen=True)
class Idempotency:
    """A client's own name for a request, and the digest of what it asked for (a drawn seed left out)."""

    key: str
    digest: str


@dataclass(frozen=True)
class NewJob:
    """What is known of a job before it is stored."""

    id: str
    owner: str
    request: Mapping[str, Any]
    plan: Mapping[str, Any]
    input: Input
    notes: tuple[Note, ...] = ()
    kind: str = "generate"
    source: str | None = None
    priority: int = 0
    idempotency: Idempotency | None = None
    needs_bytes: int | None = None
    """The least memory of a device that can make it; None where any can."""
    deadline_s: float | None = None
    """Seconds from now on after which it is of no more use."""


@dataclass(frozen=True)
class Limits:
    """How many jobs may wait, in all and of one owner."""

    queued: int = 50
    queued_per_owner: int = 10


@dataclass(frozen=True)
class Reach:
    """Which of the waiting jobs of its models a worker may take."""

    memory_bytes: int | None = None
    """Its device's: jobs that need more are left to others. None: whatever there is."""
    running_per_owner: int | None = None
    """How many jobs of one API key may be in progress at a time, on all workers; None: any number."""


ANY = Reach()


@dataclass(frozen=True)
class Claim:
    """The right to write to one job for a while."""

    job_id: str
    attempt: int
    worker: str


@dataclass(frozen=True)
class Page:
    """Part of a list; ``more`` says whether there is another part behind it."""

    jobs: tuple[Job, ...]
    more: bool


@dataclass(frozen=True)
class Counts:
    """The queue in numbers, for metrics and readiness. Ages in seconds."""

    by_state: Mapping[State, int] = field(default_factory=dict)
    oldest_wait_s: float = 0.0
    failures: Mapping[str, int] = field(default_factory=dict)


class Clock(Protocol):
    """Two clocks: one that people read, and one that never jumps and that leases go by."""

    def wall(self) -> float:
        """Seconds since 1970. May jump."""

    def steady(self) -> float:
        """Seconds since this computer started; goes on while it sleeps, never back."""

    def boot(self) -> str:
        """Names the start that `steady` counts from. A lease of another boot has run out."""


class JobStore(Protocol):
    """Durable jobs. Every call is one transaction; a busy database raises `StoreBusy` after a while."""

    def add(self, new: NewJob, limits: Limits) -> tuple[Job, bool]:
        """Store a queued job. With a known idempotency key and the same digest: the job there is, and False.

        Raises:
            IdempotencyMismatch: the key was used for something else.
            QueueFull, OwnerQueueFull: too many wait.
        """

    def find(self, owner: str, idempotency: Idempotency) -> Job | None:
        """The job that `add` would answer with for a known key, deleted or not; None for any other key.
        Writes nothing, so that it answers on a full disk and beside a writer.

        Raises:
            IdempotencyMismatch: the key was used for something else.
        """

    def get(self, job_id: str, owner: str | None = None, *, deleted: bool = False) -> Job:
        """One job; with an owner only that owner's. Raises `VideoNotFound`."""

    def page(
        self,
        owner: str | None = None,
        *,
        after: str | None = None,
        limit: int = 20,
        newest_first: bool = True,
        states: Collection[State] = (),
        text: str = "",
        model: str | None = None,
    ) -> Page:
        """Jobs that are not deleted, in the order of their numbers, those behind ``after``.

        Raises:
            VideoNotFound: ``after`` is no job of this owner.
        """

    def waiting_before(self, job_id: str) -> int:
        """How many queued jobs will be claimed before this one; 0 for the next and for jobs not queued."""

    def counts(self) -> Counts: ...

    def claim(
        self, worker: str, models: Collection[str], lease_s: float = LEASE_S, reach: Reach = ANY
    ) -> tuple[Job, Claim] | None:
        """The next queued job of one of these models, now in progress under a new attempt, or None.

        Of the jobs of the highest priority, owners' come in turn; an owner's own in the order they came in.
        """

    def waiting(self, models: Collection[str], reach: Reach = ANY) -> Mapping[str, int]:
        """How many jobs of each of these models wait that such a worker could claim now."""

    def refuse(self, models: Collection[str], largest_bytes: int, facts: Mapping[str, Any]) -> list[Job]:
        """Fail as ``fits_no_device`` the jobs of these models that wait and need more memory than the largest
        device has; the failure carries these facts, and in words what the job needs."""

    def renew(self, claim: Claim, lease_s: float = LEASE_S) -> bool:
        """Keep the lease; True when a cancel was asked for. Raises `LeaseLost`."""

    def report(self, claim: Claim, progress: Progress) -> bool:
        """Store progress; True when a cancel was asked for. Raises `LeaseLost`."""

    def complete(self, claim: Claim, output: Output, notes: Sequence[Note]) -> Job:
        """Settle as completed, with all notes of the result; as cancelled, without output, where a cancel was
        asked for until now. Raises `LeaseLost`."""

    def fail(self, claim: Claim, failure: Failure) -> Job:
        """Settle as failed, or as cancelled where that was asked for. Raises `LeaseLost`."""

    def stopped(self, claim: Claim) -> Job:
        """Settle as cancelled: the worker heeded a cancel. Raises `LeaseLost`."""

    def give_back(self, claim: Claim, *, crashed: bool) -> Job:
        """Back to the queue. A crash is counted, and the last one that a job may have fails it as
        ``worker_crashed``; a cancel asked for meanwhile is carried out. Raises `LeaseLost`."""

    def free_all(self) -> list[Job]:
        """Back to the queue with everything in progress, uncounted: for a server that starts alone."""

    def expire(self, *, leases: bool = True) -> list[Job]:
        """With ``leases`` back to the queue with jobs whose lease ran out, as crashed; and what is not
        settled at its deadline fails as ``deadline_passed``, whoever is at it."""

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """A queued job is cancelled at once, one in progress is asked to stop. Raises `VideoNotFound`,
        `AlreadyFinal`."""

    def delete(self, job_id: str, owner: str | None = None) -> Job:
        """Hide a job (and cancel it, if it is not settled); `restore` brings it back until it is purged."""

    def restore(self, job_id: str, owner: str | None = None) -> Job: ...

    def purge(self, keep_s: float, remove: Callable[[Collection[str]], None] = leave) -> list[Job]:
        """Forget settled jobs that were deleted longer ago than ``keep_s`` seconds. No jump of the wall clock
        brings that about early.

        ``remove`` is given the files that no job has any more, and is done before the rows are gone: a kill
        in between leaves a row without files, which goes with the next purge, and never a video that nobody
        knows to be deleted.
        """

    def files(self) -> set[str]:
        """Every file that a row refers to, relative to the data folder."""

    def backup(self, target: Path) -> None:
        """A consistent copy, while in use."""

    def check(self) -> None:
        """A write and a read that prove the store works. Raises what is wrong."""

    def close(self) -> None: ...
