"""News of jobs from one API server to the others, by NOTIFY in the very transaction that changed the row.

The message names a job and its revision and nothing else: who hears it reads the row, where it does not know
it already. What is lost while a connection is down is made up for when it is back: ``lost`` is called.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg

from unstill.adapters.postgres_jobs.server import PostgresServer
from unstill.adapters.postgres_jobs.tables import CHANNEL

LOG = logging.getLogger(__name__)
WAIT_S, AGAIN_S = 1.0, 1.0
"""Seconds between two looks at whether to stop, and before a lost connection is tried again."""
GATHER_S = 0.05
"""For so long more is waited for, so that many steps of one job are one piece of news."""


class News:
    """Hears what changed. ``heard`` is called with revisions by job id, in a thread of its own; ``lost`` when
    the connection is back after it was down."""

    def __init__(
        self, server: PostgresServer, heard: Callable[[dict[str, int]], None], lost: Callable[[], None]
    ) -> None:
        self._server, self._heard, self._lost = server, heard, lost
        self._stop, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="news of servers", daemon=True)

    def start(self) -> None:
        """Hear from now on."""
        self._thread.start()
        self._ready.wait(5 * WAIT_S)

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10 * WAIT_S)

    def _listen(self) -> None:
        before = False
        while not self._stop.is_set():
            try:
                with self._connected() as connection:
                    if before:
                        self._tell(self._lost)
                        LOG.info("news of other servers are back")
                    before = True
                    self._ready.set()
                    while not self._stop.is_set():
                        self._hear(connection)
            except psycopg.Error as error:
                LOG.warning("news of other servers are down (%s)", type(error).__name__)
                self._stop.wait(AGAIN_S)

    def _connected(self) -> psycopg.Connection:
        url = self._server.url.set(drivername="postgresql").render_as_string(hide_password=False)
        named = "unstill news"
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name=named)
        connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def _hear(self, connection: psycopg.Connection) -> None:
        told = [one.payload for one in connection.notifies(timeout=WAIT_S, stop_after=1)]
        if told:
            told += [one.payload for one in connection.notifies(timeout=GATHER_S)]
            found = _read(told)
            self._tell(lambda: self._heard(found))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            LOG.exception("news of other servers could not be taken")


def _read(told: list[str]) -> dict[str, int]:
    """The newest revision of each job. What anybody else says on the channel is passed over."""
    found: dict[str, int] = {}
    for body in told:
        job_id, _, revision = body.partition(" ")
        if revision.isdecimal():
            found[job_id] = max(found.get(job_id, 0), int(revision))
    return found
