"""Bodies too large or too slow for the whole server: refused early, little is read, nothing is left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import body, everything, head, status

import figures
from live import PHOTO, Live, names

PICTURE_MEBIBYTES = 2
FORM_LIMIT = (2 * PICTURE_MEBIBYTES + 1) * 2**20
"""What a whole form may have: two pictures, and 1 MiB around them."""
AFTER = 2**20
"""What is read and thrown away behind a refusal, so that the client gets to see it."""
SLACK = 300 * 1024
"""One more read of the socket, and what the parser had before it."""
PART = b'--x\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n'
FORM = "Content-Type: multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the server's form parser spools to."""
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def server(spool: Path, engines: str) -> Iterator[Live]:
    """One for the tests that leave nothing behind."""
    environ = {"TMPDIR": str(spool), "UNSTILL_MAX_PICTURE_MEBIBYTES": str(PICTURE_MEBIBYTES)}
    with Live(spool.parent / "large-bodies", engines, **environ) as server:
        yield server.start()


def connect(server: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def read_by(server: Live, client: socket.socket, sent: int) -> int | None:
    """How many bytes the server's program has taken from this connection: what was sent, less what the two
    kernels still hold. None once the server's end is gone."""
    own = struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]
    wanted = (f":{server.port:04X}", f":{client.getsockname()[1]:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1][-5:], fields[2][-5:]) == wanted:
            return int(sent - own - int(fields[4].partition(":")[2], 16))
    return None


def pour(server: Live, client: socket.socket, raw: bytes, chunked: bool) -> tuple[int, int]:
    """Send zeros behind ``raw`` until the server ends it: bytes sent, and the most that it had read."""
    block = bytes(65536)
    piece = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
    client.sendall(raw)
    sent, most = len(raw), 0
    client.settimeout(0.5)
    with contextlib.suppress(OSError):
        while sent < 2**30:
            sent += client.send(piece)
            most = max(most, read_by(server, client, sent) or 0)
    with contextlib.suppress(OSError):  # nothing more can be sent; the server may still read on
        while (read := read_by(server, client, sent)) is not None and sent:
            most = max(most, read)
            time.sleep(0.02)
    return sent, most


def spooled(server: Live) -> int:
    """Bytes in files of the server that have no name: where form parsers put what is large."""
    total = 0
    for handle in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "(deleted)" in os.readlink(handle):
                total += handle.stat().st_size
    return total


LARGE = {
    "announced": ("/v1/videos", ("Content-Length: 10000000000", FORM), False, AFTER),
    "in chunks": ("/v1/videos", ("Transfer-Encoding: chunked", FORM), True, FORM_LIMIT + AFTER),
    "in chunks, to be waited for": ("/v1/videos/sync", ("Transfer-Encoding: chunked", FORM), True,
                                    FORM_LIMIT + AFTER),
    "as JSON": ("/v1/videos", ("Transfer-Encoding: chunked", "Content-Type: application/json"), True,
                (PICTURE_MEBIBYTES + 2) * 2**20 + AFTER),
    "where none belongs": ("/v1/plans", ("Transfer-Encoding: chunked",), True, 2**20 + AFTER),
    "to nowhere": ("/v1/nothing", ("Content-Length: 10000000000",), False, AFTER),
    "to a name": ("/v1/videos/video_x/cancel", ("Content-Length: 10000000000",), False, AFTER),
}  # fmt: skip


@pytest.mark.parametrize("case", LARGE)
def test_ten_gigabytes(server: Live, spool: Path, case: str) -> None:
    """However it is framed and wherever it goes: 413, of what is sent at most the limit and 1 MiB is read,
    and neither the temporary folder nor the data folder keeps any of it."""
    path, headers, chunked, limit = LARGE[case]
    with connect(server) as client:
        opening = head("POST", path, *headers)
        opening += b"%x\r\n%s\r\n" % (len(PART), PART) if chunked else PART
        sent, read = pour(server, client, opening, chunked)
        client.settimeout(10)
        answer = everything(client)
    assert status(answer) == 413
    assert body(answer)["error"]["code"] == "body_too_large"
    figures.note("ten gigabytes", case=case, sent=sent, read=read, limit=limit)
    assert 0 < read <= limit + SLACK
    assert spooled(server) == 0
    assert names(spool) == names(server.data / "tmp") == set()
    with server.client() as client:
        assert client.get("/v1/videos").status_code == 200


def test_a_length_that_lies(server: Live, spool: Path) -> None:
    """Less than announced is waited for and refused; more is another request, and a bad one."""
    whole = PART + PHOTO + b"\r\n--x--\r\n"
    with connect(server) as client:
        client.sendall(head("POST", "/v1/videos", f"Content-Length: {len(whole) + 99}", FORM) + whole)
        client.settimeout(60)
        answer = everything(client)
    assert status(answer) == 408
    with connect(server) as client:
        client.sendall(head("POST", "/v1/videos", "Content-Length: 100", FORM) + whole)
        client.settimeout(60)
        answer = everything(client)
    assert b"HTTP/1.1 5" not in answer
    assert status(answer) == 400
    assert server.all() == []
    assert names(spool) == names(server.data / "tmp") == server.inputs() == set()


def test_a_picture_over_the_limit_in_a_form_under_it(server: Live) -> None:
    """The two limits are two: the form may have 1 MiB more than the picture."""
    raw = PHOTO + bytes(PICTURE_MEBIBYTES * 2**20)
    with server.client() as client:
        answer = client.post("/v1/videos", data={"prompt": "x"}, files={"input_reference": ("a.png", raw)})
    assert answer.status_code == 413
    assert server.inputs() == set()


# --- slow clients

SOCKETS = 500
STARTS = (
    b"G",
    b"GET /v1/videos HTTP/1.1\r\nHost: localhost\r\nX-Drip: ",
    head("POST", "/v1/videos", "Content-Length: 100000", FORM) + PART,
    head("POST", "/v1/videos/inspect", "Transfer-Encoding: chunked", FORM),
    head("POST", "/v1/videos/video_x/cancel", "Content-Length: 1000"),
    head("GET", "/healthz") + b"GET /",
    head("POST", "/v1/plans", "Content-Length: 1000", "Content-Type: application/json") + b"{",
)
"""Where a client can be slow."""


class Crowd:
    """Sockets that begin a request each and then send a byte every so many seconds; when each is closed."""

    def __init__(self, server: Live, count: int, every_s: float) -> None:
        self._every_s = every_s
        self._sockets = [connect(server) for _ in range(count)]
        self.began = time.monotonic()
        self.closed: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip)
        for number, client in enumerate(self._sockets):
            client.sendall(STARTS[number % len(STARTS)])
        self._thread.start()

    def _drip(self) -> None:
        selector = selectors.DefaultSelector()
        for number, client in enumerate(self._sockets):
            selector.register(client, selectors.EVENT_READ, number)
        due = self.began + self._every_s
        while len(self.closed) < len(self._sockets) and not self._over.is_set():
            for key, _ in selector.select(0.05):
                if self._ended(self._sockets[key.data]):
                    self.closed[key.data] = time.monotonic() - self.began
                    selector.unregister(key.fileobj)
            if time.monotonic() >= due:
                due += self._every_s
                for number in set(range(len(self._sockets))) - set(self.closed):
                    with contextlib.suppress(OSError):
                        self._sockets[number].send(b"x")

    @staticmethod
    def _ended(client: socket.socket) -> bool:
        try:
            return not client.recv(65536)
        except OSError:
            return True

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        for client in self._sockets:
            client.close()


