"""What the service adds to a job: a warm worker behind a real queue, against the same call in this process.

The job's time runs from its row to the commit of its result: claim, hand-over, progress, small pictures,
digest and settling are in it; uploads and HTTP are not. Wall-clock time, because waiting counts here; the two
take turns and each turn is compared with its neighbour. Measure on a machine that does nothing else: workers
let others go first (`lifeline`), so that beside other work the service alone is slowed down.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

import unstill
from bench.samples import Sample
from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.adapters.local_workers.spawner import Spawner
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.storage import FolderStorage
from unstill.core.clock import SystemClock
from unstill.core.dispatch import Dispatcher
from unstill.core.making import Like, plan_picture, request_of
from unstill.core.plan import Plan
from unstill.core.queue import Limits, NewJob
from unstill.core.render import new_video_id
from unstill.core.worker import WorkerSettings
from unstill.domain.job import Input, Job, Progress, State
from unstill.wiring import house

GROUP = "service"
PHOTO = Path(unstill.__file__).parent / "assets" / "examples" / "rocket.jpg"
MOST = 1.10
TURNS = 11
SIZES = ("1024p", "1024x1024")
"""motion's own size, which never enlarges the photo, and a square with four times its pixels."""
PROMPT, MODEL, SEED = "slow push in", "motion", 1
PATIENCE_S = 300.0


@dataclass
class Ear:
    """Waits for the end of a job."""

    ended: threading.Event = field(default_factory=threading.Event)
    job: Job | None = None

    def changed(self, job: Job) -> None:
        if job.state.is_final:
            self.job = job
            self.ended.set()

    def progressed(self, job_id: str, progress: Progress) -> None: ...

    def previewed(self, job_id: str, jpeg: bytes) -> None: ...


class Service:
    """The server's part of a job's life, without its HTTP."""

    def __init__(self, data: Path, plan: Plan) -> None:
        self._plan, self._ear, settings = plan, Ear(), WorkerSettings()
        (data / "inputs").mkdir()
        with Image.open(PHOTO) as picture:
            picture.convert("RGB").save(data / "inputs" / "a.png")
            self._input = Input("inputs/a.png", PHOTO.name, "", picture.width, picture.height)
        self._store = open_jobs(data / "unstill.db", SystemClock())
        worker = LocalWorker("cpu:0", command("cpu", [MODEL]), Spawner(), settings)
        self._dispatcher = Dispatcher(
            self._store, worker, [MODEL], FolderStorage(data), settings, news=self._ear
        )
        self._dispatcher.start()

    def make(self) -> float:
        """Seconds from a job's row to its result."""
        self._ear.ended.clear()
        facts = {name: value for name, value in self._plan.to_json().items() if name != "notes"}
        request = self._plan.request.settings()
        new = NewJob(id=new_video_id(), owner="", request=request, plan=facts, input=self._input)
        started = time.perf_counter()
        self._store.add(new, Limits(10, 10))
        self._dispatcher.wake()
        if not self._ear.ended.wait(PATIENCE_S):
            raise RuntimeError("the job never ended")
        took = time.perf_counter() - started
        assert self._ear.job is not None
        if self._ear.job.state is not State.COMPLETED:
            raise RuntimeError(f"the job ended as {self._ear.job.state}: {self._ear.job.failure}")
        return took

    def close(self) -> None:
        self._dispatcher.stop(0.0)
        self._dispatcher.join(PATIENCE_S)
        self._store.close()


@contextmanager
def _service(plan: Plan) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="unstill-bench-") as folder:
        service = Service(Path(folder), plan)
        try:
            yield service
        finally:
            service.close()


def _direct(fields: dict[str, Any]) -> float:
    """Seconds of the same request in this process."""
    started = time.perf_counter()
    clip = unstill.generate(PHOTO, **fields)
    took = time.perf_counter() - started
    del clip  # with its file
    return took


def measure(turns: int = TURNS) -> Iterator[Sample]:
    """Both ways of making a 4 s clip, in turns, and how much longer the service takes."""
    for size in SIZES:
        fields = {"prompt": PROMPT, "model": MODEL, "seed": SEED, "size": size}
        plan = plan_picture(request_of({**fields, "image": PHOTO}, Like({})), house())
        with _service(plan) as service:
            pairs = _pairs(service, fields, turns)
        subject = f"{plan.width} x {plan.height}, {plan.num_frames} frames"
        served, direct = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        note = f"{served:.2f} s against {direct:.2f} s"
        title = "a job against the same call in this process, times"
        yield Sample(GROUP, title, subject, PHOTO.stem, ratio, most=MOST, note=note)


def _pairs(service: Service, fields: dict[str, Any], turns: int) -> list[tuple[float, float]]:
    """Seconds of both, turn by turn, once each is warm; who goes first changes."""
    pairs = []
    for turn in range(turns + 1):
        if turn % 2:
            served, direct = service.make(), _direct(fields)
        else:
            direct, served = _direct(fields), service.make()
        pairs.append((served, direct))
    return pairs[1:]
