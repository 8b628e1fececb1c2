"""What a server stands on: its jobs, its files, its keys; in its own folder, or shared with others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.adapters.key_store import Digests, KeptKeys, KeptSessions, KeyFile, SessionFile
from unstill.adapters.sqlite_jobs import SqlJobs, open_jobs
from unstill.adapters.storage import open_storage
from unstill.core.clock import SystemClock
from unstill.core.storage import Storage
from unstill.domain.errors import ExtraMissing
from unstill.settings import Settings

if TYPE_CHECKING:
    from unstill.adapters.postgres_jobs import PostgresServer

DATABASE = "unstill.db"


@dataclass(frozen=True)
class Ground:
    """``server`` is the database that servers share; None where this one is alone in its folder."""

    store: SqlJobs
    storage: Storage
    keys: KeptKeys
    sessions: KeptSessions
    server: PostgresServer | None = None

    @property
    def alone(self) -> bool:
        return self.server is None

    def close(self) -> None:
        self.store.close()


def open_ground(settings: Settings, data: Path) -> Ground:
    """Open all of it; the data folder's lock is held.

    Raises:
        StoreDamaged, StoreNewer, StoreBusy, NotWritable, StoreFull, StoreFailed: the store cannot be used.
        KeysDamaged: the keys cannot be trusted.
        InvalidField, ExtraMissing: a setting is wrong, or what it needs is not installed.
    """
    storage = open_storage(settings.storage, data, s3_options(settings))
    if settings.database_url is None:
        store = open_jobs(data / DATABASE, SystemClock())
        try:
            return Ground(store, storage, KeyFile(data), SessionFile(data))
        except BaseException:
            store.close()
            raise
    server = open_server(settings.database_url)
    try:
        from unstill.adapters.postgres_jobs import jobs_on

        keys, sessions = shared_keys(server, follow=True)
        return Ground(jobs_on(server), storage, keys, sessions, server)
    except BaseException:
        server.close()
        raise


def open_server(url: str) -> PostgresServer:
    """Raises `ExtraMissing`, `StoreFailed`, `StoreNewer`."""
    try:
        from unstill.adapters.postgres_jobs import PostgresServer
    except ImportError as error:
        raise ExtraMissing(name="postgres") from error
    return PostgresServer(url)


def shared_keys(server: PostgresServer, *, follow: bool = False) -> tuple[KeptKeys, KeptSessions]:
    """API keys and sessions that all servers of this database share; who asks often ``follow``s them."""
    from unstill.adapters.postgres_jobs import SharedDocument, shared_pepper

    digests = Digests(shared_pepper(server))
    keys = KeptKeys(SharedDocument(server, "keys", follow=follow), digests, aside=_aside)
    return keys, KeptSessions(SharedDocument(server, "sessions", follow=follow), digests)


def _aside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="key used", daemon=True).start()


def s3_options(settings: Settings) -> Mapping[str, str]:
    """As `open_storage` takes them."""
    given = {
        "endpoint": settings.s3_endpoint,
        "region": settings.s3_region,
        "key_id": settings.s3_key_id,
        "secret": settings.s3_secret,
    }
    return {name: str(value) for name, value in given.items() if value is not None}
