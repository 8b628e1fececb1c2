"""What several callers of one exposed server may know of each other, and take from each other."""

from __future__ import annotations

import io
import json
import socket
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from live import PATIENCE_S, PHOTO, Live
from unstill.adapters.key_store import KeyFile


@pytest.fixture
def two(live: Callable[..., Live]) -> tuple[Live, str, str]:
    """A server with keys for Ann and Bob."""
    server = live()
    server.data.mkdir(mode=0o700)
    keys = KeyFile(server.data)
    secrets = keys.add("ann")[1], keys.add("bob")[1]
    return server.start(), *secrets


def as_key(server: Live, secret: str) -> httpx.Client:
    return server.client(headers={"Authorization": f"Bearer {secret}"})


def submit(client: httpx.Client, prompt: str) -> str:
    data = {"prompt": prompt, "model": "testcard", "num_frames": "200", "fps": "24"}
    made = client.post("/v1/videos", data=data, files={"input_reference": ("a.png", PHOTO, "image/png")})
    found: str = made.raise_for_status().json()["id"]
    return found


def test_the_bundle_is_the_operators(two: tuple[Live, str, str]) -> None:
    """It tells of everybody's requests; and its JSON is JSON."""
    server, ann, _ = two
    with as_key(server, ann) as client:
        assert client.post("/v1/support-bundle").status_code == 403
    with as_key(server, server.about()["secret"]) as client:
        packed = client.post("/v1/support-bundle").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    settings = json.loads(found["settings.json"])
    assert settings["keep_prompt"] is True
    assert settings["queue_limit_per_key"] == 10000
    assert {name for name in found if name.endswith(".json")} >= {
        "versions.json",
        "doctor.json",
        "system.json",
    }
    assert all(json.loads(text) for name, text in found.items() if name.endswith(".json"))
    assert ann.encode() not in packed


def test_whose_job_a_worker_is_at(two: tuple[Live, str, str]) -> None:
    """Its owner and the operator see the id; another key sees that somebody's is."""
    server, ann, bob = two
    with as_key(server, ann) as mine, as_key(server, bob) as other:
        job = submit(mine, "doze")
        end = time.monotonic() + PATIENCE_S
        while (worker := mine.get("/v1/system").json()["workers"][0])["job_id"] != job:
            assert time.monotonic() < end, worker
            time.sleep(0.02)
        theirs = other.get("/v1/system").json()["workers"][0]
        assert (theirs["state"], theirs["job_id"]) == ("busy", None)
        assert mine.post(f"/v1/videos/{job}/cancel").json()["cancelling"] is True


def test_a_revoked_key_sees_no_more(two: tuple[Live, str, str]) -> None:
    """Its open stream ends before the video does."""
    server, ann, bob = two
    with as_key(server, bob) as client, as_key(server, server.about()["secret"]) as operator:
        job = submit(client, "doze")
        with client.stream("GET", f"/v1/videos/{job}/events") as stream:
            lines = stream.iter_lines()
            assert next(lines)
            listed = operator.get("/v1/keys").json()["data"]
            key = next(each["id"] for each in listed if each["name"] == "bob")
            operator.delete(f"/v1/keys/{key}").raise_for_status()
            rest = list(lines)
        assert not any(line == "event: done" for line in rest)
        assert client.get("/v1/models").status_code == 401
    assert KeyFile(server.data).check(ann) is not None


def test_one_caller_leaves_connections_to_others(two: tuple[Live, str, str]) -> None:
    """Open streams are counted; the next one is told to wait, and somebody else is not."""
    server, ann, bob = two
    with as_key(server, ann) as mine, as_key(server, bob) as other:
        job, theirs = submit(mine, "doze"), submit(other, "doze")
        sockets = [opened(server, ann, job) for _ in range(64)]
        try:
            refused = mine.get(f"/v1/videos/{job}/events")
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
            assert int(refused.headers["retry-after"]) > 0
            with other.stream("GET", f"/v1/videos/{theirs}/events") as stream:
                assert stream.status_code == 200
            assert other.get("/healthz").status_code == 200
        finally:
            for each in sockets:
                each.close()
        end = time.monotonic() + PATIENCE_S
        while True:  # they are noticed to be gone
            with mine.stream("GET", f"/v1/videos/{job}/events") as stream:
                if stream.status_code == 200:
                    break
            assert time.monotonic() < end
            time.sleep(0.1)


def opened(server: Live, secret: str, job: str) -> socket.socket:
    """A socket on which events of a job come."""
    made = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    lines = [f"GET /v1/videos/{job}/events HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}"]
    made.sendall("\r\n".join([*lines, "", ""]).encode())
    assert b" 200 " in made.recv(64)
    return made


def test_two_ways_to_see_a_requests_end_are_none(live: Callable[..., Live]) -> None:
    """What stands behind a body that two readers measure differently is nobody's request."""
    server = live().start()
    hidden = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    head = b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\n" + both
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(head + b"0\r\n\r\n" + hidden)
        got = b""
        while more := client.recv(65536):
            got += more
    assert got.count(b"HTTP/1.1 ") == 1
    assert b" 400 " in got.splitlines()[0]
    assert b"malformed_request" in got


def test_the_folders_are_private(live: Callable[..., Live], tmp_path: Path) -> None:
    """Names of files are nobody else's business either."""
    server = live().start()
    server.settled(server.create().json()["id"])
    for folder in ("inputs", "outputs", "logs", "."):
        assert (server.data / folder).stat().st_mode & 0o077 == 0
