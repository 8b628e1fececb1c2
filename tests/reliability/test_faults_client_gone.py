"""Clients whose connection breaks in the middle of what they send."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest

from ledger import Ledger, on_disk
from live import PHOTO, Live

LINE = b"--line\r\nContent-Disposition: form-data; name="
FIELDS = {"prompt": "pan left", "model": "testcard", "num_frames": "8", "fps": "8", "seed": "1"}
WAYS = ("closed", "reset")


def body() -> bytes:
    """What `Live.create` sends, too."""
    fields = [
        LINE + b'"%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode()) for name, value in FIELDS.items()
    ]
    file = LINE + b'"input_reference"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' + PHOTO
    return b"".join(fields) + file + b"\r\n--line--\r\n"


def drop(server: Live, key: str, tenths: int, way: str) -> None:
    """Send so much of a create, and be gone."""
    content = body()
    head = (
        f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: multipart/form-data; boundary=line\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as made:
        made.sendall(head.encode() + content[: len(content) * tenths // 10])
        if way == "reset":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def server(live: Callable[..., Live]) -> Live:
    return live().start()


def test_a_broken_connection_makes_a_job_or_none(server: Live) -> None:
    """Dropped at each tenth of the body, closed or reset: only a whole request may have made a job, and the
    same key gives that one. Nothing is left of the others."""
    keys = {(way, tenths): f"{way} {tenths}" for way in WAYS for tenths in range(11)}
    for (way, tenths), key in keys.items():
        drop(server, key, tenths, way)
    early = {job["id"] for job in server.all()}
    assert len(early) <= len(WAYS)
    ledger, whole = Ledger(), set()
    for (_, tenths), key in keys.items():
        for _ in range(2):
            ledger.told(key, server.create(key=key).raise_for_status().json())
        if tenths == 10:
            whole.add(ledger.jobs[key])
    assert early <= whole
    for video in ledger.jobs.values():
        assert server.settled(video)["state"] == "completed"
    assert len(server.all()) == len(keys)
    assert len(server.inputs()) == len(keys)
    assert not [name for name in on_disk(server.data) if name.startswith("tmp/")]
    server.kill()
    server.start()
    verdict = ledger.verdict(server)
    assert verdict.well, verdict


def test_an_answer_that_nobody_hears_is_not_lost(server: Live) -> None:
    """The whole request was sent: the job is made although its client is gone."""
    drop(server, "gone", 10, "closed")
    while not (jobs := server.all()):
        pass
    assert server.settled(jobs[0]["id"])["state"] == "completed"
    assert server.create(key="gone").json()["id"] == jobs[0]["id"]
