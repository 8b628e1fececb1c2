"""The one place where a job that was worked on is settled, or goes back to the queue."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Protocol, assert_never

from unstill.core.attempt import Crashed, Hung, Outcome, Unheeding
from unstill.core.carry_out import small_pictures
from unstill.core.lease import Lease
from unstill.core.queue import PASSING, JobStore, LeaseLost
from unstill.core.storage import Storage
from unstill.core.worker import Done, Failed, Stopped, Task
from unstill.domain.job import MAX_CRASHES, Failure, Job, Output, Progress, State
from unstill.domain.notes import Note
from unstill.domain.service_errors import StorageFailed, WorkerHung

LOG = logging.getLogger(__name__)
AGAIN_S = 0.5
"""Between tries on a store that does not take it."""
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
STOP_S = 1.0
"""A service manager signals server and workers at once: how much later the server's part may come."""
LATER = {"prompt_translated": "prompt_to_translate"}
"""Notes of the result, and those of the plan that have had their time then."""
SAID_ONCE = frozenset({"memory_tight"})
"""Notes whose figures differ from look to look: the plan's own stands."""


class News(Protocol):
    """Who is to hear of jobs: `unstill.core.events.Events` fits. Called from dispatchers' threads."""

    def changed(self, job: Job) -> None: ...

    def progressed(self, job_id: str, progress: Progress) -> None: ...

    def previewed(self, job_id: str, jpeg: bytes) -> None: ...


@dataclass(frozen=True)
class Work:
    """A job under its lease, and the task made of it."""

    job: Job
    lease: Lease
    task: Task


class Settler:
    """Writes outcomes to the store; the store's fence decides whether they count."""

    def __init__(self, store: JobStore, storage: Storage, news: News, stopping: threading.Event) -> None:
        self._store, self._storage, self._news, self._stopping = store, storage, news, stopping

    def settle(self, work: Work, outcome: Outcome) -> None:
        """Settle and tell; nothing but a completed job keeps files."""
        job, claim = None, work.lease.claim
        try:
            job = self._insisting(work, outcome)
        except LeaseLost:
            LOG.warning(
                "job %s: attempt %d is out of date; what it made is dropped", claim.job_id, claim.attempt
            )
        if job is None or job.state is not State.COMPLETED:
            self._discard(work.task)
        if job is not None:
            _log(outcome, job, claim.worker)
            self._news.changed(job)

    def _insisting(self, work: Work, outcome: Outcome) -> Job:
        """A store that is busy, or has no room, is asked until it answers; once the server stops, a little
        longer."""
        last, said = False, ""
        while True:
            try:
                return self._end(work, outcome)
            except (*PASSING, StorageFailed) as error:
                if last:
                    raise
                if error.code != said:
                    LOG.warning("job %s: its end cannot be stored (%s); trying on", work.job.id, error.code)
                said, last = error.code, self._stopping.wait(AGAIN_S)

    def _end(self, work: Work, outcome: Outcome) -> Job:
        store, claim = self._store, work.lease.claim
        if work.lease.cancelled:  # it was promised, whatever came of the work
            return store.stopped(claim)
        match outcome:
            case Done():
                return self._finish(work, outcome)
            case Failed():
                return store.fail(claim, Failure(outcome.code, outcome.facts))
            case Stopped() | Unheeding():
                return store.give_back(claim, crashed=not self._stopping.is_set())
            case Crashed():
                return store.give_back(claim, crashed=not self._is_the_servers_end(outcome))
            case Hung():
                if work.job.crashes + 1 >= MAX_CRASHES and not (
                    work.lease.cancelled or self._stopping.is_set()
                ):
                    facts = {"stage": outcome.stage, "seconds": outcome.seconds}
                    return store.fail(claim, Failure(WorkerHung.code, facts))
                return store.give_back(claim, crashed=not self._stopping.is_set())
            case _:
                assert_never(outcome)

    def _finish(self, work: Work, done: Done) -> Job:
        claim = work.lease.claim
        work.lease.renew()
        if work.lease.cancelled:
            return self._store.stopped(claim)
        if not self._is_there(work.task, done):
            LOG.error("job %s: the file is not what worker %s said it made", claim.job_id, claim.worker)
            return self._store.give_back(claim, crashed=True)
        output = self._output(done)
        self._storage.keep(output.files())
        return self._store.complete(claim, output, _together(work.job.notes, done.notes))

    def _output(self, done: Done) -> Output:
        def name(path: str | None) -> str | None:
            return None if path is None else Path(path).relative_to(self._storage.root).as_posix()

        return Output(
            file=name(done.path) or "",
            size_bytes=done.size_bytes,
            sha256=done.sha256,
            elapsed_s=done.elapsed_s,
            peak_bytes=done.peak_bytes,
            thumbnail=name(done.thumbnail),
            spritesheet=name(done.spritesheet),
            last_frame=name(done.last_frame),
            sound=done.sound,
        )

    def _is_there(self, task: Task, done: Done) -> bool:
        """Whether the files are the attempt's own and the video is what the worker wrote.

        The worker has decoded the file, made it durable and taken its digest. That nobody wrote to it since,
        its size and time of change say; reading all of it again would only say so at the cost of a second
        look. A file that a worker of another machine put into the storage is known by its digest there.
        """
        target = Path(task.target)
        small = {str(path) for path in small_pictures(target)}
        told = {done.thumbnail, done.spritesheet, done.last_frame}
        if done.path != task.target or not told <= {None, *small}:
            return False
        try:
            status = target.stat()
        except OSError:
            name = target.relative_to(self._storage.root).as_posix()
            return self._storage.shared and self._storage.holds(name, done.size_bytes, done.sha256)
        return (status.st_size, status.st_mtime_ns) == (done.size_bytes, done.mtime_ns)

    def _discard(self, task: Task) -> None:
        """Also what was put into the storage already."""
        discard(task)
        if self._storage.shared:
            made = (Path(task.target), *small_pictures(Path(task.target)))
            self._storage.remove([path.relative_to(self._storage.root).as_posix() for path in made])

    def _is_the_servers_end(self, crash: Crashed) -> bool:
        """A stop or kill of the server never counts as a crash."""
        return self._stopping.wait(STOP_S if crash.signal in STOP_SIGNALS else 0)


