"""Who may use this server, by its settings and keys."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from unstill.adapters.key_store import KeptKeys
from unstill.core.keys import Key, KeyStore
from unstill.settings import Settings

FIRST_KEY = "first"


@dataclass(frozen=True)
class Access:
    """What the guard is told, and what the person is shown once."""

    keys: KeyStore
    asks: bool
    exposed: bool
    operator: str
    link: str | None
    new_key: str | None


def access(settings: Settings, keys: KeptKeys) -> Access:
    """Decide whether keys are asked for; make the first one where there is none.

    Keys are asked for beyond this computer, with a key in the settings, and once there is one: unless
    ``auth`` is "none" or "keys".
    """
    exposed = not is_loopback(settings.host)
    active = [key for key in keys.list() if key.revoked_at is None]
    wanted = exposed or settings.api_key is not None or bool(active)
    asks = settings.auth == "keys" or (settings.auth == "auto" and wanted)
    new = keys.add(FIRST_KEY)[1] if asks and not active and settings.api_key is None else None
    store = GivenKey(keys, settings.api_key) if settings.api_key else keys
    link = secrets.token_urlsafe(16) if asks else None
    return Access(store, asks, exposed, f"op_{secrets.token_urlsafe(24)}", link, new)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class GivenKey:
    """The key store with one more key, which the settings hold. Fits `KeyStore`."""

    def __init__(self, inner: KeyStore, secret: str) -> None:
        self._inner, self._secret = inner, secret
        self._key = Key("key_settings", "UNSTILL_API_KEY", 0.0)

    def add(self, name: str) -> tuple[Key, str]:
        return self._inner.add(name)

    def list(self) -> Sequence[Key]:
        return [self._key, *self._inner.list()]

    def revoke(self, key_id: str) -> Key:
        return self._inner.revoke(key_id)

    def find(self, key_id: str) -> Key | None:
        return self._key if key_id == self._key.id else self._inner.find(key_id)

    def check(self, secret: str) -> Key | None:
        given = hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), self._secret.encode())
        return self._key if given else self._inner.check(secret)
