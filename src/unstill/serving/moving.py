"""From one folder to a database, and a storage, that several servers share."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.adapters.data_folder import FolderLock
from unstill.adapters.key_store import PrivateFile, pepper_in
from unstill.adapters.sqlite_jobs import SqliteFile, SqlJobs
from unstill.adapters.storage import open_storage
from unstill.core.clock import SystemClock
from unstill.core.durable import beside, file_errors, make_folder, settle
from unstill.core.serving import Moved
from unstill.core.storage import Storage
from unstill.domain.errors import FileMissing
from unstill.domain.service_errors import StoreFailed
from unstill.serving.ground import DATABASE, open_server, s3_options
from unstill.settings import Settings

if TYPE_CHECKING:
    from unstill.adapters.postgres_jobs import PostgresServer

AT_ONCE = 50
"""Files between two reports and waits for the storage."""
Report = Callable[[int, int], None]


def move(settings: Settings, report: Report) -> Moved:
    """Move what lies in the data folder to the database of the settings; see `Services.migrate`.

    Files come first, then in one transaction the jobs, then the old database gets another name: wherever it
    ends, it can be begun again, and no job is in two places that servers look into.
    """
    data = settings.data_dir.absolute()
    if not (data / DATABASE).exists():
        raise FileMissing(path=data / DATABASE)
    lock = FolderLock(data)
    lock.take()
    with contextlib.ExitStack() as stack:
        stack.callback(lock.release)
        file = SqliteFile(data / DATABASE)
        stack.callback(file.close)
        store = SqlJobs(file, SystemClock())
        store.free_all()
        storage = open_storage(settings.storage, data, s3_options(settings))
        server = open_server(str(settings.database_url))
        stack.callback(server.close)
        _refuse_used(server)
        names = sorted(store.files())
        missing = _copy_files(data, storage, names, report)
        keys = _copy_keys(data, server)
        jobs = _copy_jobs(file, server)
        file.close()  # nobody else may open it before it has its other name
        old = _retire(data / DATABASE)
    return Moved(jobs, keys, len(names) - len(missing), tuple(missing), old)


def _refuse_used(server: PostgresServer) -> None:
    """Before anything is copied."""
    from unstill.adapters.postgres_jobs import has_jobs

    with server.reading() as connection:
        if has_jobs(connection):
            raise StoreFailed(path=server.named, reason="it has jobs already; give an empty database")


def _copy_files(data: Path, storage: Storage, names: Sequence[str], report: Report) -> list[str]:
    """Those that are missing here and there."""
    missing: list[str] = []
    if storage.shared:
        storage.check()
    for start in range(0, len(names), AT_ONCE):
        report(start, len(names))
        part = names[start : start + AT_ONCE]
        there = [name for name in part if _brought(data / name, storage, name)]
        storage.keep(there)
        missing += [name for name in part if name not in there]
    report(len(names), max(1, len(names)))
    return missing


def _brought(source: Path, storage: Storage, name: str) -> bool:
    """Whether the file is in the storage's own folder now, whole."""
    target = storage.root / name
    if target == source or not source.is_file():
        return source.is_file() or _is_kept(storage, name)
    with file_errors(target):
        make_folder(target.parent, 0o700)
    with beside(target) as partial:
        with file_errors(target):
            shutil.copyfile(source, partial)
        settle(partial, target, replace_existing=True, number_if_taken=False)
    return True


def _is_kept(storage: Storage, name: str) -> bool:
    try:
        storage.at_hand(name)
    except FileMissing:
        return False
    return True


def _copy_keys(data: Path, server: PostgresServer) -> int:
    """Keys and sessions, under the pepper that their digests were made with; how many keys."""
    from unstill.adapters.postgres_jobs import SharedDocument, shared_pepper

    ours = pepper_in(data)
    if shared_pepper(server, ours) != ours:  # a server has been started there: its digests are of another
        raise StoreFailed(path=server.named, reason="a server was started on it; give an empty database")
    counts = []
    for name in ("keys", "sessions"):
        rows = PrivateFile(data / f"{name}.json").rows()
        with SharedDocument(server, name).changing() as there:
            there[:] = rows
        counts.append(len(rows))
    return counts[0]


def _copy_jobs(file: SqliteFile, server: PostgresServer) -> int:
    from unstill.adapters.postgres_jobs import copy_rows

    with file.reading() as source, server.writing() as target:
        return copy_rows(source, target)


def _retire(database: Path) -> Path:
    """Under this name no server goes on with it."""
    old = database.with_name(f"{database.name}.moved")
    with file_errors(old):
        database.replace(old)
    return old
