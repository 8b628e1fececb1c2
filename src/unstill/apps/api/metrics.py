"""Figures for Prometheus: the queue from the store, the work from the news, the workers from the crew."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from unstill.apps.api import schema
from unstill.core.crew import Crew
from unstill.core.events import Event
from unstill.core.queue import JobStore
from unstill.domain.job import Job, Progress, State

OPEN = (State.QUEUED, State.IN_PROGRESS)
MOST_OPEN = 10_000
STAGE_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)

router = APIRouter()


class Tally:
    """What happened since the server started, learned from the events."""

    def __init__(self, store: JobStore, crew: Crew | None = None) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._stages: dict[str, tuple[str, float]] = {}
        self._open = {job.id for job in store.page(states=OPEN, limit=MOST_OPEN).jobs}
        self._seconds = Histogram(
            "unstill_stage_seconds", "Seconds by stage of the work", ["stage"],
            buckets=STAGE_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._frames = Counter("unstill_frames_made", "Frames in finished videos", registry=self.registry)
        self._settled = Counter("unstill_jobs_settled", "Jobs settled", ["state"], registry=self.registry)
        self._failures = Counter(
            "unstill_failures", "Jobs that failed, by code", ["code"], registry=self.registry
        )
        self._peak = Gauge(
            "unstill_peak_memory_bytes",
            "Peak memory of the last finished job",
            ["model"],
            registry=self.registry,
        )
        self.registry.register(_Now(store, crew))

    def see(self, event: Event) -> None:
        """A listener of `Events`."""
        job = event.body
        if isinstance(job, Progress):
            self._turn(event.job_id, job.stage)
        elif isinstance(job, Job):
            if job.state is not State.IN_PROGRESS:
                self._turn(job.id, None)
            if self._settles(job):
                self._settle(job)

    def page(self) -> bytes:
        return generate_latest(self.registry)

    def _turn(self, job_id: str, stage: str | None) -> None:
        """The job is in another stage now, or in none."""
        now = time.monotonic()
        with self._lock:
            was = self._stages.get(job_id)
            if was and was[0] != stage:
                self._seconds.labels(was[0][:40]).observe(now - was[1])
                del self._stages[job_id]
            if stage and (was is None or was[0] != stage):
                self._stages[job_id] = (stage, now)

    def _settles(self, job: Job) -> bool:
        """Whether this is the news that it is settled, and not only told of again: restored, say."""
        with self._lock:
            if not job.state.is_final:
                self._open.add(job.id)
                return False
            known = job.id in self._open
            self._open.discard(job.id)
            return known

    def _settle(self, job: Job) -> None:
        self._settled.labels(job.state.value).inc()
        if job.failure:
            self._failures.labels(job.failure.code[:80]).inc()
        if job.output:
            self._frames.inc(int(job.plan.get("num_frames") or 0))
            self._peak.labels(job.model).set(job.output.peak_bytes)


class _Now(Collector):
    """The queue and the workers at the moment they are asked for."""

    def __init__(self, store: JobStore, crew: Crew | None) -> None:
        self._store, self._crew = store, crew

    def describe(self) -> list[Metric]:
        return []  # else registering would ask the store

    def collect(self) -> Iterator[Metric]:
        counts = self._store.counts()
        by_state = {state: counts.by_state.get(state, 0) for state in State}
        yield _gauge("unstill_queue_depth", "Jobs that wait", by_state[State.QUEUED])
        yield _gauge(
            "unstill_queue_oldest_wait_seconds", "Age of the oldest waiting job", counts.oldest_wait_s
        )
        yield _gauge("unstill_running", "Jobs in progress", by_state[State.IN_PROGRESS])
        jobs = GaugeMetricFamily("unstill_jobs", "Jobs by state", labels=["state"])
        for state, count in by_state.items():
            jobs.add_metric([state.value], count)
        yield jobs
        yield from self._workers()

    def _workers(self) -> Iterator[Metric]:
        restarts = CounterMetricFamily(
            "unstill_worker_restarts", "Worker processes replaced", labels=["worker"]
        )
        ages = GaugeMetricFamily("unstill_worker_tick_age_seconds", "Since last heard of", labels=["worker"])
        usable = GaugeMetricFamily("unstill_worker_usable", "1 unless it failed too often", labels=["worker"])
        for worker in self._crew.workers() if self._crew else ():
            restarts.add_metric([worker.name], worker.restarts)
            ages.add_metric([worker.name], worker.tick_age_s)
            usable.add_metric([worker.name], worker.usable)
        yield from (restarts, ages, usable)


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


@router.get(
    "/metrics", tags=["health"], response_class=Response, summary="Figures for Prometheus",
    responses=schema.replies("text/plain"),
)  # fmt: skip
async def metrics(request: Request) -> Response:
    """In Prometheus' text format; docs/operating.md names them all."""
    context = request.app.state.context
    page: bytes = await context.read(context.tally.page)
    return Response(page, media_type=CONTENT_TYPE_LATEST)
