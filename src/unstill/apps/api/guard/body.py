"""The request body on its way in: counted before any parser sees it, and timed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

from unstill.apps.api.guard.settings import MEBIBYTE, GuardSettings
from unstill.domain.errors import UnstillError
from unstill.domain.service_errors import BodyTooLarge, TooSlow

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
GONE: Message = {"type": "http.disconnect"}


def too_large(limit: int, *, together: bool = False) -> BodyTooLarge:
    """``together``: the limit counts for all pictures of the body."""
    return BodyTooLarge(limit=f"{limit / MEBIBYTE:.1f}".removesuffix(".0"), together=together)


class Body:
    """Stands between the server's ``receive`` and the app.

    On the first breach ``refuse`` answers the client, and from then on the app is told that it has gone:
    that stops every parser, whatever it would make of an exception.
    """

    def __init__(
        self,
        receive: Receive,
        limit: int,
        settings: GuardSettings,
        refuse: Callable[[UnstillError], Awaitable[None]],
        *,
        together: bool = False,
    ) -> None:
        self._together = together
        self._receive, self._limit, self._settings, self._refuse = receive, limit, settings, refuse
        self._seen, self._waited = 0, 0.0
        self._whole = self._refused = False
        self.gone = False
        """Whether the client went away, or was sent away, before it had its answer."""

    async def receive(self) -> Message:
        if self._refused:
            return GONE
        if self._whole:
            message = await self._receive()
        else:
            try:
                message = await self._next()
            except UnstillError as error:
                self._refused = self.gone = True
                await self._refuse(error)
                return GONE
            self._whole = not message.get("more_body", False)
        self.gone = self.gone or message["type"] == "http.disconnect"
        return message

    async def _next(self) -> Message:
        """Only time spent waiting for the client counts, not what the app takes between two calls."""
        started = time.monotonic()
        allowed = self._settings.body_patience_s + self._seen / self._settings.body_rate
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, allowed - self._waited))
        except TimeoutError:
            raise TooSlow(seconds=math.ceil(allowed)) from None
        self._waited += time.monotonic() - started
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise too_large(self._limit, together=self._together)
        return message
