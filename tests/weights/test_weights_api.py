"""Fetching, watching and removing a model's files over HTTP."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from PIL import Image

from dreams import DREAMS
from hub_imitation import NEEDED, UNET, Imitation, model

sys.path.append(str(Path(__file__).parents[1] / "api"))  # its helpers serve here, too

from api_parts import Station, build

from testcard import TESTCARD

TOTAL = sum(len(model()[name]) for name in NEEDED)


@pytest.fixture
def station(
    hub: Imitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_folders: Path
) -> Iterator[Station]:
    """A server whose mirror is the hub's imitation."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    monkeypatch.setenv("UNSTILL_SOURCE", "mirror")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("UNSTILL_MODELS_DIR", str(tmp_path / "models"))
    made = build(tmp_path / "data", [TESTCARD, DREAMS])
    made.start()
    yield made
    made.stop()
    structlog.reset_defaults()


@pytest.fixture
def web(station: Station) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=station.url, timeout=60, trust_env=False) as client:
        yield client


def start(web: httpx.Client, **more: Any) -> dict[str, Any]:
    reply = web.post("/v1/models/dreams/pull", json={"accept_licence": True, **more})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def watched(web: httpx.Client) -> list[tuple[str, dict[str, Any]]]:
    """Every event until the stream ends."""
    events, name = [], ""
    with web.stream("GET", "/v1/models/dreams/pull/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in reply.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    return events


def test_a_fetch_from_start_to_end(web: httpx.Client, tmp_path: Path) -> None:
    """Started at once, watched to its end, and then the model says that its files are here."""
    listed = {told["id"]: told["weights"] for told in web.get("/v1/models").json()["data"]}
    assert (listed["testcard"], listed["dreams"]["state"]) == (None, "missing")
    assert start(web)["object"] == "model.pull"
    events = watched(web)
    assert {name for name, _ in events[:-1]} <= {"progress"}
    name, last = events[-1]
    assert (name, last["state"], last["error"]) == ("done", "completed", None)
    assert last["weights"]["size_bytes"] == TOTAL
    told = web.get("/v1/models/dreams").json()
    assert told["weights"]["state"] == "ready"
    assert told["weights"]["folder"] == str(tmp_path / "models" / "dreams")
    assert told["licence_notes"][1]["en"] == "Its authors say research only."
    assert web.get("/v1/models/dreams/pull").json()["state"] == "completed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 403, "licence_not_accepted"),
        ({"accept_licence": False}, 403, "licence_not_accepted"),
        ({"accept_licence": "perhaps"}, 400, "invalid_field"),
        ({"accept_licence": 1}, 400, "invalid_field"),
        ({"accept_licence": True, "update": []}, 400, "invalid_field"),
    ],
)
def test_without_consent(web: httpx.Client, hub: Imitation, body: dict, status: int, code: str) -> None:
    """Nobody is asked for anything."""
    reply = web.post("/v1/models/dreams/pull", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert hub.asked == []


def test_a_form_will_do(web: httpx.Client) -> None:
    """As everywhere."""
    assert web.post("/v1/models/dreams/pull", data={"accept_licence": "true"}).status_code == 200
    assert watched(web)[-1][1]["state"] == "completed"


def test_models_without_files_and_without_being(web: httpx.Client) -> None:
    """400 and 404."""
    assert web.post("/v1/models/testcard/pull", json={"accept_licence": True}).status_code == 400
    assert web.delete("/v1/models/testcard").status_code == 400
    for method, path in (
        ("POST", "/v1/models/nothing/pull"),
        ("GET", "/v1/models/nothing/pull"),
        ("DELETE", "/v1/models/nothing"),
    ):
        assert web.request(method, path).status_code == 404
    assert web.get("/v1/models/dreams/pull").json()["error"]["code"] == "no_pull"
    assert web.get("/v1/models/dreams/pull/events").status_code == 404
    assert web.post("/v1/models/dreams/pull/cancel").status_code == 404
    assert web.get("/v1/models/testcard").json()["weights"] is None


def test_only_the_operator(web: httpx.Client, hub: Imitation) -> None:
    """Somebody with a key of their own may look at models, and sees no paths."""
    start(web)
    assert watched(web)[-1][0] == "done"
    mine = {"Authorization": "Bearer key_of_somebody"}
    for method, path in (
        ("POST", "/pull"), ("GET", "/pull"), ("GET", "/pull/events"), ("POST", "/pull/cancel"),
        ("DELETE", ""),
    ):  # fmt: skip
        reply = web.request(method, f"/v1/models/dreams{path}", headers=mine)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "not_allowed")
    weights = web.get("/v1/models/dreams", headers=mine).json()["weights"]
    assert weights["state"] == "ready"
    assert "folder" not in weights
    assert web.get("/v1/models/dreams").json()["weights"]["state"] == "ready"


