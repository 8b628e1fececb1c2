"""Sockets under watch: uvicorn's HTTP/1.1 protocol, with a clock on whoever keeps the server waiting.

uvicorn alone has no time-out for a request's head, keeps discarding a body nobody wants for as long as it
drips, and closes on top of unread bytes, which resets the connection and destroys the answer on its way.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from unstill.apps.api.account import Account
from unstill.apps.api.guard.answer import dressed, error_body, error_headers
from unstill.apps.api.guard.settings import ConnectionLimits
from unstill.domain.errors import UnstillError
from unstill.domain.service_errors import MalformedRequest, ServerFull, TooSlow

FULL_S = 5
"""Seconds to stay away when there are too many connections."""
HURRY_S = 0.3
"""`ConnectionLimits.linger_s` of a server that stops."""
SPARE = 32
"""Sockets over the cap that may still be told why."""
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 503: b"Service Unavailable"}


def guarded_protocol(limits: ConnectionLimits) -> type[H11Protocol]:
    """The class to give uvicorn as ``http=``. Use ``ws="none"`` beside it."""

    class Guarded(GuardedProtocol):
        pass

    Guarded.limits = limits
    return Guarded


class _Lingering:
    """A transport whose `close` gives the client time to read the answer before the socket goes away."""

    def __init__(self, transport: asyncio.Transport, protocol: GuardedProtocol) -> None:
        self._transport, self._protocol = transport, protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._protocol.lingering or self._transport.is_closing()

    def close(self) -> None:
        if self._protocol.lingering or self._transport.is_closing():
            return
        if self._protocol.owes_bytes() and self._transport.can_write_eof():
            self._protocol.linger()
        else:
            self._transport.close()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self.is_closing():
            self._transport.resume_reading()


class GuardedProtocol(H11Protocol):
    """One connection. The head of every request must be there in time, and every answer be read."""

    limits = ConnectionLimits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.lingering = False
        self._stopping = False
        self._thrown_away = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        self._socket = transport
        super().connection_made(cast(asyncio.Transport, _Lingering(transport, self)))
        if len(self.connections) > self.limits.connections:
            self._say(ServerFull(seconds=FULL_S))
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._unread_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._unread_timer = self._end_timer = None
        self._unset_keepalive_if_required()
        self.lingering = False
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.lingering:
            self._throw_away(len(data))
            return
        try:
            super().data_received(data)
        except h11.LocalProtocolError:  # an answer was on its way when the client broke the rules
            self._socket.abort()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:  # nobody will read the rest
            self.transport.close()
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 the server's own words are not ours
        self._say(MalformedRequest())

    def shutdown(self) -> None:
        """The server stops: an answer in progress is finished, everybody else is let go."""
        self._stopping = True
        if self.lingering:
            self._socket.abort()
        elif self.cycle is None or self.cycle.response_complete:
            self._socket.close()
        else:
            super().shutdown()

    # --- waiting for a head ---

    def _watch(self) -> None:
        """The clock runs while the client owes the head of a request, however many bytes it drips."""
        owes = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if owes and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.patience_s, self._head_late)
        elif not owes and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0]:
            self._say(TooSlow(seconds=round(self.limits.patience_s)))
        else:  # a browser's spare connection: nothing was asked, so nothing is answered
            self.transport.close()

    # --- answers that are not read ---

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self.limits.unread_s, self._socket.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    # --- closing ---

    def owes_bytes(self) -> bool:
        """Whether bytes of the client are on their way that closing now would turn into a reset."""
        theirs = self.conn.their_state
        unasked = theirs is h11.IDLE and self.conn.our_state in (h11.DONE, h11.MUST_CLOSE)
        spare = len(self.connections) <= self.limits.connections + SPARE
        return spare and (unasked or theirs in (h11.SEND_BODY, h11.ERROR) or bool(self.conn.trailing_data[0]))

    def linger(self) -> None:
        """Say that nothing more will come, then throw away what does, for a moment (RFC 9112, 9.6)."""
        self.lingering = True
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._socket.write_eof()
        self._socket.resume_reading()
        wait = min(self.limits.linger_s, HURRY_S) if self._stopping else self.limits.linger_s
        self._end_timer = self.loop.call_later(wait, self._socket.abort)

    def _throw_away(self, count: int) -> None:
        self._thrown_away += count
        if self._thrown_away > self.limits.linger_bytes:
            self._socket.pause_reading()

    def _say(self, error: UnstillError) -> None:
        """An error before there is a request, and the end of the connection."""
        account = Account()
        account.code, account.status = error.code, error.status
        body = error_body(error)
        headers = [*self.server_state.default_headers, *error_headers(error, body), account.header]
        headers.append((b"connection", b"close"))
        phrase = _PHRASES[error.status]
        try:
            response = h11.Response(
                status_code=error.status, headers=dressed(error.status, headers, "/"), reason=phrase
            )
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()
            account.close({})
        except h11.LocalProtocolError:  # an answer has begun: it cannot be taken back, only broken off
            logging.getLogger(__name__).info("a client broke the rules in mid-answer")
            self._socket.abort()
