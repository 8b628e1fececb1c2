"""How quick and how large the server is while people use it: through its API, with the motion engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import figures
from hostile import faults
from live import Live
from load import Load, seconds_to_ready

CLIENTS, SECONDS = 8, 300
STATUS_P99_MS, READY_S, RSS_MEBIBYTES, GROWN_MEBIBYTES = 100.0, 3.0, 150.0, 10.0
STARTS = 5


def tell(load: Load) -> None:
    print()
    print(figures.table(load.rows()))
    print(figures.table([load.totals()]))


def test_people_at_work_in_short(live: Callable[..., Live]) -> None:
    """Three people, one video each or more: each gets it whole, nothing is answered with 5xx, and all that
    the long form judges by the clock is measured."""
    server = live().start()
    fields = {"model": "motion", "num_frames": "12", "size": "512p"}
    load = Load(server, clients=3, seconds=1.0, fields=fields, side=(320, 240)).run()
    figures.note("people at work, short", **load.totals())
    assert (load.broken, load.faults, faults(server)) == ([], [], [])
    assert load.codes["completed"] >= 3
    assert {row["what"] for row in load.rows()} == {"create", "status", "content", "list", "delete"}
    assert all(row["count"] > 0 and row["p99_ms"] >= row["p50_ms"] > 0 for row in load.rows())
    assert load.totals()["rss_most_mebibytes"] < RSS_MEBIBYTES
    assert figures.table(load.rows()).count("\n") == 5


def test_a_start_is_measured(live: Callable[..., Live]) -> None:
    server = live()
    assert seconds_to_ready(server) > 0
    assert server.stop() == 0


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_people_at_work(live: Callable[..., Live]) -> None:
    """Eight people for 5 minutes, one video at a time and the rest waiting, leases of a second: no 5xx, the
    p99 of a look at a video under 100 ms, the server's memory flat and under 150 MiB."""
    server = live().start()
    load = Load(server, CLIENTS, SECONDS, {"model": "motion"}).run()
    tell(load)
    for row in load.rows():
        figures.record("people at work", **{**load.totals(), **row})
    assert (load.broken, load.faults, faults(server)) == ([], [], [])
    assert load.codes["failed"] == 0
    assert load.together >= CLIENTS - 2
    totals, status = load.totals(), next(row for row in load.rows() if row["what"] == "status")
    assert totals["rss_most_mebibytes"] < RSS_MEBIBYTES
    assert totals["rss_grown_mebibytes"] < GROWN_MEBIBYTES
    assert status["p99_ms"] < STATUS_P99_MS


@pytest.mark.soak
def test_a_server_is_soon_ready(live: Callable[..., Live]) -> None:
    """Within 3 s of the start of its process, five times."""
    server = live()
    seconds = []
    for _ in range(STARTS):
        seconds.append(round(seconds_to_ready(server), 2))
        assert server.stop() == 0
    figures.record("ready", seconds=sorted(seconds))
    assert sorted(seconds)[STARTS // 2] < READY_S
