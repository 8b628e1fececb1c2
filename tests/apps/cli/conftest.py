"""A real server of the API for each file of tests, and the command line beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(TESTS / "api"), str(TESTS / "reliability")]  # their helpers serve here, too

from api_parts import Station, build, png  # noqa: E402

from remote_parts import ENTRY, everything, tell  # noqa: E402
from unstill.domain.job import State  # noqa: E402


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """Request lines are printed nowhere."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, quiet: None) -> Iterator[Station]:
    made = build(tmp_path_factory.mktemp("data"), [ENTRY])
    made.start()
    tell(made.data, made.url)
    yield made
    made.stop()


@pytest.fixture
def station(running: Station, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """A server whose data folder is the person's; it holds no job at the start and does none at the end."""
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(running.data))
    for job in everything(running):
        running.service.delete(job.id, "")
    yield running
    running.worker.paused = False
    running.worker.go.set()
    while running.service.store.page(states={State.QUEUED, State.IN_PROGRESS}).jobs:
        time.sleep(0.01)
    running.worker.go.clear()


@pytest.fixture
def make(station: Station) -> Callable[..., str]:
    """Create a video as another program would; its id."""

    def create(prompt: str = "pan left", name: str = "photo.png", **fields: object) -> str:
        with httpx.Client(base_url=station.url, trust_env=False) as web:
            reply = web.post(
                "/v1/videos", data={"prompt": prompt, **fields}, files={"input_reference": (name, png())}
            )
        assert reply.status_code == 200, reply.text
        return str(reply.json()["id"])

    return create


@pytest.fixture
def finished(station: Station, make: Callable[..., str]) -> Callable[..., str]:
    """Create a video and wait for its end."""

    def create(prompt: str = "pan left", **more: object) -> str:
        made = make(prompt, **more)
        while not station.service.get(made, "").state.is_final:
            time.sleep(0.01)
        return made

    return create


@pytest.fixture
def small_disk(here: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of the given size, as `mount` writes sizes."""
    disk = here / "disk"

    def mount(size: str) -> Path:
        disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=False)
        if done.returncode:
            pytest.skip("only root can mount a small disk")
        return disk

    yield mount
    subprocess.run(["umount", disk], capture_output=True, check=False)
