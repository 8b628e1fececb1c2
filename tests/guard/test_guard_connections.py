"""Sockets that hold on: each is closed in time, and the others do not notice."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import Server, body, everything, head, quick, serving, status

from unstill.apps.api.guard import GuardSettings

PATIENCE_S = 1.2
SLOW = 200


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    limits = quick(patience_s=PATIENCE_S, connections=300)
    settings = GuardSettings(body_patience_s=PATIENCE_S, connection=limits, burst=100_000)
    with serving(tmp_path, settings) as server:
        yield server


STARTS = [
    b"",
    b"G",
    b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\nX-Drip: ",
    head("POST", "/v1/x", "Content-Length: 100000"),
    head("POST", "/v1/videos", "Transfer-Encoding: chunked"),
    head("POST", "/v1/ignores", "Content-Length: 1000"),
    head("GET", "/v1/x") + b"GET /",
    b"\r\n",
]
"""Where a slow client can be slow."""


def drip(sockets: list[socket.socket], closed: dict[int, float], stop: threading.Event) -> None:
    """Start each socket somewhere else in a request, then a byte each now and then, until all are closed."""
    selector = selectors.DefaultSelector()
    for number, client in enumerate(sockets):
        client.sendall(STARTS[number % len(STARTS)])
        selector.register(client, selectors.EVENT_READ, number)
    next_byte = time.monotonic() + 0.5
    while len(closed) < len(sockets) and not stop.is_set():
        for key, _ in selector.select(0.05):
            try:
                ended = not sockets[key.data].recv(65536)
            except ConnectionError:
                ended = True
            if ended:
                closed[key.data] = time.monotonic()
                selector.unregister(key.fileobj)
        if time.monotonic() > next_byte:
            next_byte += 0.5
            for number, client in enumerate(sockets):
                if number not in closed and number % len(STARTS):
                    with contextlib.suppress(OSError):
                        client.send(b"x")


def test_slow_sockets_are_closed_while_others_are_served(server: Server) -> None:
    """200 sockets that drip in every part of a request: all are closed, and others are served meanwhile.
    (500 in 15 s with the settings as they are; here everything is shorter.)"""
    sockets = [server.connect() for _ in range(SLOW)]
    closed: dict[int, float] = {}
    stop = threading.Event()
    started = time.monotonic()
    thread = threading.Thread(target=drip, args=(sockets, closed, stop))
    thread.start()
    served = 0
    with httpx.Client() as client:
        while thread.is_alive() and time.monotonic() - started < 60:
            assert client.get(server.url + "/v1/x").status_code == 200
            served += 1
            time.sleep(0.02)
    stop.set()
    thread.join()
    for each in sockets:
        each.close()
    assert len(closed) == SLOW
    assert served > 10


def test_a_late_head_is_told_so(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"GET /v1/x HTTP/1.1\r\nHost: loc")
        answer = everything(client)
    assert status(answer) == 408
    assert body(answer)["error"]["code"] == "too_slow"


def test_a_silent_socket_is_closed_without_a_word(server: Server) -> None:
    """Browsers open spare connections; an answer to no question would confuse them."""
    with server.connect() as client:
        assert everything(client) == b""


def test_waiting_for_a_slow_answer_is_not_being_slow(tmp_path: Path) -> None:
    """The clock is on the client only while it owes something."""
    settings = GuardSettings(connection=quick(patience_s=0.05), body_patience_s=0.05)
    with serving(tmp_path, settings) as server, httpx.Client() as client:
        for _ in range(3):
            assert client.get(server.url + "/v1/wait").text == "waited"


def test_more_connections_than_allowed(tmp_path: Path) -> None:
    """The one too many hears 503 and when to come back; the others go on."""
    with serving(tmp_path, GuardSettings(connection=quick(connections=5, patience_s=5.0))) as server:
        kept = [server.connect() for _ in range(5)]
        time.sleep(0.1)
        answer = server.say(head("GET", "/v1/x"))
        assert status(answer) == 503
        assert b"retry-after: 5" in answer
        assert body(answer)["error"]["code"] == "server_full"
        kept[0].sendall(head("GET", "/v1/x", "Connection: close"))
        assert status(everything(kept[0])) == 200
        for client in kept:
            client.close()
        time.sleep(0.1)
        assert httpx.get(server.url + "/v1/x").status_code == 200


def test_an_answer_nobody_reads(tmp_path: Path) -> None:
    """A client that stops reading a large file does not hold its connection for ever."""
    (tmp_path / "big.mp4").write_bytes(bytes(64 * 2**20))
    with (
        serving(tmp_path, GuardSettings(connection=quick(unread_s=0.5))) as server,
        server.connect() as client,
    ):
        client.sendall(head("GET", "/files/big.mp4"))
        time.sleep(1.5)
        assert len(server.guard._app.calls) == 1  # type: ignore[attr-defined]
        assert len(everything(client)) < 64 * 2**20


def test_stopping_does_not_wait_for_them(tmp_path: Path) -> None:
    with serving(tmp_path, GuardSettings(connection=quick(linger_s=30.0), body_patience_s=1.0)) as server:
        held = [server.connect() for _ in range(4)]
        for number, client in enumerate(held):
            client.sendall(STARTS[number + 2])
        held.append(server.connect())
        held[-1].sendall(head("POST", "/v1/x", "Content-Length: 10000000"))
        time.sleep(0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 60
    for client in held:
        client.close()
