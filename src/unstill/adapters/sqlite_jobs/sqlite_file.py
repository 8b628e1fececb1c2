"""The `Database` in one SQLite file.

One connection writes, under a lock; some others read. All are opened early and kept: with less than 52 KiB
free on the disk a new one could not be. Only the writing connection moves the write-ahead log into the file,
under the same lock, because SQLite 3.7.0 to 3.51.2 is reported to have a rare race there between connections.

The log is never shortened while in use: the length it once had is room for later writes on a full disk.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, select

from unstill.adapters.sqlite_jobs.faults import spoken
from unstill.adapters.sqlite_jobs.file_systems import kind_of, wal_is_safe
from unstill.adapters.sqlite_jobs.soundness import (
    describe,
    describe_anew,
    open_uri,
    refuse_lost,
    refuse_unsound,
)
from unstill.adapters.sqlite_jobs.tables import FORMAT, meta, metadata
from unstill.core.durable import beside, file_errors, settle
from unstill.domain.errors import OutputExists
from unstill.domain.service_errors import StoreBusy, StoreFailed, StoreFull

LOG = logging.getLogger(__name__)
BUSY_S = 5.0
"""Seconds to wait for a lock that somebody else holds."""
READERS = 4
"""Connections that read. A read takes a millisecond, so that more threads than these seldom wait."""
COMMITS_BETWEEN_CHECKPOINTS = 16
"""Few, so that the log stays near 500 KiB: on a full disk the file could not take in a longer one."""


class SqliteFile:
    """See the module. Raises what `unstill.adapters.sqlite_jobs.open_jobs` says."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S, wal: bool | None = None) -> None:
        """``wal`` decides the journal mode where the kind of file system does not."""
        self.path = path
        self._busy_s = busy_s
        safe = wal_is_safe(kind_of(path.parent)) if wal is None else wal
        self.journal_mode = "WAL" if safe else "DELETE"
        if not os.path.lexists(path):
            refuse_lost(path)
            _create(path)
        found = refuse_unsound(path, busy_s)
        self._lock = threading.Lock()
        self._commits = 0
        self._closed = False
        self._writer = self._engine("BEGIN IMMEDIATE", 1)
        self._readers = self._engine("BEGIN", READERS)
        try:
            if found < FORMAT:
                self._bring_up(found)
            self._open_all()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._turn() as left_s:
            with self._full_disk_makes_room(), spoken(self.path), self._writer.connect() as connection:
                _driver(connection).execute(f"PRAGMA busy_timeout = {int(left_s * 1000)}")
                with connection.begin():
                    yield connection
            self._commits += 1
            if self._commits >= COMMITS_BETWEEN_CHECKPOINTS:
                self._checkpoint("PASSIVE")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        self._refuse_closed()
        with self._reading_turn(), spoken(self.path), self._readers.begin() as connection:
            yield connection

    def alone(self, connection: Connection) -> None:
        """One writes at a time."""

    def backup(self, target: Path) -> None:
        self._refuse_closed()
        with beside(target) as partial:
            with file_errors(target):
                _make_private(partial)
            with spoken(target), closing(sqlite3.connect(partial)) as copy:
                with self._reading_turn(), self._readers.connect() as connection:
                    _driver(connection).backup(copy, progress=_patient(self._busy_s))
                copy.execute("PRAGMA journal_mode = DELETE")  # whole in one file, wherever it is put
            refuse_unsound(partial, self._busy_s, named=self.path)
            with file_errors(target):
                settle(partial, target, replace_existing=True, number_if_taken=False)

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._readers.dispose()
            self._checkpoint("TRUNCATE")
            self._writer.dispose()

    def _engine(self, begin: str, connections: int) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._connect(writes=begin != "BEGIN"),
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=self._busy_s,
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _connect(self, *, writes: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            open_uri(self.path, "rw"),  # never makes a file
            uri=True, timeout=self._busy_s, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        # In a rollback journal FULL may lose the last commits to a power cut; EXTRA does not.
        settings = {"synchronous": "FULL" if self.journal_mode == "WAL" else "EXTRA", "wal_autocheckpoint": 0,
                    "foreign_keys": "ON", "temp_store": "MEMORY", "cell_size_check": "ON",
                    "trusted_schema": "OFF"}  # fmt: skip
        try:
            for name, value in settings.items():
                connection.execute(f"PRAGMA {name} = {value}")
            if writes:
                self._choose_journal(connection)
            else:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _choose_journal(self, connection: sqlite3.Connection) -> None:
        (mode,) = connection.execute(f"PRAGMA journal_mode = {self.journal_mode}").fetchone()
        if mode.upper() != self.journal_mode:
            raise StoreFailed(path=self.path, reason=f"its journal stays {mode}, not {self.journal_mode}")

    def _open_all(self) -> None:
        with self.writing() as connection:
            connection.execute(select(meta)).all()
        with spoken(self.path), contextlib.ExitStack() as opened:
            for _ in range(READERS):
                opened.enter_context(self._readers.begin()).execute(select(meta)).all()

    def _bring_up(self, found: int) -> None:
        """From an older format, which stays beside it as a file that the older version opens."""
        from unstill.adapters.sqlite_jobs.migrations import upgrade

        self.backup(self.path.with_name(f"{self.path.name}.format-{found}"))
        with self.writing() as connection:
            upgrade(connection, found, FORMAT)
            describe_anew(connection)
        LOG.info(
            "%s was brought from format %d to %d; the old one is beside it", self.path.name, found, FORMAT
        )

    def _reading_turn(self) -> AbstractContextManager[object]:
        """With a rollback journal a reader and the writer shut each other out. Better that they queue here
        than that they find out by trying again and again."""
        return contextlib.nullcontext() if self.journal_mode == "WAL" else self._turn()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[float]:
        """Our turn to write; gives the seconds left to wait for other processes."""
        until = time.monotonic() + self._busy_s
        if not self._lock.acquire(timeout=self._busy_s):
            raise StoreBusy
        try:
            self._refuse_closed()
            yield max(until - time.monotonic(), 0.0)
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _full_disk_makes_room(self) -> Iterator[None]:
        """Moved into the file, the log starts over in the room it already has."""
        try:
            yield
        except StoreFull:
            self._checkpoint("PASSIVE")
            raise

    def _checkpoint(self, kind: str) -> None:
        """Under the lock. What fails here is done later, at the latest when the file is opened again."""
        self._commits = 0
        if self.journal_mode != "WAL":
            return
        with contextlib.suppress(Exception), spoken(self.path), self._writer.connect() as connection:
            _driver(connection).execute(f"PRAGMA wal_checkpoint({kind})").fetchall()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreFailed(path=self.path, reason="it was closed")


def _patient(busy_s: float) -> Callable[[int, int, int], None]:
    """Ends a copy that is kept waiting; SQLite's own module would wait for ever."""
    until = time.monotonic() + busy_s

    def look(status: int, _left: int, _pages: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= until:
            raise StoreBusy

    return look


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _create(path: Path) -> None:
    """An empty store. It gets its name when it is whole: what is found empty under the name has lost data."""
    with beside(path) as partial:
        with file_errors(path):
            _make_private(partial)
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(partial), poolclass=NullPool)
        with spoken(path), engine.begin() as connection:
            metadata.create_all(connection)
            describe(connection)
        # Somebody else's that came first is as good.
        with file_errors(path), contextlib.suppress(OutputExists):
            settle(partial, path, replace_existing=False, number_if_taken=False)
