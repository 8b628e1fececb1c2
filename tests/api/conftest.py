"""A server on a loopback port for each file of tests, and ways to speak to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import httpx
import pytest
import structlog
from api_parts import Station, build, png

from unstill import wiring
from unstill.domain.job import State

ENTRY = EntryPoint("testcard", "testcard:family", wiring.GROUP)


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Request lines are looked at by `capture_logs` and printed nowhere."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    made = build(tmp_path_factory.mktemp("data"), [ENTRY])
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test finds the worker at work and leaves no job waiting."""
    yield
    if "station" in request.fixturenames:
        station: Station = request.getfixturevalue("station")
        station.worker.paused = False
        station.worker.go.set()
        while station.service.store.page(states={State.QUEUED, State.IN_PROGRESS}).jobs:
            time.sleep(0.01)
        station.worker.go.clear()


@pytest.fixture
def web(station: Station) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=station.url, timeout=20) as client:
        yield client


@pytest.fixture
def make(web: httpx.Client) -> Callable[..., dict[str, object]]:
    """Create a video by form; its JSON."""

    def create(prompt: str = "pan left", **fields: object) -> dict[str, object]:
        reply = web.post(
            "/v1/videos", data={"prompt": prompt, **fields}, files={"input_reference": ("a.png", png())}
        )
        assert reply.status_code == 200, reply.text
        body: dict[str, object] = reply.json()
        return body

    return create


@pytest.fixture
def finished(web: httpx.Client, make: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
    """Create a video and wait for its end."""

    def wait(prompt: str = "pan left", **fields: object) -> dict[str, object]:
        return settled(web, str(make(prompt, **fields)["id"]))

    return wait


def settled(web: httpx.Client, video_id: str) -> dict[str, object]:
    while True:
        body: dict[str, object] = web.get(f"/v1/videos/{video_id}").json()
        if body["state"] not in ("queued", "in_progress"):
            return body