def discard(task: Task) -> None:
    """Remove whatever an attempt left: its names are its own."""
    target = Path(task.target)
    parts = target.parent.glob(f".{escape(target.stem)}.*.part*")
    for file in (target, *small_pictures(target), *parts):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            LOG.warning("%s cannot be removed (%s); the next start tries again", file.name, error.strerror)


def _together(planned: Sequence[Note], made: Sequence[Note]) -> tuple[Note, ...]:
    """The job's notes and then what the making added, each once."""
    replaced = {LATER[note.code] for note in made if note.code in LATER}
    notes = [note for note in planned if note.code not in replaced]
    for note in made:
        known = [n for n in notes if n.code == note.code]
        if not (known and note.code in SAID_ONCE) and not any(n.facts == note.facts for n in known):
            notes.append(note)
    return tuple(notes)


def _log(outcome: Outcome, job: Job, worker: str) -> None:
    """What happened, and what happens next."""
    fate = {
        State.QUEUED: f"job {job.id} returns to the queue, attempt {job.attempt + 1}",
        State.FAILED: f"job {job.id} failed ({job.failure.code if job.failure else 'unknown'})",
    }.get(job.state, f"job {job.id} is {job.state}")
    match outcome:
        case Crashed():
            LOG.warning("worker %s died (%s); %s", worker, outcome.how, fate)
        case Hung():
            LOG.warning("worker %s did not move for %g s in stage %s and was ended; %s",
                        worker, outcome.seconds, outcome.stage, fate)  # fmt: skip
        case Unheeding():
            LOG.warning("worker %s did not stop when asked and was ended; %s", worker, fate)
        case Done():
            LOG.info("%s (%.1f s on %s)", fate, outcome.elapsed_s, worker)
        case _:
            LOG.info("%s", fate)
