"""API keys in ``keys.json``, or where several servers share them. Fits `unstill.core.keys.KeyStore`."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unstill.adapters.key_store.private_file import Digests, Document, PrivateFile, Rows, pepper_in
from unstill.core.keys import NAME_LIMIT, Key, is_secret, new_secret
from unstill.domain.errors import OutOfRange, UnstillError
from unstill.domain.service_errors import KeyNotFound, KeysDamaged

COARSE_S = 3600.0
"""`Key.last_used_at` is kept to this grain, so that a check hardly ever writes."""


def at_once(work: Callable[[], None]) -> None:
    work()


class KeptKeys:
    """Keys in a document, as digests. A change by another process counts from the next call on."""

    def __init__(
        self,
        kept: Document,
        digests: Digests,
        wall: Callable[[], float] = time.time,
        aside: Callable[[Callable[[], None]], None] = at_once,
    ) -> None:
        """``aside`` writes down when a key was used, which nobody is to wait for.

        Raises `KeysDamaged`: the document is not to be trusted, and is left as it is.
        """
        self._file, self._digests, self._aside = kept, digests, aside
        self._wall = wall
        self._file.rows()

    def add(self, name: str) -> tuple[Key, str]:
        name = " ".join(name.split())
        if not 1 <= len(name) <= NAME_LIMIT:
            raise OutOfRange(param="name", value=f"{len(name)} characters long", low=1, high=NAME_LIMIT)
        secret = new_secret()
        key = Key("key_" + secrets.token_hex(8), name, float(int(self._wall())))
        with self._file.changing() as rows:
            rows.append({"id": key.id, "name": name, "created_at": key.created_at,
                         "digest": self._digests.of(secret)})  # fmt: skip
        return key, secret

    def list(self) -> Sequence[Key]:
        return [_key(row) for row in self._file.rows()]

    def revoke(self, key_id: str) -> Key:
        with self._file.changing() as rows:
            for row in rows:
                if row.get("id") == key_id:
                    row.setdefault("revoked_at", float(int(self._wall())))
                    return _key(row)
            raise KeyNotFound(id=key_id[:NAME_LIMIT])

    def find(self, key_id: str) -> Key | None:
        return next((k for k in map(_key, self._trusted()) if k.id == key_id and k.revoked_at is None), None)

    def check(self, secret: str) -> Key | None:
        row = self._digests.find(secret, self._trusted())
        if row is None or row.get("revoked_at") is not None or not is_secret(secret):
            return None
        self._touch(row)
        return _key(row)

    def _trusted(self) -> Rows:
        """No keys rather than doubtful ones: a file damaged while the server runs lets nobody in."""
        try:
            return self._file.rows()
        except (KeysDamaged, OSError):
            logging.getLogger(__name__).error("the key file cannot be read; every key is refused")
            return []

    def _touch(self, used: dict[str, Any]) -> None:
        now = max(self._wall() // COARSE_S * COARSE_S, _seconds(used.get("created_at")) or 0.0)
        if used.get("last_used_at") == now:
            return
        used["last_used_at"] = now  # in memory first: a disk that refuses is asked again only in an hour
        self._aside(partial(self._write_used, used.get("id"), now))

    def _write_used(self, key_id: object, now: float) -> None:
        with contextlib.suppress(UnstillError, OSError), self._file.changing() as rows:
            for row in rows:
                if row.get("id") == key_id:
                    row["last_used_at"] = now


class KeyFile(KeptKeys):
    """Keys under one folder. Raises as `KeptKeys`."""

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        super().__init__(PrivateFile(folder / "keys.json"), Digests(pepper_in(folder)), wall)


def _key(row: dict[str, Any]) -> Key:
    return Key(
        str(row.get("id", "")), str(row.get("name", "")), _seconds(row.get("created_at")) or 0.0,
        _seconds(row.get("last_used_at")), _seconds(row.get("revoked_at")),
    )  # fmt: skip


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
