"""How many jobs a second the two stores take in, and how many they claim and settle: rules and disk alone, no
video is made. The PostgreSQL server is the tests' own, where one is installed, on this computer and with what
is committed on disk: both sides share its cores.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path

from bench.samples import Sample
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.core.clock import SystemClock
from unstill.core.queue import JobStore, Limits, NewJob, Reach
from unstill.domain.job import Input, Output, Progress

GROUP = "stores"
TESTS = Path(__file__).resolve().parent.parent / "tests" / "adapters"
JOBS = 400
AT_ONCE = (1, 8)
"""Threads that add, and then threads that claim."""
KEYS = 20
REPORTS = 4
"""A short video's progress, on its way to the end."""
LIMITS = Limits(10**6, 10**6)
Opened = Callable[[], AbstractContextManager[JobStore]]


def measure(jobs: int = JOBS) -> Iterator[Sample]:
    """Both stores, each with one and with eight at once."""
    yield from _measured("SQLite", _sqlite, jobs)
    with _server() as opened:
        if opened is not None:
            yield from _measured("PostgreSQL", opened, jobs)


def _measured(name: str, opened: Opened, jobs: int) -> Iterator[Sample]:
    for at_once in AT_ONCE:
        with opened() as store:
            numbers = count()
            taken = _rate(at_once, jobs, partial(_add, store, numbers))
            settled = _rate(at_once, jobs, partial(_make, store))
        subject = f"{name}, {at_once} at once"
        yield Sample(GROUP, "jobs taken in, a second", subject, "", taken)
        note = f"with {REPORTS} reports of progress each"
        yield Sample(GROUP, "jobs claimed and settled, a second", subject, "", settled, note=note)


def _rate(at_once: int, jobs: int, once: Callable[[], None]) -> float:
    """Calls a second, all threads together."""

    def work() -> None:
        for _ in range(jobs // at_once):
            once()

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (jobs // at_once) * at_once / (time.perf_counter() - started)


def _add(store: JobStore, numbers: Iterator[int]) -> None:
    number = next(numbers)
    request = {"prompt": "slow push in", "model": "motion", "seed": number}
    plan = {"num_frames": 96, "fps": 24, "estimated_seconds": 4.0}
    picture = Input(f"inputs/{number}.png", "photo.jpg", "ab" * 32, 1024, 768)
    name = f"video_{number:024x}"
    store.add(NewJob(name, f"key_{number % KEYS}", request, plan, picture), LIMITS)


def _make(store: JobStore) -> None:
    found = store.claim(threading.current_thread().name, ["motion"], 20.0, Reach())
    if found is None:
        raise RuntimeError("a job was lost")
    job, claim = found
    for step in range(REPORTS):
        store.report(claim, Progress("frame", step, REPORTS, step * 100 // REPORTS))
    store.complete(claim, Output(f"outputs/{job.id}.1.mp4", 700_000, "cd" * 32, 4.0, 10**9), ())


@contextmanager
def _sqlite() -> Iterator[JobStore]:
    with (
        tempfile.TemporaryDirectory(prefix="unstill-bench-") as folder,
        closing(open_jobs(Path(folder) / "unstill.db", SystemClock())) as store,
    ):
        yield store


@contextmanager
def _server() -> Iterator[Opened | None]:
    """Opens stores on a server of our own; None where there is none to start."""
    sys.path.append(str(TESTS))
    try:
        from unstill.adapters.postgres_jobs import open_jobs as open_on

        tests = import_module("postgres")
    except ImportError:
        yield None
        return
    if tests.binaries() is None:
        yield None
        return
    with tests.running(durable=True) as server:

        @contextmanager
        def opened() -> Iterator[JobStore]:
            with closing(open_on(server.new_database())) as store:
                yield store

        yield opened
