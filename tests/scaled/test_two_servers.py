"""Several API servers over one database and one folder are one service to whoever calls them."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from live import PATIENCE_S, Live, decoded, names, sha256
from postgres import Server

Make = Callable[..., Live]
FRONT = {"UNSTILL_WORKERS": "0"}
"""A server that makes no videos itself."""


def until(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def events_of(server: Live, video: str, heard: list[dict[str, Any]]) -> threading.Thread:
    """Follow a job until it is settled."""

    def follow() -> None:
        with (
            httpx.Client(trust_env=False, timeout=PATIENCE_S) as client,
            client.stream("GET", f"{server.url}/v1/videos/{video}/events") as answer,
        ):
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    heard.append(json.loads(line.removeprefix("data:")))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    return thread


def test_a_job_is_the_same_on_both(side_by_side: Make) -> None:
    """Sent to one, made by the other, watched and fetched from either."""
    front, back = side_by_side("front", **FRONT).start(), side_by_side("back").start()
    made = front.create(num_frames=24).raise_for_status().json()
    heard: list[dict[str, Any]] = []
    watching = events_of(front, made["id"], heard)
    job = front.settled(made["id"])
    assert job["state"] == "completed"
    assert back.get(made["id"])["output"] == job["output"]
    watching.join(PATIENCE_S)
    assert not watching.is_alive(), "the end was not told to who watches the other server"
    assert heard[-1]["state"] == "completed"
    for server in (front, back):
        with server.client() as client:
            video = client.get(f"/v1/videos/{made['id']}/content").content
            part = client.get(f"/v1/videos/{made['id']}/content", headers={"Range": "bytes=0-99"})
        assert sha256(video) == job["output"]["sha256"]
        assert decoded(video) == 24
        assert (part.status_code, part.content) == (206, video[:100])
    assert [listed["id"] for listed in back.all()] == [made["id"]]
    assert front.workers() == []


def test_a_cancel_on_one_stops_the_work_of_the_other(side_by_side: Make) -> None:
    front, back = side_by_side("front", **FRONT).start(), side_by_side("back").start()
    made = front.create("slow", model="naughty").raise_for_status().json()
    until(lambda: back.get(made["id"])["state"] == "in_progress", "it never began")
    with front.client() as client:
        client.post(f"/v1/videos/{made['id']}/cancel").raise_for_status()
    assert back.settled(made["id"])["state"] == "cancelled"


def test_a_key_counts_on_all_of_them(side_by_side: Make) -> None:
    """Made on one, accepted by the other at once, and refused by both once it is revoked."""
    keyed = {"UNSTILL_AUTH": "keys", **FRONT}
    first, second = side_by_side("first", **keyed).start(), side_by_side("second", **keyed).start()
    with first.client(headers=operator(first)) as here, second.client(headers=operator(second)) as there:
        made = here.post("/v1/keys", json={"name": "anna"}).raise_for_status().json()
        secret = next(value for value in made.values() if str(value).startswith("uns_"))
        mine = {"Authorization": f"Bearer {secret}"}
        until(lambda: there.get("/v1/videos", headers=mine).status_code == 200, "the key does not count")
        assert there.get("/v1/videos", headers={"Authorization": "Bearer uns_wrong"}).status_code == 401
        there.delete(f"/v1/keys/{made['id']}").raise_for_status()
        assert there.get("/v1/videos", headers=mine).status_code == 401
        until(lambda: here.get("/v1/videos", headers=mine).status_code == 401, "the key still counts")


def test_while_the_database_is_away_nobody_is_shut_out(side_by_side: Make, postgres: Server) -> None:
    """Keys are known all the same: the answer is 503 and not 401, and health is answered at once."""
    server = side_by_side("only", UNSTILL_AUTH="keys", **FRONT).start()
    with server.client(headers=operator(server)) as here:
        made = here.post("/v1/keys", json={"name": "anna"}).raise_for_status().json()
    secret = next(value for value in made.values() if str(value).startswith("uns_"))
    mine = {"Authorization": f"Bearer {secret}"}
    with server.client(headers=mine) as client:
        assert client.get("/v1/videos").status_code == 200
        postgres.stop()
        try:
            asked = threading.Thread(target=lambda: client.get("/v1/videos"), daemon=True)
            asked.start()
            health = httpx.get(f"{server.url}/healthz", timeout=5, trust_env=False, headers=mine)
            assert health.status_code == 200
            asked.join(PATIENCE_S)
            assert client.get("/v1/videos").status_code == 503
            assert client.get("/v1/videos", headers={"Authorization": "Bearer uns_x"}).status_code == 401
        finally:
            postgres.start()
        until(lambda: client.get("/v1/videos").status_code == 200, "it is still away")


def operator(server: Live) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.about()['secret']}"}


def test_a_server_that_dies_leaves_its_job_to_the_others(side_by_side: Make) -> None:
    """Its lease runs out; nobody waits for it to come back."""
    first, second = side_by_side("first").start(), side_by_side("second", **FRONT).start()
    made = second.create("slow", model="naughty").raise_for_status().json()
    until(lambda: second.get(made["id"])["state"] == "in_progress", "it never began")
    first.kill()
    third = side_by_side("third").start()
    assert second.settled(made["id"])["state"] == "completed"
    assert outputs(third) == {f"{made['id']}.2.mp4"}


def test_a_start_frees_nothing_of_the_others(side_by_side: Make) -> None:
    first = side_by_side("first").start()
    made = first.create("slow", model="naughty").raise_for_status().json()
    until(lambda: first.get(made["id"])["state"] == "in_progress", "it never began")
    second = side_by_side("second", **FRONT).start()
    assert "was left by an earlier start" not in second.said()
    assert first.settled(made["id"])["state"] == "completed"
    assert outputs(first) == {f"{made['id']}.1.mp4"}


def outputs(server: Live) -> set[str]:
    """The videos in the folder that all share."""
    found = names(Path(server.environ["UNSTILL_STORAGE"]) / "outputs")
    return {name for name in found if name.endswith(".mp4")}


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stop", "kill"])
def test_a_database_that_is_started_anew_loses_nothing(
    side_by_side: Make, postgres: Server, how: signal.Signals
) -> None:
    """While it is away answers are 503 and say so; what ran goes on, what waited is made."""
    first, second = side_by_side("first").start(), side_by_side("second").start()
    ids = [server.create("slow" if n == 0 else "pan left", model="naughty" if n == 0 else "testcard")
           .raise_for_status().json()["id"] for n, server in enumerate([first, second] * 3)]  # fmt: skip
    postgres.stop(how)
    try:
        with first.client() as client:
            away = client.get(f"/v1/videos/{ids[0]}")
        assert away.status_code == 503
        assert "Traceback" not in away.text
        refused = second.create()
        assert refused.status_code == 503
    finally:
        postgres.start()
    for server in (first, second):
        until(server.is_ready, "it never got ready again")
    client = OpenAI(base_url=f"{first.url}/v1", api_key="any", http_client=httpx.Client(trust_env=False))
    assert {client.videos.poll(video, poll_interval_ms=50).status for video in ids} == {"completed"}
    client.close()
    assert len(first.all()) == len(ids)
    heard: list[dict[str, Any]] = []
    made = second.create().raise_for_status().json()["id"]
    watching = events_of(first, made, heard)
    watching.join(PATIENCE_S)
    assert heard[-1]["state"] == "completed", "news of the others are not back"


def test_a_database_that_is_not_there_is_said_at_the_start(side_by_side: Make) -> None:
    server = side_by_side("first", UNSTILL_DATABASE_URL="postgresql://u:geheim@127.0.0.1:9/none")
    server.start(wait=False)
    assert server.process is not None
    assert server.process.wait(PATIENCE_S) not in (0, None)
    assert "127.0.0.1:9" in server.said()
    assert "geheim" not in server.said()
    assert "Traceback" not in server.said()


def test_a_deadline_is_kept_by_whoever_is_there(side_by_side: Make) -> None:
    """What waits and what is at work fail when their time is over, in words; a wrong one is refused."""
    front, back = side_by_side("front", **FRONT).start(), side_by_side("back").start()
    running = front.create("doze", num_frames=200, deadline_seconds=2).raise_for_status().json()
    waiting = front.create("pan left", deadline_seconds=1).raise_for_status().json()
    assert running["deadline_at"] == running["created_at"] + 2
    for video in (running, waiting):
        failed = front.settled(video["id"])
        assert failed["state"] == "failed"
        assert failed["error"]["code"] == "deadline_passed"
    after = front.create().raise_for_status().json()
    assert back.settled(after["id"])["state"] == "completed", "the worker did not let go of it"
    refused = front.create(deadline_seconds=0)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "deadline_seconds"
