"""The tables on the server: made once, of the same form as those of the SQLite file."""

from __future__ import annotations

import logging

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
    text,
)

from unstill.adapters.sqlite_jobs.rows import seal, verified
from unstill.adapters.sqlite_jobs.tables import FORMAT, meta, metadata, videos
from unstill.domain.service_errors import StoreFailed, StoreNewer

LOG = logging.getLogger(__name__)
MAKING = 0x756E_7375
"""Advisory lock under which tables are made, or changed to a newer form."""


CHANNEL = "unstill_jobs"
_TELL = f"""
CREATE OR REPLACE FUNCTION unstill_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('{CHANNEL}', NEW.id || ' ' || NEW.revision);
  RETURN NULL;
END $$
"""
_TRIGGERS = (
    """CREATE OR REPLACE TRIGGER unstill_added AFTER INSERT ON videos
       FOR EACH ROW EXECUTE FUNCTION unstill_tell()""",
    """CREATE OR REPLACE TRIGGER unstill_changed AFTER UPDATE ON videos
       FOR EACH ROW WHEN (OLD.revision IS DISTINCT FROM NEW.revision) EXECUTE FUNCTION unstill_tell()""",
)
"""Whoever changes a job tells all servers, by the same commit."""
_TELLS = """
SELECT 1 FROM pg_trigger WHERE tgname = 'unstill_changed' AND tgrelid = 'videos'::regclass
"""

shared = MetaData()
"""What only servers that share a database need."""
documents = Table(
    "documents",
    shared,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("checksum", Text, nullable=False),
)


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
        shared.create_all(connection)
        if not connection.exec_driver_sql(_TELLS).first():
            for statement in (_TELL, *_TRIGGERS):
                connection.exec_driver_sql(statement)


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
