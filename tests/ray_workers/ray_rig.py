"""A real Ray cluster of several node processes on loopback, and a dispatcher whose worker is on it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from testcard import draw
from unstill.adapters.ray_workers import RayWorker, Roots, Slot, connect, disconnect
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.storage import FolderStorage
from unstill.core.clock import SystemClock
from unstill.core.dispatch import Dispatcher
from unstill.core.queue import Limits, NewJob
from unstill.core.worker import WorkerProcess, WorkerSettings
from unstill.domain.job import Input, Job, Progress, State

TOKEN = "0123456789abcdef" * 4
ENVIRON = {
    "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # so that Ray stays on loopback
    "RAY_memory_monitor_refresh_ms": "0", "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_health_check_period_ms": "500", "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "2",
}  # fmt: skip
HURRIED = WorkerSettings(
    lease_s=2.0, poll_s=0.05, report_s=0.0, stage_s=4.0, load_s=60.0, cancel_s=2.0, term_s=0.5,
    backoff_s=0.01, backoff_most_s=0.01, probe_s=0.01, prestart=False,
)  # fmt: skip
PATIENCE_S = 60.0
STORE_BYTES = 80 * 2**20
MODELS = ("testcard", "naughty", "motion")
CPU = Slot("ray:cpu:0", "cpu", num_cpus=1)


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


def processes(words: str) -> set[int]:
    """Those whose command line has these words."""
    found = set()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in said and alive(int(line.parent.name)):
            found.add(int(line.parent.name))
    return found


class Machines:
    """A head that takes no work, and two machines with a GPU each by their own account."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.folder = tempfile.mkdtemp(prefix="ur-")
        self._before = dict(os.environ)
        for name in [name for name in os.environ if name.startswith(("UNSTILL_", "LC_", "XDG_", "RAY_"))]:
            del os.environ[name]
        os.environ.update(environ)
        from ray._private.authentication_test_utils import reset_auth_token_state
        from ray.cluster_utils import Cluster

        reset_auth_token_state()
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "temp_dir": self.folder, **self._common()},
        )
        self.small = self.add(num_cpus=2, num_gpus=1, labels={"unstill.gpu-memory-gib": "24"}, wait=False)
        self.large = self.add(num_cpus=2, num_gpus=1, labels={"unstill.gpu-memory-gib": "80"})
        self.address: str = self._cluster.address

    @staticmethod
    def _common() -> dict[str, Any]:
        return {
            "object_store_memory": STORE_BYTES,
            "include_dashboard": False,
            "node_ip_address": "127.0.0.1",
        }

    def add(self, **wish: Any) -> Any:
        return self._cluster.add_node(**self._common(), **wish)

    def kill(self, node: Any) -> None:
        """As a spot machine that is taken away."""
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()
        os.environ.clear()
        os.environ.update(self._before)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def a_cluster(environ: Mapping[str, str]) -> Iterator[Machines]:
    """Up and joined; gone afterwards."""
    heard = signal.getsignal(signal.SIGTERM)
    machines = Machines({**ENVIRON, **environ})
    try:
        connect(machines.address)
        yield machines
    finally:
        disconnect()
        machines.close()
        signal.signal(signal.SIGTERM, heard)


class Ear:
    """Hears the news of jobs."""

    def __init__(self) -> None:
        self.said: list[tuple[str, State | str]] = []

    def changed(self, job: Job) -> None:
        self.said.append((job.id, job.state))

    def progressed(self, job_id: str, progress: Progress) -> None:
        self.said.append((job_id, progress.stage))

    def previewed(self, job_id: str, jpeg: bytes) -> None:
        self.said.append((job_id, "preview"))


class Asking(Dispatcher):
    """Claims nothing before the worker has a place."""

    def _turn(self) -> None:
        demand = self._store.counts().by_state.get(State.QUEUED, 0) > 0
        if demand:  # a place that comes late was not idle meanwhile
            self._idle_since = self._monotonic()
        self._look_after_worker()
        if self._worker.ready(demand):
            super()._turn()
        else:
            self._expire()
            self._pause(self._settings.poll_s)


class RayRig:
    """The server's part of a job's life, its worker on the cluster."""

    def __init__(self, data: Path, slot: Slot = CPU, roots: Roots | None = None, **changes: Any) -> None:
        self.data, self.ear = data, Ear()
        self.settings = replace(HURRIED, **changes)
        (data / "inputs").mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw()).save(data / "inputs" / "a.png")
        self.store = open_jobs(data / "unstill.db", SystemClock())
        self.worker = self.a_worker(slot, roots or Roots(data))
        self.dispatcher = self.driven(self.worker)
        self._made = 0

    def a_worker(self, slot: Slot, roots: Roots) -> RayWorker:
        return RayWorker(slot, MODELS, roots, self.settings, {"NAUGHTY": str(self.data)})

    def drive(self, worker: RayWorker) -> None:
        """Another worker from here on."""
        self._stop()
        self.worker, self.dispatcher = worker, self.driven(worker)
        self.dispatcher.start()

    def _stop(self) -> None:
        self.dispatcher.stop(0.0)
        assert self.dispatcher.join(PATIENCE_S)
        assert not self.worker.running

    def driven(self, worker: WorkerProcess) -> Dispatcher:
        return Asking(
            self.store, worker, list(MODELS), FolderStorage(self.data), self.settings, news=self.ear,
            fetches=True,
        )  # fmt: skip

    def __enter__(self) -> RayRig:
        self.dispatcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self.store.close()

    def add(self, prompt: str = "pan left", model: str = "naughty", **more: Any) -> str:
        self._made += 1
        video = f"video_{self._made:024x}"
        plan = {"num_frames": 8, "estimated_seconds": 0.1}
        wish = {"model": model, "num_frames": 8, "fps": 8, "seed": 1, "format": "mp4", **more}
        row = NewJob(
            id=video, owner="", request={"prompt": prompt, **wish}, plan=plan,
            input=Input("inputs/a.png", "photo.jpg", "", 64, 48),
        )  # fmt: skip
        self.store.add(row, Limits(1000, 1000))
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


def skip_without_ray() -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("Ray has no packages for this Python yet", allow_module_level=True)
    if find_spec("ray") is None:  # not imported here: it reads its settings from the environment then
        pytest.skip("the extra ray is not installed", allow_module_level=True)
