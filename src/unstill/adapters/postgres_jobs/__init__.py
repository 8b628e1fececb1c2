"""The job store on a PostgreSQL server, for several API servers and many workers side by side.

The rules are those of `unstill.adapters.sqlite_jobs.SqlJobs`, in the same SQL; here is what only PostgreSQL
knows: connections, locks between servers, the server's own clock, its errors in our words, news of jobs by
LISTEN and NOTIFY, and the small lists that servers share.
"""

from __future__ import annotations

from unstill.adapters.postgres_jobs.clock import ServerClock
from unstill.adapters.postgres_jobs.copying import copy_rows, has_jobs
from unstill.adapters.postgres_jobs.documents import SharedDocument, shared_pepper
from unstill.adapters.postgres_jobs.leadership import Leadership
from unstill.adapters.postgres_jobs.news import News
from unstill.adapters.postgres_jobs.server import PostgresServer, read_url
from unstill.adapters.sqlite_jobs import SqlJobs
from unstill.core.queue import Clock

__all__ = [
    "Leadership",
    "News",
    "PostgresServer",
    "ServerClock",
    "SharedDocument",
    "copy_rows",
    "has_jobs",
    "jobs_on",
    "open_jobs",
    "read_url",
    "shared_pepper",
]


def open_jobs(url: str, clock: Clock | None = None) -> SqlJobs:
    """The job store in this database, whose tables are made if there are none. Leases go by the server's
    clock unless another is given.

    Raises:
        StoreFailed: the server cannot be reached, or refuses.
        StoreNewer: a newer unstill made its tables.
    """
    return jobs_on(PostgresServer(url), clock)


def jobs_on(server: PostgresServer, clock: Clock | None = None) -> SqlJobs:
    """The same over connections there are."""
    return SqlJobs(server, clock or ServerClock(server))
