"""A real store, a real worker process and a dispatcher between them, all made to lose patience soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from testcard import draw
from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.adapters.local_workers.spawner import Spawner
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.storage import FolderStorage
from unstill.core.clock import SystemClock
from unstill.core.dispatch import Dispatcher
from unstill.core.queue import Limits, NewJob
from unstill.core.worker import FromWorker, Task, WorkerSettings
from unstill.domain.job import Input, Job, Progress, State

HURRIED = WorkerSettings(
    lease_s=1.0, poll_s=0.05, report_s=0.0, stage_s=1.0, load_s=30.0, cancel_s=1.0, term_s=0.5,
    backoff_s=0.01, backoff_most_s=0.01, probe_s=0.01,
)  # fmt: skip
"""`load_s` stays long: on a busy machine importing takes seconds."""
PATIENCE_S = 60.0
"""What a test waits for anything before it says that it does not come."""
SPAWNER = Spawner()


def until(look: Callable[[], Any], what: str = "") -> Any:
    """What ``look`` gives once it is true."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, f"it never came: {what or look}"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether this process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Ear:
    """Hears the news of jobs."""

    def __init__(self) -> None:
        self.states: list[tuple[str, State, int]] = []
        self.ticks: list[Progress] = []
        self.previews: list[bytes] = []

    def changed(self, job: Job) -> None:
        self.states.append((job.id, job.state, job.attempt))

    def progressed(self, job_id: str, progress: Progress) -> None:
        self.ticks.append(progress)

    def previewed(self, job_id: str, jpeg: bytes) -> None:
        self.previews.append(jpeg)


class Rig:
    """The server's part of a job's life, without its HTTP."""

    def __init__(self, data: Path, plugins: str, settings: WorkerSettings = HURRIED, **changes: Any) -> None:
        self.data, self.plugins, self.ear = data, plugins, Ear()
        self.coming: frozenset[str] = frozenset()
        self.settings = replace(settings, **changes)
        (data / "inputs").mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw()).save(data / "inputs" / "a.png")
        self.store = open_jobs(data / "unstill.db", SystemClock())
        self.worker = local_worker(data, plugins, self.settings)
        self.dispatcher = self.new_dispatcher()
        self._made = 0

    def new_dispatcher(self) -> Dispatcher:
        models = ["testcard", "naughty"]
        return Dispatcher(
            self.store, self.worker, models, FolderStorage(self.data), self.settings, news=self.ear,
            coming=lambda: self.coming,
        )  # fmt: skip

    def __enter__(self) -> Rig:
        self.dispatcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.dispatcher.stop(0.0)
        assert self.dispatcher.join(PATIENCE_S)
        assert not self.worker.running
        self.store.close()

    def add(self, prompt: str = "pan left", model: str = "naughty", **more: Any) -> str:
        self._made += 1
        video = f"video_{self._made:024x}"
        fields = {name: more.pop(name) for name in ("kind", "source") if name in more}
        plan = {"num_frames": 8, "estimated_seconds": 0.1, **more.pop("plan", {})}
        request = {
            "prompt": prompt,
            "model": model,
            "num_frames": 8,
            "fps": 8,
            "seed": 1,
            "format": "mp4",
            **more,
        }
        self.store.add(
            NewJob(
                id=video, owner="", request=request, plan=plan,
                input=Input("inputs/a.png", "photo.jpg", "", 64, 48), **fields,
            ),
            Limits(1000, 1000),
        )  # fmt: skip
        self.dispatcher.wake()
        return video

    def get(self, video: str) -> Job:
        return self.store.get(video, deleted=True)

    def settled(self, video: str) -> Job:
        until(lambda: self.get(video).state.is_final, f"the end of {video}: {self.get(video)}")
        return self.get(video)

    def ticking(self, video: str, stage: str = "frame") -> Job:
        """The job, once it is seen in a stage."""
        return until(lambda: (job := self.get(video)).progress and job.progress.stage == stage and job)

    def files(self) -> set[str]:
        folder = self.data / "outputs"
        return {path.name for path in folder.iterdir()} if folder.exists() else set()


def local_worker(data: Path, plugins: str, settings: WorkerSettings = HURRIED) -> LocalWorker:
    environ = {"PYTHONPATH": plugins, "NAUGHTY": str(data)}
    return LocalWorker("cpu:0", command("cpu", ["testcard", "naughty"]), SPAWNER, settings, environ)


def a_task(data: Path, prompt: str = "pan left", **changes: Any) -> Task:
    """One for the worker alone."""
    data.mkdir(exist_ok=True)
    Image.fromarray(draw()).save(data / "a.png")
    request = {"prompt": prompt, "model": "naughty", "num_frames": 8, "fps": 8, "seed": 1}
    target = str(data / "video_1.1.mp4")
    return replace(Task("video_1", 1, request, str(data / "a.png"), target, "photo.jpg"), **changes)


def answer(worker: LocalWorker, *kinds: type[FromWorker]) -> FromWorker:
    """The next message of one of these kinds."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if isinstance(said := worker.receive(0.5), kinds):
            return said
    raise AssertionError(f"none of {kinds} came")