def asked(server: Live, crowd: Crowd, patience_s: float) -> Iterator[float]:
    """How long answers to others take, until the crowd is gone."""
    calls = ("/v1/videos", "/healthz", "/v1/models", "/v1/videos?limit=5")
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        number = 0
        while crowd.alive and time.monotonic() - crowd.began < patience_s:
            started = time.monotonic()
            assert client.get(calls[number % len(calls)]).status_code == 200
            yield time.monotonic() - started
            number += 1
            time.sleep(0.02)


def beside_slow_ones(server: Live) -> tuple[list[float], Crowd]:
    crowd = Crowd(server, SOCKETS, every_s=5.0)
    try:
        return list(asked(server, crowd, 120)), crowd
    finally:
        crowd.end()


def test_slow_clients(live: Callable[..., Live]) -> None:
    """500 sockets with a byte every 5 s, everywhere in a request: all are closed by the server, and others
    are answered meanwhile. How soon and how quickly is written down."""
    server = live().start()
    seconds, crowd = beside_slow_ones(server)
    figures.note("slow clients", closed_s=round(max(crowd.closed.values()), 1), **figures.spread(seconds))
    assert len(crowd.closed) == SOCKETS
    assert len(seconds) > 20
    assert server.create().status_code == 200


@pytest.mark.soak
def test_slow_clients_by_the_clock(live: Callable[..., Live]) -> None:
    """All are gone after 15 s, and the others' p99 stays under 250 ms."""
    server = live().start()
    seconds, crowd = beside_slow_ones(server)
    last, others = max(crowd.closed.values()), figures.spread(seconds)
    figures.record("slow clients, by the clock", part=0, closed_s=round(last, 1), **others)
    assert len(crowd.closed) == SOCKETS
    assert last < 15
    assert others["p99_ms"] < 250