def test_a_failure_is_told_in_the_readers_language(web: httpx.Client, hub: Imitation) -> None:
    """What the hub said, and what to do."""
    hub.fault(UNET, status=404)
    start(web)
    assert watched(web)[-1][1]["state"] == "failed"
    told = web.get("/v1/models/dreams/pull", headers={"Accept-Language": "zh"}).json()["error"]
    assert told["code"] == "not_at_source"
    assert UNET in told["message"]
    assert "没有" in told["message"]
    hub.faults.clear()
    start(web)
    assert watched(web)[-1][1]["state"] == "completed"


def test_one_at_a_time_and_stopped(web: httpx.Client, hub: Imitation) -> None:
    """A second start looks at the first; a cancel keeps what has come."""
    hub.fault(UNET, times=1, hang_at=100_000)
    first = start(web)
    assert hub.hung.wait(60)
    again = start(web)
    assert (again["state"], again["started_at"]) == ("in_progress", first["started_at"])
    refused = web.delete("/v1/models/dreams")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "pull_under_way")
    assert web.post("/v1/models/dreams/pull/cancel").status_code == 200
    assert watched(web)[-1][1]["state"] == "cancelled"
    weights = web.get("/v1/models/dreams").json()["weights"]
    assert weights["state"] == "missing"
    assert weights["waiting_bytes"] >= 100_000


def test_a_video_may_wait_for_the_files(web: httpx.Client, hub: Imitation) -> None:
    """While they are being fetched it is taken, and says so; before, and after one that was stopped, not."""
    asked = {"prompt": "x", "model": "dreams", "size": "64x64", "num_frames": "4"}

    def create() -> httpx.Response:
        still = io.BytesIO()
        Image.new("RGB", (64, 48), "teal").save(still, "PNG")
        files = {"input_reference": ("a.png", still.getvalue(), "image/png")}
        return web.post("/v1/videos", data=asked, files=files)

    assert create().json()["error"]["code"] == "weights_missing"
    hub.fault(UNET, times=1, hang_at=100_000)
    start(web)
    assert hub.hung.wait(60)
    taken = create()
    assert taken.status_code == 200, taken.text
    assert taken.json()["status"] == "queued"
    told = web.post("/v1/plans", json={**asked, "width": 64, "height": 48}).raise_for_status().json()
    assert any("on their way" in text for text in told["notes"])
    web.post("/v1/models/dreams/pull/cancel")
    assert watched(web)[-1][1]["state"] == "cancelled"
    assert create().json()["error"]["code"] == "weights_missing"


def test_removing(web: httpx.Client) -> None:
    """Frees the room; twice is 409."""
    start(web)
    assert watched(web)[-1][0] == "done"
    assert web.delete("/v1/models/dreams").json() == {
        "id": "dreams", "object": "model.deleted", "deleted": True, "freed_bytes": TOTAL,
    }  # fmt: skip
    reply = web.delete("/v1/models/dreams")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "weights_missing")


def test_watchers_are_let_go_when_the_server_stops(
    station: Station, web: httpx.Client, hub: Imitation
) -> None:
    """A stream must not hold it up."""
    hub.fault(UNET, times=1, hang_at=1000)
    start(web)
    assert hub.hung.wait(60)
    station.service.drain()
    events = watched(web)
    assert all(name == "progress" for name, _ in events)
