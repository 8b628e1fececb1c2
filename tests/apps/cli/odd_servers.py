"""Servers that are none of ours, or ours on a bad day."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Odd:
    """One of them, and what it was asked."""

    url: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Request line and headers, their names in lower case."""


@contextlib.contextmanager
def odd(answer: Answer) -> Iterator[Odd]:
    """A server on a loopback port that gives this answer to everybody."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            seen.asked.append((self.requestline, {k.lower(): v for k, v in self.headers.items()}))
            self.rfile.read(int(self.headers.get("content-length") or 0))
            with contextlib.suppress(ConnectionError):
                answer(self)
            self.close_connection = True

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen = Odd(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(
    body: bytes, status: int = 200, kind: str = "application/json", length: str | None = None, **more: str
) -> Answer:
    """An answer with these bytes; ``length`` is what it says they are, ``more`` its headers."""
    headers = {"content-type": kind, "content-length": length or str(len(body)), **more}

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return answer


def says(value: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    return reply(json.dumps(value).encode(), status, **headers)


def raw(content: bytes) -> Answer:
    """Bytes that need not be HTTP."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.wfile.write(content)
        to.wfile.flush()

    return answer
