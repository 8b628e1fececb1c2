"""One of the servers that share a database leads, as long as its connection lasts."""

from __future__ import annotations

import contextlib
import logging
import threading

import psycopg

from unstill.adapters.postgres_jobs.server import PostgresServer

LOG = logging.getLogger(__name__)
KEY = 0x756E_7376
"""Advisory lock of the one that leads."""


class Leadership:
    """Held by one server at a time; when that one is gone, the next that asks has it. It decides who drives
    shared workers, never who may write to a job: that is the lease's to say."""

    def __init__(self, server: PostgresServer, key: int = KEY) -> None:
        self._server, self._key = server, key
        self._connection: psycopg.Connection | None = None
        self._has, self._lock = False, threading.Lock()

    def held(self) -> bool | None:
        """Whether this server leads now; it tries to, where nobody does. None while nobody can be asked."""
        with self._lock:
            try:
                return self._look()
            except psycopg.Error as error:
                LOG.warning("who leads cannot be asked now (%s)", type(error).__name__)
                self._drop()
                return None

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _look(self) -> bool:
        if self._connection is None:
            url = self._server.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = psycopg.connect(
                url, autocommit=True, connect_timeout=10, application_name="unstill leader"
            )
        if self._has:
            self._connection.execute("SELECT 1")
            return True
        got = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
        self._has = bool(got and got[0])
        return self._has

    def _drop(self) -> None:
        self._has = False
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
