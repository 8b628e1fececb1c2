"""From the queue to a worker: one thread for each device."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from unstill.core.attempt import Attempt, Crashed, Hung, Outcome
from unstill.core.attempt import News as Said
from unstill.core.crew import WorkerView
from unstill.core.lease import Lease
from unstill.core.meter import Meter
from unstill.core.placing import Place
from unstill.core.queue import ANY, PASSING, Claim, JobStore, Reach
from unstill.core.reporting import Reporter
from unstill.core.settling import News, Settler, Work
from unstill.core.storage import Storage
from unstill.core.worker import (
    Done,
    Failed,
    ProtocolError,
    Task,
    Tick,
    WorkerGone,
    WorkerProcess,
    WorkerSettings,
)
from unstill.domain.errors import UnstillError
from unstill.domain.job import Job, state_words
from unstill.domain.service_errors import NotReady, StorageFailed

LOG = logging.getLogger(__name__)
OUTPUTS = "outputs"
LATE_S = 10.0
"""How long after the grace a stubborn process may take to be ended."""
STORAGE_S = 120.0
"""How long a storage that is away is waited for."""
TROUBLE_S = 1.0
"""A pause after a mistake of ours, so that it is not made a thousand times a second."""


class Dispatcher:
    """Claims the jobs of a device's models, hands them over one by one and settles them.

    Jobs of models that are ``coming``, whose files are being fetched, wait. A worker of another machine
    ``fetches`` the files itself, and has a ``place`` there; ``reach`` is what a claim leaves to others.
    """

    def __init__(
        self,
        store: JobStore,
        worker: WorkerProcess,
        models: Sequence[str],
        storage: Storage,
        settings: WorkerSettings | None = None,
        *,
        news: News,
        coming: Callable[[], Collection[str]] = frozenset,
        reach: Reach = ANY,
        fetches: bool = False,
        place: Place | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._worker, self._models, self._storage = store, worker, tuple(models), storage
        self._coming, self._reach, self._fetches, self._place = coming, reach, fetches, place
        self._settings, self._monotonic, self._news = settings or WorkerSettings(), monotonic, news
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._stop_at = 0.0
        self._settler = Settler(store, storage, news, self._stopping)
        self._idle_since = self._expired_at = self._heard_at = monotonic()
        self._thread = threading.Thread(target=self._loop, name=f"dispatch {worker.name}", daemon=True)
        self._state, self._job_id, self._restarts, self._peak = "starting", "", 0, 0

    def view(self) -> WorkerView:
        return WorkerView(
            self._worker.name, self._worker.name.partition(":")[0], self._state,
            self._monotonic() - self._heard_at, self._job_id or None, self._restarts, self._peak,
        )  # fmt: skip

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be a job: look now."""
        self._wake.set()

    def stop(self, grace_s: float) -> None:
        """Claim no more; what runs is finished, or goes back to the queue when ``grace_s`` will not do."""
        self._stop_at = self._monotonic() + grace_s
        self._stopping.set()
        self._wake.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end after `stop`; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- the thread

    def _loop(self) -> None:
        if self._settings.prestart:
            self._start_early()
        trouble = ""
        while not self._stopping.is_set():
            try:
                self._turn()
                trouble = ""
            except PASSING as error:
                if error.code != trouble:
                    LOG.warning("worker %s: no job can be had (%s); trying on", self._worker.name, error.code)
                trouble = error.code
                self._pause(self._settings.poll_s)
            except Exception:
                LOG.exception("worker %s: a mistake in its dispatcher; going on", self._worker.name)
                self._worker.kill()
                self._pause(TROUBLE_S)
        self._worker.quit()
        self._state = "asleep"

    def _start_early(self) -> None:
        try:
            self._worker.start()
        except WorkerGone as gone:
            self._died(gone.how)

    def _turn(self) -> None:
        self._look_after_worker()
        self._hear()
        orders = self._orders()
        wait = self._worker.wait_s()
        if wait > 0:
            self._state = "quarantined" if self._worker.quarantined else "starting"
            self._pause(min(wait, self._settings.poll_s))
            return
        self._expire()
        claimed = self._claimed(orders)
        if claimed is None:
            self._state = "idle" if self._worker.running else "asleep"
            self._pause(self._settings.poll_s)
        else:
            self._serve(*claimed)
            self._idle_since = self._monotonic()

    def _orders(self) -> Sequence[Sequence[str]]:
        """Models to try to claim, best first."""
        coming = self._coming()
        if self._place is not None:
            orders = self._place.orders(coming)
            if self._place.coming:  # a place that comes late was not idle meanwhile
                self._idle_since = self._monotonic()
            return orders
        return [[model for model in self._models if model not in coming]]

    def _claimed(self, orders: Sequence[Sequence[str]]) -> tuple[Job, Claim] | None:
        for part in orders:
            claimed = self._store.claim(self._worker.name, part, self._settings.lease_s, self._reach)
            if claimed is not None:
                return claimed
        return None

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _hear(self) -> None:
        self._heard_at = self._monotonic()

    # --- between jobs

    def _look_after_worker(self) -> None:
        """An idle process is heard, and ended when it was idle for long: so its memory really comes back."""
        try:
            while self._worker.running and self._worker.receive(0) is not None:
                pass
        except WorkerGone as gone:
            self._died(gone.how)
        except ProtocolError as error:
            self._worker.kill()
            self._died(f"protocol error: {error}")
        if self._worker.running and self._monotonic() - self._idle_since > self._settings.idle_s:
            LOG.info("worker %s is idle; its memory is given back", self._worker.name)
            self._worker.quit()

    def _died(self, how: str) -> None:
        LOG.warning("worker %s died while idle (%s); the next job gets a new one", self._worker.name, how)
        self._blame()

    def _blame(self) -> None:
        self._restarts += 1
        self._worker.failed()
        if self._worker.quarantined:
            LOG.error(
                "worker %s failed many times in a row; it is tried again every %g s",
                self._worker.name, self._settings.probe_s,
            )  # fmt: skip

    def _expire(self) -> None:
        """Jobs that somebody left behind."""
        now = self._monotonic()
        if now - self._expired_at >= self._settings.lease_s / 2:
            self._expired_at = now
            for job in self._store.expire():
                LOG.warning("job %s was left behind; it is %s now", job.id, job.state)
                self._news.changed(job)

    # --- one job

    def _serve(self, job: Job, claim: Claim) -> None:
        self._state, self._job_id = "busy", job.id
        LOG.info("job %s: attempt %d on worker %s", job.id, claim.attempt, claim.worker)
        self._news.changed(job)
        if self._place is not None:
            self._place.took(job.model)
        try:
            with Lease(self._store, claim, self._settings.lease_s) as lease:
                task = self._task(job, claim)
                outcome = self._attempt(job, lease, task)
                self._settler.settle(Work(job, lease, task), outcome)
            self._judge(outcome)
        finally:
            self._job_id = ""
            if self._place is not None:
                self._place.done(alive=self._worker.running)

    def _task(self, job: Job, claim: Claim) -> Task:
        root = self._storage.root
        name, last = f"{job.id}.{claim.attempt}.{job.request.get('format') or 'mp4'}", job.input.last
        return Task(
            job_id=job.id,
            attempt=claim.attempt,
            request=job.request,
            input=str(root / job.input.file),
            target=str(root / OUTPUTS / name),
            picture_name=job.input.name,
            kind=job.kind,
            last_input=str(root / last.file) if last else None,
            last_name=last.name if last else "",
            keep_prompt=self._settings.keep_prompt,
            language=job.plan.get("label_language"),
        )

    def _attempt(self, job: Job, lease: Lease, task: Task) -> Outcome:
        try:
            source = self._source(job)
            task = replace(task, source=None if source is None else str(self._storage.root / source))
            if not self._fetches:
                self._bring(lease, [*job.input.files(), *([source] if source else [])])
        except UnstillError as error:
            return Failed(error.code, error.facts)
        meter = Meter(job.plan, self._settings, self._monotonic)
        reporter = Reporter(self._store, self._news, lease, meter, self._settings, self._monotonic)

        def heard(said: Said) -> None:
            self._hear()
            if isinstance(said, Tick):
                reporter.report(said)

        attempt = Attempt(
            self._worker, task, meter, self._settings, monotonic=self._monotonic,
            unwanted=lambda: self._unwanted(lease, meter), heard=heard,
        )  # fmt: skip
        return attempt.run()

    def _bring(self, lease: Lease, names: Sequence[str]) -> None:
        """Have these files here. A storage that is away is asked again for a while.

        Raises `FileMissing`, and `StorageFailed` where it stays away.
        """
        until = self._monotonic() + STORAGE_S
        while True:
            try:
                for name in names:
                    self._storage.at_hand(name)
            except StorageFailed:
                if lease.cancelled or lease.lost or self._monotonic() >= until:
                    raise
                if self._stopping.wait(TROUBLE_S):
                    raise
            else:
                return

    def _source(self, job: Job) -> str | None:
        """The file that an extension goes on from. Raises `VideoNotFound` and `NotReady`."""
        if job.kind != "extend" or job.source is None:
            return None
        source = self._store.get(job.source, deleted=True)
        if source.output is None:
            raise NotReady(id=source.id, **state_words(source.state.value))
        return source.output.file

    def _unwanted(self, lease: Lease, meter: Meter) -> float | None:
        """None while the job is to go on; then the seconds that the worker gets to stop by itself."""
        s = self._settings
        if lease.cancelled or lease.lost:
            return s.cancel_s
        if self._stopping.is_set():
            left = self._stop_at - self._monotonic() - s.term_s
            if left <= s.cancel_s or meter.eta_s > left:
                return max(0.0, min(s.cancel_s, left))
        return None

    def _judge(self, outcome: Outcome) -> None:
        """What the outcome says of the worker."""
        if isinstance(outcome, (Crashed, Hung)):
            self._blame()
            return
        self._worker.healthy()
        if isinstance(outcome, Done):
            self._peak = max(self._peak, outcome.peak_bytes)
        if isinstance(outcome, Failed) and outcome.spoiled:
            self._worker.quit()


class Dispatchers:
    """All of a server's. Fits `unstill.core.crew.Crew`."""

    def __init__(self, dispatchers: Sequence[Dispatcher]) -> None:
        self._all = tuple(dispatchers)

    def workers(self) -> Sequence[WorkerView]:
        return [one.view() for one in self._all]

    def start(self) -> None:
        for one in self._all:
            one.start()

    def wake(self) -> None:
        """There may be a job: look now."""
        for one in self._all:
            one.wake()

    def drain(self, grace_s: float) -> bool:
        """Claim no more, finish or give back what runs, end the processes; whether all that is done."""
        for one in self._all:
            one.stop(grace_s)
        until = time.monotonic() + grace_s + LATE_S
        ended = [one.join(max(0.0, until - time.monotonic())) for one in self._all]
        return all(ended)
