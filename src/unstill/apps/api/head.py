"""HEAD wherever GET works (RFC 9110, section 9.3.2): the same route, and no body."""

from __future__ import annotations

from starlette.types import Message, Receive, Scope, Send

_NOT_FOR_HEAD = (b"range", b"if-range")


def as_get(scope: Scope) -> Scope:
    """The request as the route knows it. Ranges are for GET alone."""
    headers = [(name, value) for name, value in scope["headers"] if name not in _NOT_FOR_HEAD]
    return {**scope, "method": "GET", "headers": headers}


class Headed:
    """Lets the head of an answer through, and then tells the app that nobody wants more."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._over = False

    async def receive(self) -> Message:
        return {"type": "http.disconnect"} if self._over else await self._receive()

    async def send(self, message: Message) -> None:
        if self._over:
            return
        await self._send(message)
        if message["type"] == "http.response.start":
            self._over = True
            await self._send({"type": "http.response.body", "body": b""})
