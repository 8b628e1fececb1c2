"""API keys and browser sessions: who may use a server that strangers can reach.

A secret is shown once and kept only as a digest. The owner of what a key makes is the key's id.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

PREFIX = "uns_"
_SECRET = re.compile(r"uns_[A-Za-z0-9_-]{32}")
NAME_LIMIT = 80
"""Characters in the name of a key."""


@dataclass(frozen=True)
class Key:
    """What may be known of a key. Times are seconds since 1970 by the wall clock."""

    id: str
    name: str
    created_at: float
    last_used_at: float | None = None
    """Rounded down to the hour: enough to find keys nobody uses."""
    revoked_at: float | None = None


class KeyStore(Protocol):
    """Durable keys."""

    def add(self, name: str) -> tuple[Key, str]:
        """A new key and its secret, which nobody can read again."""

    def list(self) -> Sequence[Key]:
        """Every key there ever was, oldest first."""

    def revoke(self, key_id: str) -> Key:
        """End a key for good, at once. Raises `KeyNotFound`."""

    def find(self, key_id: str) -> Key | None:
        """A key that is not revoked, by its id."""

    def check(self, secret: str) -> Key | None:
        """The key a secret belongs to, if it is not revoked. Takes as long for a wrong secret as for a
        right one."""


class Sessions(Protocol):
    """Browsers that may use the page, and whether somebody has claimed this server yet. Durable."""

    @property
    def claimed(self) -> bool: ...

    def claim(self) -> str | None:
        """The first caller's session secret; None for every later one."""

    def start(self, owner: str) -> str:
        """The secret of a new session that acts for ``owner``."""

    def owner(self, secret: str) -> str | None:
        """Whom a session acts for, or None if there is no such session."""

    def end(self, secret: str) -> None: ...


def new_secret(prefix: str = PREFIX) -> str:
    """192 random bits as 32 characters that any header, link or shell carries unchanged."""
    return prefix + secrets.token_urlsafe(24)


def is_secret(text: str) -> bool:
    """Whether this has the form of a key at all."""
    return _SECRET.fullmatch(text) is not None
