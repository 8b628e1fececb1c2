"""The `Database` on a PostgreSQL server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, TextClause, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from unstill.adapters.postgres_jobs.copying import copied
from unstill.adapters.postgres_jobs.faults import spoken
from unstill.adapters.postgres_jobs.tables import make_tables
from unstill.domain.errors import InvalidField
from unstill.domain.service_errors import StoreFailed

DRIVER = "postgresql+psycopg"
CONNECTIONS, MORE = 8, 8
BUSY_S, CONNECT_S = 5.0, 10
"""Seconds to wait for a lock, or for a connection of the pool; and for the server."""
INTAKE = 0x756E_7374
"""Advisory lock under which jobs are taken in: their number is limited, and a key makes one job."""


class PostgresServer:
    """Connections to one database. Raises what `unstill.adapters.postgres_jobs.open_jobs` says."""

    def __init__(self, url: str, *, busy_s: float = BUSY_S) -> None:
        self.url = read_url(url)
        self.named = self.url.render_as_string(hide_password=True)
        self._engine = create_engine(
            self.url, pool_size=CONNECTIONS, max_overflow=MORE, pool_timeout=busy_s, pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "application_name": "unstill"},
        )  # fmt: skip
        self._busy_ms = int(busy_s * 1000)
        event.listen(self._engine, "connect", self._settle)
        self.closed = False
        try:
            with spoken(self.named):
                make_tables(self._engine, self.named)
        except BaseException:
            self.close()
            raise

    def _settle(self, connection: Any, _record: object) -> None:
        """Of every connection: no wait is endless, and what is committed is on disk."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {self._busy_ms}")
            cursor.execute("SET idle_in_transaction_session_timeout = 60000")
            cursor.execute("SET synchronous_commit = on")
        connection.commit()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """See `Database.writing`; rows are locked one by one, so that others write other rows meanwhile."""
        self._refuse_closed()
        with spoken(self.named), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        self._refuse_closed()
        with (
            spoken(self.named),
            self._engine.connect() as connection,
            connection.execution_options(isolation_level="REPEATABLE READ").begin(),
        ):
            yield connection

    def alone(self, connection: Connection) -> None:
        """Until the transaction ends nobody else takes jobs in, on whatever server."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": INTAKE})

    def value(self, query: TextClause) -> float:
        """One number."""
        self._refuse_closed()
        with spoken(self.named), self._engine.connect() as connection:
            return float(connection.execute(query).scalar_one())

    def backup(self, target: Path) -> None:
        """Into a SQLite file that a server opens by itself: one state of the database, while in use."""
        with self.reading() as connection:
            copied(connection, target)

    def close(self) -> None:
        self.closed = True
        self._engine.dispose()

    def _refuse_closed(self) -> None:
        if self.closed:
            raise StoreFailed(path=self.named, reason="it was closed")


def read_url(text_: str) -> URL:
    """``postgresql://user:password@host:port/name``, for our driver. Raises `InvalidField`."""
    try:
        url = make_url(text_)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        expected = "an address such as postgresql://user:password@host/name"
        raise InvalidField(
            param="database_url", value="***", expected=expected,
            expected_zh="形如 postgresql://用户:密码@主机/库名 的地址",
        )  # fmt: skip
    return url.set(drivername=DRIVER)
