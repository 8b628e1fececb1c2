"""A real uvicorn on a loopback port, with the guard around a tiny app, and clients that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from unstill.apps.api.files import send_file
from unstill.apps.api.guard import ConnectionLimits, Guard, GuardSettings, guarded_protocol
from unstill.core.keys import KeyStore, Sessions
from unstill.domain.errors import UnstillError


@dataclass
class TinyApp:
    """What stands behind the guard; it counts what gets through to it."""

    root: Path
    bytes_seen: int = 0
    calls: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.calls.append(scope["path"])
        request = Request(scope, receive)
        response = await self.answer(request)
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if path == "/":
            return HTMLResponse("<!doctype html><title>page</title>")
        if path == "/v1/boom":
            raise RuntimeError("secret detail")
        if path == "/v1/ignores":
            return PlainTextResponse("no body needed")
        if path == "/v1/wait":
            await asyncio.sleep(0.1)
            return PlainTextResponse("waited")
        if path.startswith(("/files/", "/assets/")):
            return self.file(request, path.partition("/")[2].partition("/")[2])
        if path == "/v1/videos" and "multipart" in request.headers.get("content-type", ""):
            return await self.form(request)
        count = 0
        async for chunk in request.stream():
            count += len(chunk)
            self.bytes_seen += len(chunk)
        return self.report(request, count)

    async def form(self, request: Request) -> Response:
        try:
            async with request.form() as form:
                picture: Any = form["input_reference"]
                self.bytes_seen += picture.size
                return self.report(request, picture.size)
        except (HTTPException, MultiPartException, KeyError):
            return PlainTextResponse("bad form", 400)

    def report(self, request: Request, count: int) -> Response:
        return JSONResponse(
            {"bytes": count, "owner": request.scope["unstill.owner"], "via": request.scope["unstill.via"]}
        )

    def file(self, request: Request, name: str) -> Response:
        try:
            return send_file(request, Path(name), "video/mp4", Path(name).name, root=self.root)
        except UnstillError as error:
            return JSONResponse({"error": error.to_json()}, error.status)


@dataclass
class Server:
    port: int
    app: TinyApp
    guard: Guard

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout: float = 10) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def say(self, raw: bytes, timeout: float = 10) -> bytes:
        """Send bytes as they are; everything that comes back until the server closes."""
        with self.connect(timeout) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(raw)
            return everything(client)


def everything(client: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while more := client.recv(65536):
            got += more
    return got


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def head(method: str, path: str, *headers: str, host: str = "localhost") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


@contextlib.contextmanager
def serving(
    root: Path,
    settings: GuardSettings | None = None,
    keys: KeyStore | None = None,
    sessions: Sessions | None = None,
) -> Iterator[Server]:
    settings = settings or GuardSettings()
    app = TinyApp(root)
    guard = Guard(app, settings, keys, sessions)
    config = uvicorn.Config(
        guard, port=0, http=guarded_protocol(settings.connection), ws="none", lifespan="off",
        log_config=None, access_log=False, server_header=False, proxy_headers=False, backlog=1024,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Server(port, app, guard)
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def quick(**more: Any) -> ConnectionLimits:
    """Time-outs for tests."""
    return ConnectionLimits(**{"patience_s": 1.0, "linger_s": 0.5, **more})
