"""Time by the database server: the one clock that all API servers and workers share."""

from __future__ import annotations

from sqlalchemy import text

from unstill.adapters.postgres_jobs.server import PostgresServer

BOOT = "server"
"""One for all: every lease is counted by the same clock."""
_NOW = text("SELECT extract(epoch FROM clock_timestamp())::float8")


class ServerClock:
    """`Clock` by the server. A PostgreSQL server has no clock but that of its computer: where that one is set
    back, leases last longer by as much."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def wall(self) -> float:
        return self._server.value(_NOW)

    def steady(self) -> float:
        return self._server.value(_NOW)

    def boot(self) -> str:
        return BOOT
