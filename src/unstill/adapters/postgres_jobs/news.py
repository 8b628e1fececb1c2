"""News of jobs from one API server to the others, by LISTEN and NOTIFY.

A message names a job and nothing else: who hears it reads the row. What is lost while a connection is down is
made up for when it is back: then every running or waiting job is looked at once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
from collections.abc import Callable

import psycopg

from unstill.adapters.postgres_jobs.server import PostgresServer

LOG = logging.getLogger(__name__)
CHANNEL = "unstill_jobs"
WAIT_S, AGAIN_S = 5.0, 1.0
"""Seconds between two looks at whether to stop, and before a lost connection is tried again."""


class News:
    """Tells others, and hears them. ``heard(job_id)`` is called in a thread of its own; ``lost()`` when the
    connection is back after it was down."""

    def __init__(
        self, server: PostgresServer, heard: Callable[[str], None], lost: Callable[[], None] = lambda: None
    ) -> None:
        self._server, self._heard, self._lost = server, heard, lost
        self._me = secrets.token_hex(6)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="postgres-news", daemon=True)

    def start(self) -> None:
        """Hear from now on."""
        self._thread.start()
        self._ready.wait(WAIT_S)

    def tell(self, job_id: str) -> None:
        """Say that a job changed. Never fails: who misses it finds out from the row."""
        body = json.dumps([self._me, job_id])
        with contextlib.suppress(Exception), self._server.writing() as connection:
            connection.exec_driver_sql("SELECT pg_notify(%s, %s)", (CHANNEL, body))

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * WAIT_S)

    def _listen(self) -> None:
        before = False
        while not self._stop.is_set():
            try:
                with self._connected() as connection:
                    if before:
                        self._lost()
                    before = True
                    self._ready.set()
                    self._hear(connection)
            except psycopg.Error as error:
                LOG.warning("news of other servers are down: %s", type(error).__name__)
                self._stop.wait(AGAIN_S)

    def _connected(self) -> psycopg.Connection:
        url = self._server.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=10, application_name="unstill news"
        )
        connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def _hear(self, connection: psycopg.Connection) -> None:
        while not self._stop.is_set():
            for told in connection.notifies(timeout=WAIT_S, stop_after=1):
                self._take(told.payload)

    def _take(self, body: str) -> None:
        try:
            who, job_id = json.loads(body)
        except (ValueError, TypeError):
            return
        if who == self._me or not isinstance(job_id, str):
            return
        try:
            self._heard(job_id)
        except Exception:
            LOG.exception("news of a job could not be taken")
