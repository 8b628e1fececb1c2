"""What is known of one request: the id that its answer carries, and its one line in the log.

The line says nothing private: no query, no body, no path but the route's own pattern, no key but its id.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
LOG = structlog.get_logger("unstill.api")
GONE = 499
"""The status in the log where the client went away before there was one (nginx's number)."""
_PLACE = "unstill.account"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""Any other word is the client's own."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PAGES = re.compile(r"/(assets/[A-Za-z0-9._/-]{1,100}|favicon\.ico)?")
"""What the page loads: addresses without anything of a person's in them."""
_QUIET = re.compile(r"/(healthz|readyz|metrics|favicon\.ico|(assets|docs)/.*)")
"""Asked for again and again: not worth a line unless something is wrong."""


class Account:
    """One request, from its head to the last byte of the answer."""

    def __init__(self, request_id: str = "") -> None:
        self.id = request_id if _ID.fullmatch(request_id) else f"req_{secrets.token_hex(12)}"
        self.route, self.code = "", ""
        self.status = self.sent = 0
        self._started = time.monotonic()

    @staticmethod
    def of(scope: Scope) -> Account | None:
        """The account that a layer around this one opened."""
        found: Account | None = scope.get(_PLACE)
        return found

    @classmethod
    def open(cls, scope: Scope) -> Account:
        """A new one, under the client's own id where that can stand in a log."""
        found = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        scope[_PLACE] = account = cls(found.decode("latin-1"))
        return account

    @property
    def header(self) -> tuple[bytes, bytes]:
        return b"x-request-id", self.id.encode()

    def counting(self, send: Send) -> Send:
        """``send``, with the id put on the answer, and its status and bytes noted."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), self.header]}
            elif message["type"] == "http.response.body":
                self.sent += len(message.get("body", b""))
            await send(message)

        return counted

    def close(self, scope: Scope) -> None:
        """Write the line."""
        path, method, status = str(scope.get("path", "")), scope.get("method", "-"), self.status or GONE
        say = LOG.debug if _QUIET.fullmatch(path) and status < 500 else LOG.info
        say(
            "request",
            request_id=self.id,
            method=method if method in _METHODS else "-",
            route=self.route or (path if _PAGES.fullmatch(path) else "-"),
            status=status,
            ms=round((time.monotonic() - self._started) * 1000, 1),
            bytes=self.sent,
            owner=scope.get("unstill.owner") or "",
            **({"code": self.code} if self.code else {}),
        )
