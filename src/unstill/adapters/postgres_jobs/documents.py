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
LOOK_S = 0.5
"""Between looks for changes by others."""


class SharedDocument:
    """A list of objects under a name.

    Whoever asks once reads it from the database. A server, which asks with every request, ``follow``s it: a
    thread looks for changes twice a second, and what it read last is what counts, for up to a minute while
    the database is away. No request waits for the database then.
    """

    def __init__(self, server: PostgresServer, name: str, *, follow: bool = False) -> None:
        self._server, self._name, self._follows = server, name, follow
        self._lock = threading.RLock()
        self._revision, self._read_at = -1, float("-inf")
        self._rows: Rows = []
        if follow:
            self._refresh()
            threading.Thread(target=self._follow, name=f"shared {name}", daemon=True).start()

    def rows(self) -> Rows:
        """Raises `KeysDamaged`, and `StoreFailed` or `StoreBusy` where the server is away for long."""
        if not self._follows:
            self._refresh()
        elif time.monotonic() - self._read_at > STALE_S:
            raise StoreFailed(path=self._server.named, reason="it has been away for a minute")
        return self._rows

    def _refresh(self) -> None:
        with self._lock, self._server.reading() as connection:
            found = connection.execute(self._query(documents.c.revision)).scalar_one_or_none()
            if found is None:
                self._rows = []
            elif found != self._revision:
                self._rows = self._read(connection)
            self._revision, self._read_at = -1 if found is None else found, time.monotonic()

    def _follow(self) -> None:
        said = ""
        while not self._server.closed:
            time.sleep(LOOK_S)
            try:
                self._refresh()
                said = ""
            except Exception as error:
                name = type(error).__name__
                if name != said and not self._server.closed:
                    LOG.warning("the shared %s cannot be read now (%s)", self._name, name)
                said = name

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
        with contextlib.suppress(StoreFailed, StoreBusy):  # it is stored, whatever can be read now
            self._refresh()

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
