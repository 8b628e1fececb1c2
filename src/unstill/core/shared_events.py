"""News of jobs where several servers share a store: what others change is told here, too."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from unstill.core.events import Events
from unstill.core.queue import JobStore
from unstill.domain.job import Job, Progress, State
from unstill.domain.service_errors import VideoNotFound

KNOWN = 10_000
"""Jobs of which is kept what was told last. One that fell out is read once more than needed."""
MINE_S = 2.0
"""A job whose progress this server told so lately is its own: it need not hear of it."""


@dataclass
class _Told:
    revision: int = -1
    standing: tuple[object, ...] = ()
    is_open: bool = True
    mine_at: float = float("-inf")


class SharedEvents(Events):
    """`heard` takes revisions by job id from wherever servers hear of each other. A job is read where a newer
    revision than the told one is heard of; ``wake`` is called when one waits."""

    def __init__(self, store: JobStore, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._store, self._monotonic = store, monotonic
        self.wake: Callable[[], None] = lambda: None
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._telling = threading.Lock()

    def changed(self, job: Job) -> None:
        with self._telling:
            self._note(job)
        super().changed(job)

    def progressed(self, job_id: str, progress: Progress) -> None:
        with self._telling:
            self._of(job_id).mine_at = self._monotonic()
        super().progressed(job_id, progress)

    def heard(self, revisions: Mapping[str, int]) -> None:
        """Others changed these, or we did."""
        for job_id, revision in revisions.items():
            with self._telling:
                told = self._of(job_id)
                known = revision <= told.revision or self._monotonic() - told.mine_at < MINE_S
            if not known:
                self._look(job_id)

    def missed(self) -> None:
        """Nothing could be heard for a while: every job that was not settled is looked at."""
        with self._telling:
            ids = [job_id for job_id, told in self._told.items() if told.is_open]
        for job_id in ids:
            self._look(job_id)
        self.wake()

    def _look(self, job_id: str) -> None:
        try:
            job = self._store.get(job_id, deleted=True)
        except VideoNotFound:  # purged meanwhile
            with self._telling:
                self._told.pop(job_id, None)
            return
        with self._telling:
            is_new = self._note(job)
        if is_new:
            super().changed(job)
        if job.state is State.IN_PROGRESS and job.progress is not None:
            super().progressed(job.id, job.progress)
        if job.state is State.QUEUED:
            self.wake()

    def _note(self, job: Job) -> bool:
        """Whether more than its progress is new."""
        told = self._of(job.id)
        standing = (job.state, job.attempt, job.cancel_requested, job.deleted_at)
        is_new = standing != told.standing
        told.revision = max(told.revision, job.revision)
        told.standing, told.is_open = standing, not job.state.is_final
        return is_new

    def _of(self, job_id: str) -> _Told:
        told = self._told.setdefault(job_id, _Told())
        self._told.move_to_end(job_id)
        while len(self._told) > KNOWN:
            self._told.popitem(last=False)
        return told
