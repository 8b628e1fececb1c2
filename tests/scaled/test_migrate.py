"""`unstill migrate` moves a whole installation, and loses nothing wherever it is stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from live import PATIENCE_S, Live, decoded, names, sha256
from postgres import Server
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.core.clock import SystemClock

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.fixture
def home(tmp_path: Path, engines: str) -> Live:
    """A server on SQLite with a finished video, one deleted, one that failed, one in progress, and two that
    wait, and with keys; it was stopped in the middle of its work."""
    return Live(tmp_path / "home", engines, UNSTILL_AUTH="keys", UNSTILL_GRACE_S="0")


def migrate(server: Live, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "unstill", "migrate", "--to", url, "--data-dir", str(server.data)]
    return subprocess.run(
        [*command, *more], env=dict(server.environ), capture_output=True, text=True, timeout=PATIENCE_S
    )


def key_of(server: Live) -> str:
    with server.client(headers={"Authorization": f"Bearer {server.about()['secret']}"}) as client:
        made = client.post("/v1/keys", json={"name": "anna"}).raise_for_status().json()
    return str(next(value for value in made.values() if str(value).startswith("uns_")))


def videos(client: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/v1/videos", params={"limit": 100}).json()["data"]
    return found


def create(client: httpx.Client, prompt: str = "pan left", **fields: str) -> str:
    from live import PHOTO

    values = {"prompt": prompt, "model": "testcard", "num_frames": "8", "fps": "8", "seed": "1", **fields}
    answer = client.post(
        "/v1/videos", data=values, files={"input_reference": ("a.png", PHOTO, "image/png")},
        headers={"Idempotency-Key": f"{prompt} {fields.get('seed')}"},
    )  # fmt: skip
    return str(answer.raise_for_status().json()["id"])


def test_everything_comes_along(home: Live, side_by_side: Callable[..., Live], postgres: Server) -> None:
    """Jobs in every state under their ids, their pictures and videos, the key, the client's names for
    requests; and what was under way is made, once, by the servers there."""
    with home:
        secret = key_of(home.start())
        mine = {"Authorization": f"Bearer {secret}"}
        with home.client(headers=mine) as client:
            done, gone = create(client), create(client, seed="2")
            for video in (done, gone):
                while client.get(f"/v1/videos/{video}").json()["state"] != "completed":
                    pass
            client.delete(f"/v1/videos/{gone}").raise_for_status()
            running = create(client, "slow", model="naughty")
            while client.get(f"/v1/videos/{running}").json()["state"] != "in_progress":
                pass
            waiting = [create(client, seed=str(seed)) for seed in (3, 4)]
            before = {str(video["id"]): video for video in videos(client)}
        home.stop()
        pictures = names(home.data / "inputs")

        front = side_by_side("front", UNSTILL_AUTH="keys")
        place = front.environ["UNSTILL_STORAGE"]
        ended = migrate(home, front.environ["UNSTILL_DATABASE_URL"], "--storage", place, "--json")
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert (told["jobs"], told["keys"], told["missing"]) == (5, 2, [])
        assert names(Path(place) / "inputs") == pictures

        front.start()
        client = OpenAI(base_url=f"{front.url}/v1", api_key=secret, http_client=httpx.Client(trust_env=False))
        for video in (running, *waiting):
            assert client.videos.poll(video, poll_interval_ms=50).status == "completed"
        content = client.videos.download_content(done).read()
        client.close()
        assert decoded(content) == 8
        assert sha256(content) == before[done]["output"]["sha256"]  # type: ignore[index]
        with front.client(headers=mine) as there:
            after = {str(video["id"]): video for video in videos(there)}
            assert after.keys() == before.keys()
            assert {**after[done], "queue_position": None} == {**before[done], "queue_position": None}
            assert create(there) == done, "the client's name for a request came along"
            there.post(f"/v1/videos/{gone}/restore").raise_for_status()
            assert there.get(f"/v1/videos/{gone}/content").status_code == 200
        assert not (home.data / "unstill.db").exists()
        assert (home.data / "unstill.db.moved").exists()


def test_a_running_server_is_not_moved(home: Live, postgres: Server) -> None:
    with home:
        home.start()
        ended = migrate(home, postgres.new_database())
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert str(home.pid) in ended.stderr


def test_a_database_with_jobs_is_left_alone(
    home: Live, postgres: Server, tmp_path: Path, engines: str
) -> None:
    url = postgres.new_database()
    with home, Live(tmp_path / "other", engines, UNSTILL_DATABASE_URL=url) as other:
        other.start()
        video = other.create().raise_for_status().json()["id"]
        home.start()
        home.stop()
        ended = migrate(home, url)
        assert ended.returncode != 0
        assert "jobs already" in ended.stderr
        assert (home.data / "unstill.db").exists()
        assert [job["id"] for job in other.all()] == [video]


def test_a_server_that_is_not_there_changes_nothing(home: Live) -> None:
    with home:
        home.start()
        home.stop()
        ended = migrate(home, "postgresql://u:geheim@127.0.0.1:9/none")
        assert ended.returncode != 0
        assert "geheim" not in ended.stderr
        home.start()
        assert home.is_ready()


def test_a_backup_needs_no_server(side_by_side: Callable[..., Live], tmp_path: Path) -> None:
    """The jobs of the shared database in a file that a server opens by itself."""
    server = side_by_side("only").start()
    video = server.create().raise_for_status().json()["id"]
    assert server.settled(video)["state"] == "completed"
    server.stop()
    command = [sys.executable, "-P", "-m", "unstill", "backup", str(tmp_path / "kept.db")]
    ended = subprocess.run(
        [*command, "--data-dir", str(server.data)], env=dict(server.environ), capture_output=True, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    with closing(open_jobs(tmp_path / "kept.db", SystemClock())) as store:
        assert store.get(video).state == "completed"
