"""Small lists that all servers share (API keys, sessions), each in one row. Fits `key_store.Document`."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from unstill.adapters.postgres_jobs.server import PostgresServer
from unstill.adapters.postgres_jobs.tables import documents
from unstill.adapters.sqlite_jobs.rows import RowDamaged, seal, verified
from unstill.domain.service_errors import KeysDamaged, StoreBusy, StoreFailed

LOG = logging.getLogger(__name__)
Rows = list[dict[str, Any]]
STALE_S = 60.0
"""How long what was last read counts while the server cannot be asked."""


class SharedDocument:
    """A list of objects under a name. A change by another server counts from the next call on; while the
    database cannot be asked, what was read in the last minute does."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._server, self._name = server, name
        self._lock = threading.RLock()
        self._seen: tuple[int, float, Rows] = (-1, float("-inf"), [])

    def rows(self) -> Rows:
        """Raises `KeysDamaged`, and `StoreFailed` or `StoreBusy` where the server is away for long."""
        with self._lock:
            revision, read_at, rows = self._seen
            try:
                with self._server.reading() as connection:
                    found = connection.execute(self._query(documents.c.revision)).scalar_one_or_none()
                    if found is None:
                        rows = []
                    elif found != revision:
                        rows = self._read(connection)
            except (StoreFailed, StoreBusy):
                if time.monotonic() - read_at > STALE_S:
                    raise
                return rows
            self._seen = (-1 if found is None else found, time.monotonic(), rows)
            return rows

    @contextlib.contextmanager
    def changing(self) -> Iterator[Rows]:
        """The rows to change in place; what they are at the end is written, unless by an error."""
        with self._lock, self._server.writing() as connection:
            first = self._row([], 0)
            connection.execute(insert(documents).values(first).on_conflict_do_nothing())
            locked = connection.execute(self._query(documents.c.revision).with_for_update()).scalar_one()
            rows = [dict(row) for row in self._read(connection)]
            yield rows
            changed = self._row(rows, locked + 1)
            connection.execute(update(documents).where(documents.c.name == self._name).values(changed))

    def _row(self, rows: Rows, revision: int) -> dict[str, Any]:
        body = json.dumps(rows, ensure_ascii=True)
        return seal(documents, {"name": self._name, "body": body, "revision": revision})

    def _query(self, *columns: Any) -> Any:
        return select(*columns).where(documents.c.name == self._name)

    def _read(self, connection: Connection) -> Rows:
        found = connection.execute(self._query(documents)).mappings().one()
        try:
            rows = json.loads(verified(documents, dict(found))["body"])
        except (RowDamaged, ValueError) as error:
            raise KeysDamaged(path=self._name) from error
        return list(rows)


def shared_pepper(server: PostgresServer, first: bytes | None = None) -> bytes:
    """The secret that digests of keys are made with: ``first``, or a new one, of whoever comes first."""
    kept = SharedDocument(server, "pepper")
    with kept.changing() as rows:
        if not rows:
            rows.append({"pepper": (first or secrets.token_bytes(32)).hex()})
        return bytes.fromhex(rows[0]["pepper"])
