"""Every row from one store to another, as it is: checksums and numbers are those that were written."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, insert, select, text

from unstill.adapters.sqlite_jobs.rows import verified
from unstill.adapters.sqlite_jobs.sqlite_file import SqliteFile
from unstill.adapters.sqlite_jobs.tables import idempotency, videos
from unstill.core.durable import beside, file_errors, settle
from unstill.domain.service_errors import StoreFailed

AT_ONCE = 500
"""Rows that are held in memory."""
TABLES = (videos, idempotency)
"""In the order in which rows refer to each other."""


def copied(source: Connection, target: Path) -> int:
    """A SQLite file with every row of ``source``; how many jobs that were. It gets its name when it is whole.

    Raises what `open_jobs` of `sqlite_jobs` raises.
    """
    with beside(target) as partial:
        made = SqliteFile(partial)
        try:
            with made.writing() as connection:
                count = copy_rows(source, connection)
        finally:
            made.close()
        with file_errors(target):
            settle(partial, target, replace_existing=True, number_if_taken=False)
    return count


def has_jobs(connection: Connection) -> bool:
    """Whether any job was ever stored there and not purged."""
    return connection.execute(select(videos.c.number).limit(1)).first() is not None


def copy_rows(source: Connection, target: Connection) -> int:
    """All rows, verified on the way, into an empty store; how many jobs that were.

    Raises:
        StoreFailed: the target has jobs already.
        RowDamaged: a row is not what was written.
    """
    if has_jobs(target):
        raise StoreFailed(path="the target", reason="it has jobs already")
    for table in TABLES:
        rows = source.execution_options(yield_per=AT_ONCE).execute(
            select(table).order_by(*table.primary_key.columns)
        )
        for part in rows.mappings().partitions(AT_ONCE):
            target.execute(insert(table), [verified(table, dict(row)) for row in part])
    if target.dialect.name == "postgresql":  # the next job's number is behind all that came along
        last = select(func.coalesce(func.max(videos.c.number), 0) + 1)
        next_number = target.execute(last).scalar_one()
        target.execute(
            text("SELECT setval(pg_get_serial_sequence('videos', 'number'), :next, false)"),
            {"next": next_number},
        )
    return int(target.execute(select(func.count()).select_from(videos)).scalar_one())
