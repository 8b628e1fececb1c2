"""Browser sessions and the claim of a new server in ``sessions.json``. Fits `unstill.core.keys.Sessions`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unstill.adapters.key_store.private_file import Digests, Document, PrivateFile, Rows, pepper_in
from unstill.core.keys import new_secret
from unstill.domain.job import NOBODY
from unstill.domain.service_errors import KeysDamaged

MOST = 500
"""Sessions kept; the oldest goes when another is started."""
KEEP_S = 365 * 24 * 3600.0
"""Seconds a session lasts; its cookie says the same."""
CLAIM = "claim"


class KeptSessions:
    """Sessions in a document, as digests."""

    def __init__(self, kept: Document, digests: Digests, wall: Callable[[], float] = time.time) -> None:
        self._file, self._digests = kept, digests
        self._wall = wall
        self._file.rows()

    @property
    def claimed(self) -> bool:
        """Also when the file cannot be trusted: damage must not hand the server to the next visitor."""
        rows = self._trusted()
        return rows is None or any(row.get("kind") == CLAIM for row in rows)

    def claim(self) -> str | None:
        if self.claimed:
            return None
        secret = new_secret("ses_")
        with self._file.changing() as rows:
            if any(row.get("kind") == CLAIM for row in rows):
                return None
            rows.append({"kind": CLAIM, "at": self._wall()})
            rows.append(self._row(secret, NOBODY))
        return secret

    def start(self, owner: str) -> str:
        secret = new_secret("ses_")
        with self._file.changing() as rows:
            sessions = [row for row in rows if row.get("kind") != CLAIM]
            rows[:] = [row for row in rows if row.get("kind") == CLAIM] + sessions[1 - MOST :]
            rows.append(self._row(secret, owner))
        return secret

    def owner(self, secret: str) -> str | None:
        row = self._digests.find(secret, self._trusted() or [])
        if row is None or self._wall() - float(row.get("at", 0)) > KEEP_S:
            return None
        return str(row.get("owner", NOBODY))

    def end(self, secret: str) -> None:
        with self._file.changing() as rows:
            gone = self._digests.find(secret, rows)
            rows[:] = [row for row in rows if row is not gone]

    def _row(self, secret: str, owner: str) -> dict[str, Any]:
        return {"digest": self._digests.of(secret), "owner": owner, "at": self._wall()}

    def _trusted(self) -> Rows | None:
        try:
            return self._file.rows()
        except (KeysDamaged, OSError):
            logging.getLogger(__name__).error("the session file cannot be read; every session is refused")
            return None


class SessionFile(KeptSessions):
    """Sessions under one folder."""

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        super().__init__(PrivateFile(folder / "sessions.json"), Digests(pepper_in(folder)), wall)
