"""The outermost layer of the app: request ids, one log line a request, and what nobody foresaw."""

from __future__ import annotations

import re
import secrets
import time
import traceback

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unstill.apps.api.errors import answer, printable
from unstill.domain.errors import Unexpected

LOG = structlog.get_logger("unstill.api")
QUIET = ("/healthz", "/readyz", "/metrics")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Boundary:
    """Raw ASGI, so that streams pass through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["unstill.request_id"] = _request_id(scope)
        started, status = time.monotonic(), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ClientDisconnect:
            status = 499
        except Exception as error:
            if not await self._explain(error, scope, receive, named, answered=bool(status)):
                raise
        finally:
            _log(scope, status, time.monotonic() - started)

    async def _explain(
        self, error: Exception, scope: Scope, receive: Receive, send: Send, *, answered: bool
    ) -> bool:
        """Log the traceback once, tell the client the incident's id; False when it is too late for that."""
        incident = scope.get("unstill.incident") or secrets.token_hex(4)
        LOG.error(
            "incident", incident=incident, request_id=scope["unstill.request_id"],
            error=type(error).__name__, traceback="".join(traceback.format_tb(error.__traceback__)),
        )  # fmt: skip
        if answered:
            return False
        told = Unexpected(incident=incident, log="the server's log", log_zh="服务器日志")
        await answer(told, scope)(scope, receive, send)
        return True


def _request_id(scope: Scope) -> str:
    """The client's, where it is one that can stand in a log."""
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return sent if _ID.fullmatch(sent) else f"req_{secrets.token_hex(12)}"


def _log(scope: Scope, status: int, seconds: float) -> None:
    """No query, no body: people's words stay out of it."""
    say = LOG.debug if scope["path"] in QUIET and status < 500 else LOG.info
    say(
        "request",
        request_id=scope["unstill.request_id"],
        method=scope["method"],
        path=printable(scope["path"]),
        status=status,
        ms=round(seconds * 1000, 1),
        owner=scope.get("unstill.owner") or "",
    )
