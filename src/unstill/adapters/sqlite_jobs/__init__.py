"""The job store in an SQL database: one SQLite file, by SQLAlchemy core.

- `tables`: what is stored; `rows`: between rows and jobs, with the checksum of each row.
- `reads`, `intake`, `store`: the rules, in SQL that PostgreSQL speaks too, over a `Database` (`database`).
- `sqlite_file`, `soundness`, `faults`, `file_systems`: everything that only SQLite knows.
"""

from __future__ import annotations

from pathlib import Path

from unstill.adapters.sqlite_jobs.sqlite_file import BUSY_S, SqliteFile
from unstill.adapters.sqlite_jobs.store import SqlJobs
from unstill.core.queue import Clock

__all__ = ["SqlJobs", "SqliteFile", "open_jobs"]


def open_jobs(path: Path, clock: Clock, *, busy_s: float = BUSY_S) -> SqlJobs:
    """The job store in this file, which is made if there is none. One per process and file.

    Raises:
        StoreDamaged: the file is no job database, or not whole. It is left as it is.
        StoreNewer: a newer unstill wrote it.
        StoreBusy: another process holds it.
        NotWritable, StoreFull, StoreFailed: the folder or disk does not let us.
    """
    return SqlJobs(SqliteFile(path, busy_s=busy_s), clock)
