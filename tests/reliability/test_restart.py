"""A server is killed in mid-job and started again: nobody who waits notices more than a pause."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from openai import OpenAI

from live import PATIENCE_S, PHOTO, Live, decoded, sha256


def test_a_killed_server_goes_on_with_the_job(live: Callable[..., Live]) -> None:
    """The client's polling goes on over the kill, under the same id; there is one MP4 in the end."""
    server = live().start()
    made = server.create("pan left", model="motion", num_frames=48, size="512p").raise_for_status().json()
    end = time.monotonic() + PATIENCE_S
    while server.get(made["id"])["state"] != "in_progress":
        assert time.monotonic() < end
        time.sleep(0.01)
    worker = server.workers()[0]
    server.kill()
    server.start()
    job = server.settled(made["id"])
    assert (job["state"], job["error"]) == ("completed", None)
    assert worker not in server.workers()
    with server.client() as client:
        video = client.get(f"/v1/videos/{made['id']}/content").content
    assert decoded(video) == 48
    assert sha256(video) == job["output"]["sha256"]
    mp4s = [name for name in server.outputs() if name.endswith(".mp4")]
    assert mp4s == [f"{made['id']}.2.mp4"], server.said()[-4000:]
    assert server.stop() == 0


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_stock_client_polls_over_a_restart(live: Callable[..., Live]) -> None:
    """openai's own retries are enough while the server is away for a moment."""
    server = live().start()
    client = OpenAI(
        base_url=f"{server.url}/v1", api_key="any", max_retries=10, http_client=httpx.Client(trust_env=False)
    )
    made = client.videos.create(prompt="pan left", model="testcard", input_reference=("a.png", PHOTO))
    server.kill()
    server.start()
    assert client.videos.poll(made.id).status == "completed"
    client.close()


def test_a_stop_loses_nothing(live: Callable[..., Live]) -> None:
    """SIGTERM ends it in order; what waited is made after the next start, and a stop is no crash."""
    server = live().start()
    ids = [server.create().raise_for_status().json()["id"] for _ in range(5)]
    assert server.stop() == 0
    assert not (server.data / "server.json").exists()
    server.start()
    assert {server.settled(video)["state"] for video in ids} == {"completed"}
    assert server.stop() == 0
    assert "Traceback" not in server.said()
