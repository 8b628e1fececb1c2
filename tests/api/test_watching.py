"""Server-sent events: what a watcher sees, and what one that comes back gets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from api_parts import Station


def told(reply: httpx.Response) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """id, event and data of each event; comments are ("", ":", {})."""
    fields: dict[str, str] = {}
    for line in reply.iter_lines():
        if line.startswith(":"):
            yield "", ":", {}
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def watch(
    web: httpx.Client, video_id: object, last: str | None = None, begun: Callable[[], None] = lambda: None
) -> list[tuple[str, str, dict[str, Any]]]:
    """All of it; ``begun`` is called once it is seen that one is watching."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with web.stream("GET", f"/v1/videos/{video_id}/events", headers=headers) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        events = told(reply)
        first = next(events)
        begun()
        return [first, *events]


@pytest.fixture
def go(station: Station) -> Callable[[], None]:
    """Nothing is made until this is called."""
    station.worker.paused = True
    return lambda: setattr(station.worker, "paused", False)


def test_a_watcher_sees_it_from_queue_to_end(
    web: httpx.Client, go: Callable[[], None], make: Callable[..., dict[str, Any]]
) -> None:
    """State, progress with its stage, a preview, and the finished video; ids only grow."""
    seen = watch(web, make()["id"], begun=go)
    names = [name for _, name, _ in seen if name != ":"]
    assert names[0] == "state"
    assert names[-1] == "done"
    assert {"progress", "preview"} <= set(names)
    progress = next(data for _, name, data in seen if name == "progress")
    assert progress.keys() == {"stage", "step", "total", "progress", "eta_s"}
    preview = next(data for _, name, data in seen if name == "preview")
    assert preview["preview"].startswith("data:image/jpeg;base64,")
    assert seen[-1][2]["state"] == "completed"
    ids = [int(number) for number, name, _ in seen if name != ":"]
    assert ids == sorted(ids)


def test_one_that_comes_back_gets_what_it_missed(
    web: httpx.Client, go: Callable[[], None], make: Callable[..., dict[str, Any]]
) -> None:
    """After Last-Event-ID: exactly the rest; after the end: 204, so that a browser stops asking."""
    job = make()
    seen = watch(web, job["id"], begun=go)
    whole = [event for event in seen if event[1] in ("state", "progress", "done")]
    middle = whole[1]
    rest = [event for event in watch(web, job["id"], middle[0]) if event[1] in ("state", "progress", "done")]
    numbers = [number for number, _, _ in rest]
    assert numbers == sorted(numbers)
    assert numbers[0] > middle[0]
    assert rest[-1][1] == "done"
    assert set(numbers) >= {number for number, _, _ in whole[2:]}
    assert (
        web.get(f"/v1/videos/{job['id']}/events", headers={"Last-Event-ID": rest[-1][0]}).status_code == 204
    )


def test_an_id_from_another_life_starts_from_the_row(
    web: httpx.Client, finished: Callable[..., dict[str, Any]]
) -> None:
    """An id that is not known any more, or is nonsense, is answered with how things stand."""
    job = finished()
    for last in ("1", "999999999999999999", "nonsense"):
        assert [name for _, name, _ in watch(web, job["id"], last)] == ["done"]


def test_quiet_streams_beat(web: httpx.Client, station: Station, make: Callable[..., dict[str, Any]]) -> None:
    """Comments keep the connection open while nothing happens; a cancel ends the stream."""
    job = make("wait")
    beats, ended = 0, ""
    with web.stream("GET", f"/v1/videos/{job['id']}/events") as reply:
        for _, name, data in told(reply):
            beats += name == ":"
            if beats == 2:
                beats += 1
                web.post(f"/v1/videos/{job['id']}/cancel")
            if name == "done":
                ended = data["state"]
    assert ended == "cancelled"


def test_lost_news_are_made_up_for(
    web: httpx.Client, station: Station, make: Callable[..., dict[str, Any]]
) -> None:
    """A watcher looks at the row from time to time: what no event told is seen all the same."""
    station.worker.paused = True
    job = make()
    with web.stream("GET", f"/v1/videos/{job['id']}/events") as reply:
        events = told(reply)
        assert next(events)[1] == "state"
        station.service.store.cancel(str(job["id"]))  # nobody publishes it
        assert [data["state"] for _, name, data in events if name == "done"] == ["cancelled"]


def test_cancelled_reads_as_failed_in_the_dialect(
    web: httpx.Client, station: Station, make: Callable[..., dict[str, Any]]
) -> None:
    """The dialect has no such status; `state` and the error's code tell."""
    station.worker.paused = True
    shown = web.post(f"/v1/videos/{make()['id']}/cancel").json()
    assert (shown["status"], shown["state"], shown["error"]["code"]) == ("failed", "cancelled", "cancelled")
    again = web.post(f"/v1/videos/{shown['id']}/cancel")
    assert (again.status_code, again.headers["x-should-retry"]) == (409, "false")


def test_a_stopping_server_lets_go_of_its_watchers(
    station: Station, web: httpx.Client, tmp_path: Any
) -> None:
    """drain() ends streams, and nothing new is taken."""
    from api_parts import build, png

    from testcard import TESTCARD

    other = build(tmp_path / "other", [TESTCARD])
    other.worker.paused = True
    other.start()
    try:
        with httpx.Client(base_url=other.url, timeout=10) as client:
            picture = {"input_reference": png()}
            job = client.post("/v1/videos", data={"prompt": "x"}, files=picture).json()
            with client.stream("GET", f"/v1/videos/{job['id']}/events") as reply:
                events = told(reply)
                next(events)
                other.service.drain()
                started = time.monotonic()
                list(events)
                assert time.monotonic() - started < 60
            refused = client.post("/v1/videos", data={"prompt": "x"}, files=picture)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
    finally:
        other.stop()
