"""Bodies too large, too slow, lying or broken: refused early, in the one shape, and nothing left behind."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import Server, body, everything, head, quick, serving, status

from unstill.apps.api.guard import GuardSettings, upload_routes

LIMIT = 256 * 1024
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the form parser spools to."""
    folder = tmp_path_factory.mktemp("spool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, temporary: Path) -> Iterator[Server]:
    settings = GuardSettings(
        uploads=upload_routes(LIMIT, 8 * MEBIBYTE),
        body_bytes=LIMIT,
        body_patience_s=0.6,
        connection=quick(patience_s=0.6, linger_s=0.3),
        burst=100_000,
    )
    with serving(tmp_path_factory.mktemp("root"), settings) as server:
        yield server
    assert list(temporary.iterdir()) == []


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with next to no patience, for requests that are whole."""
    limits = quick(patience_s=0.15, linger_s=0.1)
    settings = GuardSettings(body_patience_s=0.15, connection=limits, burst=100_000)
    with serving(tmp_path_factory.mktemp("root"), settings) as server:
        yield server


def feed(client: socket.socket, chunked: bool, most: int = 64 * MEBIBYTE) -> int:
    """Send zeros until the server has had enough; how many bytes went out."""
    sent, block = 0, bytes(65536)
    piece = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
    with contextlib.suppress(ConnectionError):
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    return sent


def test_ten_gigabytes_announced(server: Server) -> None:
    """413 at once, on the announcement alone."""
    started, before = time.monotonic(), list(server.app.calls)
    answer = server.say(head("POST", "/v1/videos", "Content-Length: 10000000000"))
    assert status(answer) == 413
    assert body(answer)["error"]["code"] == "body_too_large"
    assert b"connection: close" in answer.lower()
    assert b"x-should-retry: false" in answer.lower()
    assert time.monotonic() - started < 60
    assert server.app.calls == before


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/sync", "/v1/x", "/v1/videos/extensions"])
@pytest.mark.parametrize("chunked", [True, False])
def test_sending_on_regardless(server: Server, path: str, chunked: bool) -> None:
    """The answer reaches a client that keeps sending, and little of what it sends is taken."""
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10000000000"
    seen = server.app.bytes_seen
    with server.connect() as client:
        client.sendall(head("POST", path, framing))
        sent = feed(client, chunked)
        answer = everything(client)
    assert status(answer) == 413
    assert sent < 24 * MEBIBYTE  # what fits between: limit, the kernel's two buffers, what is thrown away
    limit = LIMIT * 4 // 3 + MEBIBYTE if path.startswith("/v1/videos") else LIMIT
    assert server.app.bytes_seen - seen <= limit


def test_an_endless_file_in_a_form(server: Server, temporary: Path) -> None:
    """Cut off while the parser spools it; its temporary file is gone with it."""
    with server.connect() as client:
        client.sendall(
            head(
                "POST",
                "/v1/videos",
                "Transfer-Encoding: chunked",
                "Content-Type: multipart/form-data; boundary=x",
            )
        )
        part = b'--x\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n'
        client.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        feed(client, chunked=True)
        answer = everything(client)
    assert status(answer) == 413
    assert list(temporary.iterdir()) == []


def test_an_upload_within_the_limit_arrives(server: Server) -> None:
    files = {"input_reference": ("a.png", bytes(LIMIT), "image/png")}
    assert httpx.post(server.url + "/v1/videos", files=files).json()["bytes"] == LIMIT
    assert httpx.post(server.url + "/v1/x", content=bytes(LIMIT)).json()["bytes"] == LIMIT
    assert httpx.post(server.url + "/v1/x", content=bytes(LIMIT + 1)).status_code == 413
    pieces = (bytes(1000) for _ in range(LIMIT // 1000 + 1))
    assert httpx.post(server.url + "/v1/x", content=pieces).status_code == 413


def test_json_says_that_both_pictures_share_its_limit(server: Server) -> None:
    """A form's limit counts for each."""
    most = 4 * MEBIBYTE
    for kind, together in (("application/json", True), ("multipart/form-data; boundary=x", False)):
        fields = f"Content-Length: {most}", f"Content-Type: {kind}"
        for path, shared in (("/v1/videos", together), ("/v1/x", False)):
            answer = server.say(head("POST", path, *fields))
            assert status(answer) == 413
            assert ("all pictures together" in body(answer)["error"]["hint"]) is shared


def test_fewer_bytes_than_announced(server: Server) -> None:
    """Waited for, and not for ever; the other end of the lie is a bad second request."""
    started = time.monotonic()
    answer = server.say(head("POST", "/v1/x", "Content-Length: 100") + b"{}")
    assert status(answer) == 408
    assert body(answer)["error"]["code"] == "too_slow"
    assert 0.5 < time.monotonic() - started < 60


def test_more_bytes_than_announced(server: Server) -> None:
    answer = server.say(head("POST", "/v1/x", "Content-Length: 2") + b"{}garbage\r\n\r\n")
    assert status(answer) == 200
    assert b"HTTP/1.1 400" in answer
    assert b"malformed_request" in answer


def test_a_dripping_body(server: Server) -> None:
    """Each byte resets no clock."""
    started = time.monotonic()
    with server.connect() as client:
        client.sendall(head("POST", "/v1/x", "Content-Length: 1000"))
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 8:
                client.sendall(b"x")
                client.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    answer = client.recv(65536)
                    break
        assert status(answer) == 408
    assert time.monotonic() - started < 60


def test_a_steady_slow_body_is_waited_for(tmp_path: Path) -> None:
    """The patience grows with what has come: a slow line is not a silent one."""
    settings = GuardSettings(body_patience_s=0.5, body_rate=4096, connection=quick())
    with serving(tmp_path, settings) as server, server.connect() as client:
        client.sendall(head("POST", "/v1/x", "Content-Length: 16384", "Connection: close"))
        for _ in range(8):
            client.sendall(bytes(2048))
            time.sleep(0.2)
        assert body(everything(client))["bytes"] == 16384


def test_a_body_nobody_reads_ends_the_connection(server: Server) -> None:
    """uvicorn alone would go on discarding a drip for ever."""
    started = time.monotonic()
    with server.connect() as client:
        client.sendall(head("POST", "/v1/ignores", "Content-Length: 1000") + b"x")
        answer = everything(client)
    assert status(answer) == 200
    assert time.monotonic() - started < 60


def test_expect_continue(server: Server) -> None:
    """A client that asks first is told no before it sends, or to go on."""
    ask = ("Content-Length: 300000", "Expect: 100-continue")
    assert status(server.say(head("POST", "/v1/x", *ask))) == 413
    with server.connect() as client:
        client.sendall(
            head("POST", "/v1/x", "Content-Length: 2", "Expect: 100-continue", "Connection: close")
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"{}")
        assert status(everything(client)) == 200


MALFORMED = [
    b"\r\n\r\n\r\n",
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e3\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\nGET",
    b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nXX\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    head("POST", "/v1/videos", "Content-Type: multipart/form-data", "Content-Length: 3") + b"abc",
]


@pytest.mark.parametrize("raw", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_requests_are_never_our_fault(hasty: Server, raw: bytes) -> None:
    """4xx and the end, alone and behind a good request on the same connection."""
    for first in (b"", head("GET", "/v1/wait")):
        answer = hasty.say(first + raw)
        assert b"HTTP/1.1 5" not in answer
        assert b"HTTP/1.1 4" in answer or b"HTTP/1.1 200" in answer
    assert httpx.get(hasty.url + "/healthz").status_code == 200


def test_pipelined_requests_are_answered_in_turn(server: Server) -> None:
    raw = b"".join(
        [
            head("GET", "/v1/wait"),
            head("POST", "/v1/x", "Content-Length: 2"),
            b"{}",
            head("GET", "/v1/ignores", "Connection: close"),
        ]
    )
    answer = server.say(raw)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"waited") < answer.index(b'"bytes":2') < answer.index(b"no body needed")


def test_a_client_that_goes_in_mid_upload(
    server: Server, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged as an incident, and no file stays."""
    part = b'--x\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n'
    for tenth in range(10):
        with server.connect() as client:
            client.sendall(
                head(
                    "POST",
                    "/v1/videos",
                    "Content-Length: 200000",
                    "Content-Type: multipart/form-data; boundary=x",
                )
                + (part + bytes(200_000))[: 20_000 * tenth]
            )
    time.sleep(0.2)
    assert httpx.get(server.url + "/healthz").status_code == 200
    assert [record for record in caplog.records if "incident" in record.getMessage()] == []
    assert list(temporary.iterdir()) == []


def test_only_so_many_uploads_at_once(tmp_path: Path) -> None:
    """The next is asked to come back; small requests go on."""
    settings = GuardSettings(uploads_at_once=2, connection=quick(patience_s=5.0))
    with serving(tmp_path, settings) as server, contextlib.ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(server.connect())
            client.sendall(head("POST", "/v1/videos", "Content-Length: 1000"))
        time.sleep(0.2)
        refused = httpx.post(server.url + "/v1/videos", content=b"{}")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "2"
        assert httpx.post(server.url + "/v1/x", content=b"{}").status_code == 200
