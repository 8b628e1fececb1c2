"""A copy of the job database while no server runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

from unstill.adapters.data_folder import FolderLock
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.core.clock import SystemClock
from unstill.domain.errors import FileMissing
from unstill.serving.ground import DATABASE, open_server


def shared_backup(url: str, target: Path) -> None:
    """Copy the jobs of a database that servers share, whether they run or not, to a SQLite file.

    Raises:
        ExtraMissing, StoreFailed, StoreNewer: it cannot be read.
    """
    with contextlib.closing(open_server(url)) as server:
        server.backup(target)


def offline_backup(data: Path, target: Path) -> None:
    """Copy the job database of ``data`` to ``target``.

    Raises:
        DataFolderTaken: a server is at work there; it makes the copy.
        FileMissing: there is no job database.
        StoreDamaged: it is not whole; a copy would be no better.
    """
    if not (data / DATABASE).exists():
        raise FileMissing(path=data / DATABASE)
    lock = FolderLock(data)
    lock.take()
    with contextlib.ExitStack() as stack:
        stack.callback(lock.release)
        store = open_jobs(data / DATABASE, SystemClock())
        stack.callback(store.close)
        store.backup(target)
