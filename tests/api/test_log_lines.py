"""One line a request: what an operator needs, and nothing that a person wrote."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from api_parts import Station, build, png
from structlog.testing import capture_logs

from testcard import TESTCARD
from unstill.adapters.key_store import KeyFile
from unstill.apps.api.guard import GuardSettings

PICTURE = {"input_reference": ("private.png", png())}
OPERATOR = "op-" + "x" * 40


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A server as strangers reach it."""
    rules = GuardSettings(auth="keys", operator=OPERATOR, burst=100_000)
    made = build(tmp_path_factory.mktemp("guarded"), [TESTCARD], guard=rules)
    made.start()
    yield made
    made.stop()


def lines_of(lines: list[Any], count: int) -> list[dict[str, Any]]:
    """The request lines, of which there will be so many: each is written after its answer."""
    while len(found := [line for line in lines if line["event"] == "request"]) < count:
        time.sleep(0.01)
    return found


def test_a_create_with_a_key_is_one_line_without_its_words(guarded: Station) -> None:
    """Request id, method, route, status, milliseconds, bytes and the key's id."""
    key, secret = KeyFile(guarded.data).add("laptop")
    headers = {"Authorization": f"Bearer {secret}", "X-Request-ID": "mine-1", "Idempotency-Key": "hushhush"}
    with capture_logs() as lines, httpx.Client(base_url=guarded.url) as client:
        sent = {"prompt": "a secret lake", "negative_prompt": "nobody"}
        reply = client.post("/v1/videos?q=hidden", data=sent, files=PICTURE, headers=headers)
        video = reply.json()["id"]
        headers["X-Request-ID"] = "not one\tword"
        looked = client.get(f"/v1/videos/{video}", headers=headers)
        [made, seen] = lines_of(lines, 2)
    assert reply.headers.get_list("x-request-id") == ["mine-1"]
    assert made.pop("ms") > 0
    assert made == {
        "event": "request", "log_level": "info", "request_id": "mine-1", "method": "POST",
        "route": "/v1/videos", "status": 200, "bytes": len(reply.content), "owner": key.id,
    }  # fmt: skip
    assert seen["request_id"] == looked.headers["x-request-id"]
    assert seen["request_id"].startswith("req_")
    assert seen["route"] == "/v1/videos/{video_id}"
    everything = str(lines)
    for word in ("secret", "lake", "nobody", "hidden", "private", "hushhush", secret, secret[4:20], video):
        assert word not in everything, word


def test_what_the_app_refuses_is_logged_with_its_code(guarded: Station) -> None:
    """Also an address that nobody knows, which is not repeated."""
    headers = {"X-API-Key": OPERATOR}
    with capture_logs() as lines, httpx.Client(base_url=guarded.url, headers=headers) as client:
        client.get("/v1/videos/video_0")
        client.get("/v1/uns_secret")
        client.put("/v1/videos")
        found = lines_of(lines, 3)
    assert [(line["route"], line["status"], line["code"], line["log_level"]) for line in found] == [
        ("/v1/videos/{video_id}", 404, "video_not_found", "info"),
        ("-", 404, "route_not_found", "info"),
        ("/v1/videos", 405, "method_not_allowed", "info"),
    ]
    assert "uns_secret" not in str(lines)


def test_what_the_guard_refuses_is_logged_and_named_too(guarded: Station) -> None:
    """One line each, in mid-body as well, with the id that the answer carries."""
    with capture_logs() as lines, httpx.Client(base_url=guarded.url) as client:

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b"x" * 2**16

        replies = [
            client.get("/v1/videos", headers={"Authorization": "Bearer wrong-secret"}),
            client.get("/v1/videos", headers={"Host": "evil.example"}),
            client.get("/", headers={"Origin": "http://evil.example"}),
            client.get("/a/%2e%2e/b", headers={"X-Request-ID": "mine-2"}),
            client.post("/v1/plans", content=endless(), headers={"X-API-Key": OPERATOR}),
            client.get("/v1/session"),
        ]
        found = lines_of(lines, 6)
    assert [(line.get("code"), line["status"]) for line in found] == [
        ("invalid_api_key", 401), ("foreign_host", 403), ("foreign_origin", 403), ("malformed_request", 400),
        ("body_too_large", 413), (None, 200),
    ]  # fmt: skip
    assert all(line["log_level"] == "info" for line in found)
    ids = [reply.headers.get_list("x-request-id") for reply in replies]
    assert ids == [[line["request_id"]] for line in found]
    assert ids[3] == ["mine-2"]
    assert [line["bytes"] for line in found] == [len(reply.content) for reply in replies]
    assert "wrong-secret" not in str(lines)
    assert "evil" not in str(lines)


def test_no_http_at_all_is_logged_too(guarded: Station) -> None:
    """What never became a request."""
    import socket

    port = int(guarded.url.rpartition(":")[2])
    with capture_logs() as lines, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"my private words\r\n\r\n")
        answer = client.recv(65536)
        [line] = lines_of(lines, 1)
    assert b"x-request-id: " + line["request_id"].encode() in answer.lower()
    assert (line["code"], line["status"], line["method"]) == ("malformed_request", 400, "-")
    assert "private" not in str(lines)


def test_what_is_asked_again_and_again_is_quiet(guarded: Station) -> None:
    """Health, figures and the page's own files are told at DEBUG; not when they fail."""
    headers = {"X-API-Key": OPERATOR}
    with capture_logs() as lines, httpx.Client(base_url=guarded.url, headers=headers) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/assets/app.js", "/favicon.ico", "/docs/docs.js"):
            client.get(path)
        guarded.worker.tick_age_s = 1000
        client.get("/readyz")
        guarded.worker.tick_age_s = 0
        client.get("/v1/models")
        found = lines_of(lines, 8)
    assert [line["log_level"] for line in found] == ["debug"] * 6 + ["info"] * 2
    assert found[6]["code"] == "not_ready_yet"


def test_a_client_that_went_away_is_499(guarded: Station) -> None:
    """Nobody was answered, and nothing went wrong."""
    import socket

    port = int(guarded.url.rpartition(":")[2])
    with capture_logs() as lines:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            head = f"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {OPERATOR}\r\n"
            client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        [line] = lines_of(lines, 1)
    assert (line["route"], line["status"], line["bytes"]) == ("/v1/plans", 499, 0)
    assert not [line for line in lines if line["event"] == "incident"]
