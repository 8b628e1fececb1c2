"""A server between a client and an S3 server that fails as it is told to: one fault for one request."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
    "<Message>{code}, said the server</Message><RequestId>1</RequestId></Error>"
)


@dataclass
class Fault:
    """What happens to the next request by this method.

    ``kind``: "cut" (no answer), "lost" (done, and no answer), "flip" and "shorten" (the answer's body),
    "flip_up" and "shorten_up" (the request's), "truncate" (the answer breaks off), "slow" (no answer until
    the end), "html" (not S3 at all), or an S3 error code with its ``status``.
    """

    method: str
    kind: str
    status: int = 500


@dataclass
class Proxy:
    """Listens on loopback; ``calls`` are the methods and paths of what came, ``sums`` the SHA-256 in base64
    that each PUT told of its body, and the body's own."""

    target: str
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    sums: list[tuple[str | None, str]] = field(default_factory=list)
    after: Callable[[int], None] = lambda number: None
    """Called when so many requests have been done, before the answer goes out."""

    def __post_init__(self) -> None:
        self.over, self._lock = threading.Event(), threading.Lock()
        self._nothing = self.after
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """As it was at first; those that wait are let go."""
        self.over.set()
        self.over, self.faults, self.calls, self.after = threading.Event(), [], [], self._nothing
        self.sums = []

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, method: str, kind: str, status: int = 500, times: int = 1) -> None:
        self.faults += [Fault(method, kind, status)] * times

    def count(self, method: str) -> int:
        return sum(found == method for found, _ in self.calls)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.calls.append((method, path))
            for number, fault in enumerate(self.faults):
                if fault.method == method:
                    return self.faults.pop(number)
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None: ...

    def _answer(self) -> None:
        proxy = self.server.proxy
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            return self._cut()
        if self.command == "PUT":
            own = base64.b64encode(hashlib.sha256(body).digest()).decode()
            proxy.sums.append((self.headers.get("x-amz-checksum-sha256"), own))
        fault = proxy.take(self.command, self.path)
        kind = fault.kind if fault else ""
        if kind == "cut":
            return self._cut()
        if kind == "slow":
            proxy.over.wait(60)
            return self._cut()
        if kind == "html":
            return self._send(200, {"Content-Type": "text/html"}, b"<html>It works!")
        if fault and kind[0].isupper():
            return self._send(
                fault.status, {"Content-Type": "application/xml"}, ERROR.format(code=kind).encode()
            )
        status, headers, content = self._forward(
            _changed(body, kind.removesuffix("_up"), kind.endswith("_up"))
        )
        proxy.after(len(proxy.calls))
        if kind == "lost":
            return self._cut()
        if kind == "truncate":
            self._send(status, headers, content[: len(content) // 2], len(content))
            return self._cut()
        return self._send(status, headers, _changed(content, kind, kind in ("flip", "shorten")))

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815 their names are the methods'

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        target = urlsplit(self.server.proxy.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        headers = {
            name: value for name, value in self.headers.items()
            if name.lower() not in ("host", "content-length", "expect", "connection")
        }  # fmt: skip
        try:
            length = {"Content-Length": str(len(body))} if self.command in ("PUT", "POST") else {}
            connection.request(self.command, self.path, body or None, {**headers, **length})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: dict[str, str], body: bytes, length: int | None = None) -> None:
        told = {name.lower(): value for name, value in headers.items()}
        self.send_response_only(status)
        for name, value in told.items():
            if name not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        own = told.get("content-length", "0") if self.command == "HEAD" else str(length or len(body))
        self.send_header("Content-Length", own)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _changed(body: bytes, kind: str, change: bool) -> bytes:
    if change and kind == "flip" and body:
        return bytes([body[0] ^ 1]) + body[1:]
    return body[:-1] if change and kind == "shorten" else body
