"""The wrapper around API and studio alike: nothing reaches either that has not passed here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from unstill.apps.api.account import Account, Send
from unstill.apps.api.guard import cors
from unstill.apps.api.guard.answer import Answer
from unstill.apps.api.guard.body import Body, Receive, too_large
from unstill.apps.api.guard.buckets import Buckets
from unstill.apps.api.guard.callers import Caller, Callers
from unstill.apps.api.guard.headers import Scope, declared_length, has_body, value
from unstill.apps.api.guard.origin import check_framing, check_host, check_origin, check_path
from unstill.apps.api.guard.settings import GuardSettings
from unstill.core.keys import KeyStore, Sessions
from unstill.domain.errors import Unexpected, UnstillError
from unstill.domain.job import NOBODY
from unstill.domain.service_errors import ServerFull, TooManyRequests, WrongKey

App = Callable[[Any, Any, Any], Awaitable[None]]
SESSION_PATH = "/v1/session"
"""GET: does this browser need a key? POST with a key: a session cookie. DELETE: sign out."""
BUSY_S = 2
STREAMS = ("/events", "/sync")
"""How paths end whose answers take as long as a video."""


class Guard:
    """A raw ASGI wrapper. The app finds ``scope["unstill.owner"]`` (whose jobs the request is about),
    ``scope["unstill.via"]`` (none, key or session), ``scope["unstill.known"]`` (False for nobody, on a public
    path) and ``scope["unstill.incident"]`` (the id under which an exception that it lets through is logged).
    """

    def __init__(
        self,
        app: App,
        settings: GuardSettings,
        keys: KeyStore | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._app, self._settings = app, settings
        self._callers = Callers(settings, keys, sessions)
        self._buckets = Buckets(settings.rate_per_s, settings.burst)
        self._uploads = 0
        self._streams: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "unstill.incident": secrets.token_hex(4)}
        account = Account.open(scope)
        answer = Answer(scope, send, self._settings.language, account)
        try:
            caller = self._admit(scope, answer)
            if not await self._answered(scope, answer, caller):
                with self._stream(scope, caller):
                    await self._forward(scope, receive, answer)
        except UnstillError as error:
            await answer.refuse(error)
        except Exception:
            await self._unexpected(scope, answer)
        finally:
            account.close(scope)

    def _admit(self, scope: Scope, answer: Answer) -> Caller | None:
        """Every rule that needs no body. Raises what is wrong; None for nobody on a public path."""
        settings = self._settings
        check_framing(scope["headers"])
        check_path(scope)
        check_host(scope["headers"], settings)
        check_origin(scope, settings)
        answer.extra += cors.shared(scope, settings)
        free = self._is_free(scope)
        caller = self._callers.of(scope)
        if not free:
            self._buckets.take(_name(caller, scope))
            if caller is None:
                raise WrongKey
        limit = self._limit(scope)
        if declared_length(scope["headers"]) > limit:
            raise too_large(limit, together=self._together(scope))
        scope["unstill.owner"] = caller.owner if caller else NOBODY
        scope["unstill.via"] = caller.via if caller else "none"
        scope["unstill.known"] = caller is not None
        return caller

    def _is_free(self, scope: Scope) -> bool:
        path, method = scope["path"], scope["method"]
        return (
            self._settings.is_public(path)
            or (path == SESSION_PATH and method in ("GET", "DELETE"))
            or cors.preflight(scope, self._settings) is not None
        )

    async def _answered(self, scope: Scope, answer: Answer, caller: Caller | None) -> bool:
        """Requests that are the guard's own to answer."""
        asked = cors.preflight(scope, self._settings)
        if asked is not None:
            await answer.whole(204, asked)
        elif scope["path"] == SESSION_PATH and scope["method"] in ("GET", "POST", "DELETE"):
            await self._session(scope, answer, caller)
        elif scope["path"] == self._settings.page and scope["method"] == "GET":
            return await self._page(scope, answer)
        else:
            return False
        return True

    async def _page(self, scope: Scope, answer: Answer) -> bool:
        """A session for the browser that may have one; the link's token does not stay in the address."""
        opened = await asyncio.to_thread(self._callers.opened_page, scope)
        if opened is None:
            return False
        answer.extra.append(self._callers.set_cookie(opened[0], scope["scheme"]))
        if not opened[1]:
            return False
        place = self._settings.page.encode()
        await answer.whole(
            303, [(b"location", place), (b"content-length", b"0"), (b"cache-control", b"no-store")]
        )
        return True

    async def _session(self, scope: Scope, answer: Answer, caller: Caller | None) -> None:
        if scope["method"] == "POST" and caller is not None:
            secret = await asyncio.to_thread(self._callers.sign_in, caller)
            if secret:
                answer.extra.append(self._callers.set_cookie(secret, scope["scheme"]))
        elif scope["method"] == "DELETE":
            await asyncio.to_thread(self._callers.sign_out, scope["headers"])
            answer.extra.append(self._callers.set_cookie("", scope["scheme"]))
            caller = self._callers.of({**scope, "headers": []})
        via = caller.via if caller else None
        body = json.dumps({"auth": self._settings.auth, "signed_in": caller is not None, "via": via}).encode()
        length = str(len(body)).encode()
        await answer.whole(200, [(b"content-type", b"application/json"), (b"content-length", length)], body)

    async def _forward(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        limit = self._limit(scope)
        body = Body(receive, limit, self._settings, answer.refuse, together=self._together(scope))
        with self._upload(limit > self._settings.body_bytes and has_body(scope["headers"])):
            try:
                await self._app(scope, body.receive, answer.send)
            except Exception:
                if not body.gone:
                    raise
                logging.getLogger(__name__).debug("the app stopped with its client", exc_info=True)

    @contextlib.contextmanager
    def _upload(self, counts: bool) -> Iterator[None]:
        """A bound on what uploads may hold in memory and in the temporary folder together."""
        if counts and self._uploads >= self._settings.uploads_at_once:
            raise ServerFull(seconds=BUSY_S)
        self._uploads += counts
        try:
            yield
        finally:
            self._uploads -= counts

    @contextlib.contextmanager
    def _stream(self, scope: Scope, caller: Caller | None) -> Iterator[None]:
        """A bound on the connections that one caller may keep."""
        if not scope["path"].endswith(STREAMS):
            yield
            return
        name = _name(caller, scope)
        if self._streams[name] >= self._settings.streams_at_once:
            raise TooManyRequests(seconds=BUSY_S)
        self._streams[name] += 1
        try:
            yield
        finally:
            self._streams[name] -= 1
            if not self._streams[name]:
                del self._streams[name]

    def _limit(self, scope: Scope) -> int:
        return self._settings.body_limit(scope["path"], value(scope["headers"], b"content-type") or "")

    def _together(self, scope: Scope) -> bool:
        return self._settings.together(scope["path"], value(scope["headers"], b"content-type") or "")

    async def _unexpected(self, scope: Scope, answer: Answer) -> None:
        """Logged once, here, with the traceback; the client learns the incident's id and nothing else.
        In mid-answer nothing can be said any more: the server logs it and breaks off."""
        if answer.started:
            raise
        incident = scope["unstill.incident"]
        logging.getLogger(__name__).exception("incident %s: %s %s", incident, scope["method"], scope["path"])
        await answer.refuse(Unexpected(incident=incident, log="the server's log", log_zh="服务器日志"))


def _name(caller: Caller | None, scope: Scope) -> str:
    """Whose bucket: a key's or, for those without one, their address's."""
    if caller is not None and caller.owner:
        return caller.owner
    return str((scope.get("client") or ("", 0))[0])
