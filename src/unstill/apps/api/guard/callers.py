"""Who is calling: a key, a browser with a session, or anybody where no key is asked for."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

from unstill.apps.api.guard.headers import Raw, Scope, cookie, value
from unstill.apps.api.guard.settings import GuardSettings
from unstill.core.keys import KeyStore, Sessions
from unstill.domain.job import NOBODY

SESSION_S = 365 * 24 * 3600
"""Seconds a browser keeps its session cookie."""
MOST_CHARACTERS = 512
"""Longest secret looked at."""


@dataclass(frozen=True)
class Caller:
    """Whose jobs a request is about, and how that is known."""

    owner: str
    via: Literal["none", "key", "session"]


class Callers:
    """Reads credentials. Fits any `KeyStore` and `Sessions`; without keys only the operator has one."""

    def __init__(self, settings: GuardSettings, keys: KeyStore | None, sessions: Sessions | None) -> None:
        self._settings, self._keys, self._sessions = settings, keys, sessions

    def of(self, scope: Scope) -> Caller | None:
        """The caller, or None for nobody we know. Without auth everybody is `NOBODY`, and a key sent along
        is ignored: clients always send one."""
        if self._settings.auth == "none":
            return Caller(NOBODY, "none")
        headers: Raw = scope["headers"]
        for secret in (_bearer(headers), value(headers, b"x-api-key")):
            caller = self._by_secret(secret[:MOST_CHARACTERS]) if secret else None
            if caller is not None:
                return caller
        return self._by_cookie(headers)

    def opened_page(self, scope: Scope) -> tuple[str, bool] | None:
        """A new session's secret for the browser that opens the page, and whether it came by the link.

        The link starts one for anybody who has it; without it only the first browser gets one, where this
        server may be claimed.
        """
        if self._settings.auth == "none" or self._sessions is None:
            return None
        given, token = _query(scope, "link"), self._settings.link_token
        if given and token and hmac.compare_digest(given.encode(), token.encode()):
            return self._sessions.start(NOBODY), True
        if (
            self._settings.claimable
            and _is_browser(scope["headers"])
            and not self._by_cookie(scope["headers"])
        ):
            secret = self._sessions.claim()
            return (secret, False) if secret else None
        return None

    def sign_in(self, caller: Caller) -> str | None:
        """A session for the page of somebody who showed a key."""
        return self._sessions.start(caller.owner) if self._sessions and caller.via == "key" else None

    def sign_out(self, headers: Raw) -> None:
        secret = cookie(headers, self._settings.cookie)
        if secret and self._sessions:
            self._sessions.end(secret[:MOST_CHARACTERS])

    def set_cookie(self, secret: str, scheme: str) -> tuple[bytes, bytes]:
        """The header that gives a session to a browser; an empty secret takes it away."""
        age = SESSION_S if secret else 0
        secure = "; Secure" if scheme == "https" else ""
        text = f"{self._settings.cookie}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
        return b"set-cookie", text.encode()

    def _by_secret(self, secret: str) -> Caller | None:
        operator = self._settings.operator
        if operator and hmac.compare_digest(secret.encode(), operator.encode()):
            return Caller(NOBODY, "key")
        key = self._keys.check(secret) if self._keys else None
        return Caller(key.id, "key") if key else None

    def _by_cookie(self, headers: Raw) -> Caller | None:
        secret = cookie(headers, self._settings.cookie)
        if not secret or self._sessions is None:
            return None
        owner = self._sessions.owner(secret[:MOST_CHARACTERS])
        revoked = owner and not (self._keys and self._keys.find(owner))
        return None if owner is None or revoked else Caller(owner, "session")


def _bearer(headers: Raw) -> str | None:
    scheme, _, secret = (value(headers, b"authorization") or "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _query(scope: Scope, name: str) -> str:
    query = bytes(scope.get("query_string", b""))[:2048].decode("latin-1")
    return parse_qs(query).get(name, [""])[0][:MOST_CHARACTERS]


def _is_browser(headers: Raw) -> bool:
    """A person's page being opened, and not merely fetched ahead."""
    ahead = value(headers, b"sec-purpose") or value(headers, b"purpose") or ""
    dest = value(headers, b"sec-fetch-dest") or "document"
    return "text/html" in (value(headers, b"accept") or "") and dest == "document" and "prefetch" not in ahead
