"""What Ray costs: the same camera motion by workers of this computer and by as many on a Ray cluster here, in
turns. Jobs go through a real store and dispatchers; the workers are warm.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from bench.samples import Sample
from bench.service import MODEL, PHOTO, PROMPT, SEED
from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.adapters.local_workers.spawner import Spawner
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.storage import FolderStorage
from unstill.core.clock import SystemClock
from unstill.core.dispatch import Dispatcher, Dispatchers
from unstill.core.making import Like, plan_picture, request_of
from unstill.core.placing import Placing
from unstill.core.queue import ANY, JobStore, Limits, NewJob
from unstill.core.render import new_video_id
from unstill.core.worker import WorkerSettings
from unstill.domain.job import Input, Job, Progress, State
from unstill.wiring import house

GROUP = "ray"
TESTS = Path(__file__).resolve().parent.parent / "tests"
WORKERS = 2
JOBS, ROUNDS = 8, 5
MOST = 1.10
"""At most a tenth may be lost to Ray."""
PATIENCE_S = 600.0
SETTINGS = WorkerSettings(poll_s=0.05)


class Ear:
    """Counts the jobs that end well."""

    def __init__(self) -> None:
        self._done, self._changed = 0, threading.Condition()

    def changed(self, job: Job) -> None:
        if job.state.is_final:
            if job.state is not State.COMPLETED:
                raise RuntimeError(f"a job ended as {job.state}: {job.failure}")
            with self._changed:
                self._done += 1
                self._changed.notify_all()

    def progressed(self, job_id: str, progress: Progress) -> None: ...

    def previewed(self, job_id: str, jpeg: bytes) -> None: ...

    def wait_for(self, number: int) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._done >= number, PATIENCE_S):
                raise RuntimeError("the jobs never ended")


def measure(rounds: int = ROUNDS) -> Iterator[Sample]:
    """How much longer the same jobs take on Ray; nothing where Ray is not installed."""
    if find_spec("ray") is None:
        return
    sys.path += [str(TESTS / "ray_workers"), str(TESTS)]
    rig = import_module("ray_rig")
    with rig.a_cluster({}), _side(_local) as here, _side(_on_ray) as there:
        here(WORKERS)
        there(WORKERS)  # both warm
        pairs = []
        for turn in range(rounds):
            order = (here, there) if turn % 2 else (there, here)
            times = {side: side(JOBS) for side in order}
            pairs.append((times[there], times[here]))
    ratio = median(there / here for there, here in pairs)
    note = f"{median(t for t, _ in pairs):.2f} s against {median(h for _, h in pairs):.2f} s"
    subject = f"{JOBS} videos, {WORKERS} workers"
    title = "camera motion on Ray against local workers, times"
    yield Sample(GROUP, title, subject, PHOTO.stem, ratio, most=MOST, note=note)


Made = Callable[[JobStore, FolderStorage, Ear], Sequence[Dispatcher]]


def _local(store: JobStore, storage: FolderStorage, ear: Ear) -> Sequence[Dispatcher]:
    spawner = Spawner()
    return [
        Dispatcher(
            store, LocalWorker(f"cpu:{n}", command("cpu", [MODEL]), spawner, SETTINGS), [MODEL], storage,
            SETTINGS, news=ear,
        )
        for n in range(WORKERS)
    ]  # fmt: skip


def _on_ray(store: JobStore, storage: FolderStorage, ear: Ear) -> Sequence[Dispatcher]:
    from unstill.adapters.ray_workers import RayWorker, Roots, Slot

    placing, settings = Placing(store), replace(SETTINGS, prestart=False)

    def made(number: int) -> Dispatcher:
        slot = Slot(f"ray:cpu:{number}", "cpu", num_cpus=1)
        worker = RayWorker(slot, [MODEL], Roots(storage.root), settings)
        place = placing.place(slot.name, [MODEL], ANY, worker.ready)
        return Dispatcher(store, worker, [MODEL], storage, settings, news=ear, fetches=True, place=place)

    return [made(number) for number in range(WORKERS)]


@contextmanager
def _side(made: Made) -> Iterator[Callable[[int], float]]:
    """A store with its workers: seconds for so many jobs, from the first row to the last result."""
    with (
        tempfile.TemporaryDirectory(prefix="unstill-bench-") as folder,
        closing(open_jobs(Path(folder) / "unstill.db", SystemClock())) as store,
    ):
        storage, ear = FolderStorage(Path(folder)), Ear()
        (storage.root / "inputs").mkdir()
        with Image.open(PHOTO) as picture:
            picture.convert("RGB").save(storage.root / "inputs" / "a.png")
            width, height = picture.size
        crew = Dispatchers(made(store, storage, ear))
        crew.start()
        done = 0

        def run(jobs: int) -> float:
            nonlocal done
            started = time.perf_counter()
            for _ in range(jobs):
                store.add(_job(Input("inputs/a.png", PHOTO.name, "", width, height)), Limits(1000, 1000))
            crew.wake()
            done += jobs
            ear.wait_for(done)
            return time.perf_counter() - started

        try:
            yield run
        finally:
            crew.drain(0.0)


def _job(picture: Input) -> NewJob:
    wish: dict[str, Any] = {"prompt": PROMPT, "model": MODEL, "seed": SEED, "size": "512p", "image": PHOTO}
    plan = plan_picture(request_of(wish, Like({})), house())
    facts = {name: value for name, value in plan.to_json().items() if name != "notes"}
    return NewJob(new_video_id(), "", plan.request.settings(), facts, picture)
