"""The tables on the server: made once, of the same form as those of the SQLite file."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from unstill.adapters.sqlite_jobs.rows import seal, verified
from unstill.adapters.sqlite_jobs.tables import FORMAT, meta, metadata, videos
from unstill.domain.service_errors import StoreFailed, StoreNewer

LOG = logging.getLogger(__name__)
MAKING = 0x756E_7375
"""Advisory lock under which tables are made, or changed to a newer form."""


def make_tables(engine: Engine, named: str) -> None:
    """Raises `StoreNewer` where a newer unstill made them, `StoreFailed` where they are somebody else's."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MAKING})
        there = set(inspect(connection).get_table_names())
        if meta.name in there:
            _bring_up(connection, named)
        elif videos.name in there:
            raise StoreFailed(path=named, reason="it has tables of these names that are not unstill's")
        else:
            metadata.create_all(connection)
            connection.execute(insert(meta).values(seal(meta, {"key": "format", "value": str(FORMAT)})))


def _bring_up(connection: Connection, named: str) -> None:
    found = connection.execute(select(meta).where(meta.c.key == "format")).mappings().one_or_none()
    if found is None:
        raise StoreFailed(path=named, reason="it has a table of the name meta that is not unstill's")
    kept = int(verified(meta, dict(found))["value"])
    if kept > FORMAT:
        raise StoreNewer(path=named, found=kept, known=FORMAT)
    if kept < FORMAT:
        from unstill.adapters.sqlite_jobs.migrations import upgrade

        upgrade(connection, kept, FORMAT)
        LOG.info("%s was brought from format %d to %d", named, kept, FORMAT)
