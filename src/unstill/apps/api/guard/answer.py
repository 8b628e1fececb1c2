"""Answers on their way out: errors in the one shape, and the headers that every answer carries."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from unstill.apps.api.account import Account, Message, Send
from unstill.apps.api.guard.headers import Scope, has_body
from unstill.apps.api.language import language_of
from unstill.domain.errors import Language, UnstillError

Header = tuple[bytes, bytes]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For HTML: everything from here and nothing inline. An answer with a policy of its own keeps it."""
OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
WAIT_S = 5
"""What Retry-After says where nothing better is known."""
_RETRY = (429, 503)


def error_body(error: UnstillError, language: Language = "en") -> bytes:
    return json.dumps({"error": error.to_json(language)}, ensure_ascii=False, default=str).encode()


def error_headers(error: UnstillError, body: bytes, language: Language = "en") -> list[Header]:
    """Also whether to try again: the stock client repeats 408, 409, 429 and 5xx, uploads included."""
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-language", language.encode()),
        (b"vary", b"accept-language"),
        (b"cache-control", b"no-store"),
    ]
    if error.status in _RETRY:
        wait = error.facts.get("seconds", WAIT_S)
        headers.append(
            (b"retry-after", str(math.ceil(wait) if isinstance(wait, (int, float)) else WAIT_S).encode())
        )
    else:
        headers.append((b"x-should-retry", b"false"))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


def dressed(status: int, headers: Sequence[Header], path: str) -> list[Header]:
    """The headers of an answer, with those that it lacks."""
    there = {name.lower() for name, _ in headers}
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    policy = PAGE_POLICY if kind.lower().startswith(b"text/html") else OTHER_POLICY
    more = [*_ALWAYS, (b"content-security-policy", policy.encode())]
    if path.startswith("/v1/"):
        more.append((b"cache-control", b"private, no-store"))
    if status in _RETRY:
        more.append((b"retry-after", str(WAIT_S).encode()))
    return [*headers, *(header for header in more if header[0] not in there)]


class Answer:
    """One answer: the app's, unless the guard's comes first."""

    def __init__(self, scope: Scope, send: Send, language: Language, account: Account) -> None:
        self._scope, self._send, self._language = scope, account.counting(send), language
        self._account = account
        self.extra: list[Header] = []
        """Put on whatever is answered: cookies, CORS."""
        self.started = self.ended = False

    async def send(self, message: Message) -> None:
        """What the app is given for ``send``. After an answer of the guard's it says nothing more."""
        if self.ended:
            return
        if message["type"] == "http.response.start":
            self.started = True
            headers = [*((bytes(n), bytes(v)) for n, v in message.get("headers", ())), *self.extra]
            message = {**message, "headers": dressed(message["status"], headers, self._scope["path"])}
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.ended = True
        await self._send(message)

    async def whole(self, status: int, headers: list[Header], body: bytes = b"") -> None:
        """A complete answer. Where the request has a body the connection ends, for nobody reads that."""
        if self.started:
            self.ended = True
            return
        if has_body(self._scope["headers"]):
            headers = [*headers, (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, error: UnstillError) -> None:
        self._account.code = error.code
        language = language_of(self._scope["headers"], self._language)
        body = error_body(error, language)
        await self.whole(error.status, error_headers(error, body, language), body)
