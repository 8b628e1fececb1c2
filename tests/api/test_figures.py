"""The figures of /metrics are right, and the dashboard and the guide show those that there are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_parts import Station, build, png
from prometheus_client.parser import text_string_to_metric_families

from testcard import TESTCARD
from unstill.apps.api.metrics import Tally
from unstill.core.events import Event
from unstill.domain.job import Failure, Output, Progress, State

DOCS = Path(__file__).parents[2] / "docs"
PICTURE = {"input_reference": ("a.png", png())}
Make = Callable[..., dict[str, Any]]
Samples = dict[tuple[str, ...], float]


def read(page: str) -> Samples:
    """Values by name and labels."""
    return {
        (s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(page) for s in f.samples
    }


def figures(web: httpx.Client) -> Samples:
    return read(web.get("/metrics").text)


def test_everything_that_an_operator_watches(web: httpx.Client, finished: Make) -> None:
    """Work done, failures by code, peak memory, seconds by stage, restarts: each counted once."""
    before = figures(web)
    finished()
    finished("crash")
    # The last news of a job may be counted a moment after its row is read.
    while (now := figures(web)).get(("unstill_jobs_settled_total", "failed"), 0) <= before.get(
        ("unstill_jobs_settled_total", "failed"), 0
    ):
        time.sleep(0.01)

    def grew(*name: str) -> float:
        return now[name] - before.get(name, 0)

    assert grew("unstill_jobs_settled_total", "completed") == 1
    assert grew("unstill_jobs_settled_total", "failed") == 1
    assert grew("unstill_failures_total", "worker_crashed") == 1
    assert grew("unstill_frames_made_total") == 8
    assert grew("unstill_stage_seconds_count", "frame") == 2
    assert grew("unstill_stage_seconds_sum", "frame") > 0
    assert now[("unstill_peak_memory_bytes", "testcard")] == 1000
    assert now[("unstill_worker_restarts_total", "cpu:0")] == 2
    assert now[("unstill_worker_usable", "cpu:0")] == 1
    assert now[("unstill_worker_tick_age_seconds", "cpu:0")] == 0


def test_the_queue_in_figures(web: httpx.Client, station: Station, make: Make) -> None:
    """What waits, since when, and what is being made."""
    make("wait")
    while figures(web)[("unstill_running",)] < 1:
        time.sleep(0.01)
    make(), make()
    time.sleep(0.05)
    now = figures(web)
    assert (now[("unstill_queue_depth",)], now[("unstill_running",)]) == (2, 1)
    assert now[("unstill_jobs", "queued")] == 2
    assert now[("unstill_queue_oldest_wait_seconds",)] >= 0.05
    station.worker.go.set()
    while figures(web)[("unstill_queue_depth",)]:
        time.sleep(0.01)
    assert figures(web)[("unstill_queue_oldest_wait_seconds",)] == 0


def test_a_restored_video_is_not_counted_again(web: httpx.Client, finished: Make) -> None:
    """Deleting and restoring is no work."""
    job = finished()["id"]
    while figures(web).get(("unstill_frames_made_total",), 0) < 8:
        time.sleep(0.01)
    before = figures(web)
    web.delete(f"/v1/videos/{job}")
    web.post(f"/v1/videos/{job}/restore")
    assert figures(web) == before


def test_jobs_of_an_earlier_start_count_when_they_end(tmp_path: Path) -> None:
    """A job that waited when the server started is counted; one that had ended then is not."""
    with_jobs = build(tmp_path / "data", [TESTCARD])
    with_jobs.worker.paused = True
    with_jobs.start()
    store = with_jobs.service.store
    try:
        for _ in range(3):
            sent = httpx.post(f"{with_jobs.url}/v1/videos", data={"prompt": "x"}, files=PICTURE, timeout=20)
            assert sent.status_code == 200
        done, claim = store.claim("w", ["testcard"]) or pytest.fail("nothing waits")
        earlier = store.complete(claim, Output("outputs/a.mp4", 1, "", 1.0, 5), ())
        tally = Tally(store)
        second, claim = store.claim("w", ["testcard"]) or pytest.fail("nothing waits")
        tally.see(Event(1, second.id, "state", second))
        tally.see(Event(2, second.id, "progress", Progress("load", 0, 1, 0)))
        tally.see(Event(3, second.id, "progress", Progress("frame", 0, 8, 10)))
        failed = store.fail(claim, Failure("out_of_memory"))
        for job in (earlier, failed, failed):
            tally.see(Event(4, job.id, "state", job))
        third = store.page(states={State.QUEUED}).jobs[0]
        tally.see(Event(5, third.id, "state", store.cancel(third.id)))
        now = read(tally.page().decode())
    finally:
        with_jobs.stop()
    assert done.id == earlier.id
    assert ("unstill_jobs_settled_total", "completed") not in now
    assert now[("unstill_frames_made_total",)] == 0
    assert now[("unstill_jobs_settled_total", "failed")] == 1
    assert now[("unstill_jobs_settled_total", "cancelled")] == 1
    assert now[("unstill_failures_total", "out_of_memory")] == 1
    assert now[("unstill_stage_seconds_count", "load")] == now[("unstill_stage_seconds_count", "frame")] == 1


# --- the dashboard and the guide ----------------------------------------------------------------------------


@pytest.fixture
def labels(web: httpx.Client, finished: Make) -> dict[str, set[str]]:
    """The samples of a server that has worked, and the labels of each."""
    finished()
    finished("crash")
    while not any(name == "unstill_failures_total" for name, *_ in figures(web)):
        time.sleep(0.01)
    families = text_string_to_metric_families(web.get("/metrics").text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def test_the_dashboard_shows_what_there_is(labels: dict[str, set[str]]) -> None:
    """Every metric and every label in it is one of a running server; everything to be watched is on it."""
    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    asked = [target for panel in board["panels"] for target in panel["targets"]]
    shown = set()
    for target in asked:
        names = set(re.findall(r"unstill_[a-z_]+", target["expr"]))
        assert names
        assert names <= labels.keys(), target["expr"]
        told = set(re.findall(r"by \(([a-z, ]+)\)", target["expr"])) | set(
            re.findall(r"{{(\w+)}}", target["legendFormat"])
        )
        for label in {part.strip() for text in told for part in text.split(",")} - {"instance"}:
            assert label in set().union(*(labels[name] for name in names)), target["expr"]
        shown |= names
    assert shown >= {
        "unstill_queue_depth", "unstill_queue_oldest_wait_seconds", "unstill_running",
        "unstill_stage_seconds_sum", "unstill_frames_made_total", "unstill_peak_memory_bytes",
        "unstill_failures_total", "unstill_worker_restarts_total",
    }  # fmt: skip


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """No data source of somebody's own, no two panels in one place, nothing without a title."""
    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    assert board["id"] is None
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_guide_names_every_figure(labels: dict[str, set[str]]) -> None:
    """Each with its labels, and none that there is not."""
    text = (DOCS / "operating.md").read_text()
    rows = re.findall(r"^\| `(unstill_\w+)` \| (\w+) \| (.*?) \|", text, re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", names)) for name, _, names in rows}
    there: dict[str, set[str]] = {}
    for name, names in labels.items():
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        if not name.endswith("_created"):
            there[plain] = there.get(plain, set()) | (names - {"le"})
    assert told == there
    assert set(re.findall(r"unstill_[a-z_]+", text)) <= there.keys()
