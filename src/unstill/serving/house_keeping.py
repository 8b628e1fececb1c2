"""What a server does at its start and now and then: free, sweep, expire, purge."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from unstill.adapters.data_folder import INPUTS, OUTPUTS, sweep
from unstill.adapters.storage import sweep_shared
from unstill.core.durable import file_errors, make_folder
from unstill.core.pictures import TEMPORARY
from unstill.core.queue import JobStore
from unstill.core.storage import Storage
from unstill.domain.errors import UnstillError
from unstill.domain.job import Job
from unstill.domain.service_errors import VideoNotFound

LOG = logging.getLogger(__name__)
PURGE_EVERY_S = 600.0
SWEEP_EVERY_S = 24 * 3600.0


def put_in_order(store: JobStore, storage: Storage, data: Path, *, alone: bool) -> int:
    """Free what an earlier server of this folder was at, and put away what it left; how many jobs go on.

    For a server that holds the folder's lock and has no worker yet. One that is not ``alone`` with its store
    frees nothing: what a lost server was at goes on when its leases have run out.
    """
    if storage.shared:  # before any folder is made: a share may not be mounted
        storage.check()
    for name in (INPUTS, OUTPUTS):
        with file_errors(storage.root / name):
            make_folder(storage.root / name, 0o700)
    freed = store.free_all() if alone else []
    for job in freed:
        LOG.info("job %s was left by an earlier start; it is %s now", job.id, job.state)
    if storage.shared:
        with contextlib.suppress(OSError):
            shutil.rmtree(data / TEMPORARY)
        return len(freed)
    swept = sweep(data, store.files(), lambda video_id: bool(_known(store, [video_id])))
    if swept.removed or swept.unclaimed:
        LOG.info("removed %d files of earlier attempts, put %d aside", swept.removed, swept.unclaimed)
    return len(freed)


def _known(store: JobStore, ids: Collection[str]) -> set[str]:
    """Those that have a row, deleted or not."""
    found = set()
    for video_id in ids:
        with contextlib.suppress(VideoNotFound):
            store.get(video_id, deleted=True)
            found.add(video_id)
    return found


class Purger:
    """Ends what ran out of time, forgets deleted videos when nobody can restore them any more, and removes
    files that are nobody's."""

    def __init__(
        self,
        store: JobStore,
        storage: Storage,
        keep_s: float,
        expire_s: float,
        changed: Callable[[Job], None],
        *,
        leases: bool,
    ) -> None:
        """``leases``: whether those that ran out may be a lost server's. A server that is alone has slept
        when its own ran out, and goes on."""
        self._store, self._storage, self._keep_s = store, storage, keep_s
        self._expire_s, self._changed, self._leases = expire_s, changed, leases
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="purge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    def purge(self) -> list[Job]:
        """Once, now."""
        gone = self._store.purge(self._keep_s, self._storage.remove)
        if gone:
            LOG.info("purged %d deleted videos", len(gone))
        return gone

    def expire(self) -> None:
        """Once, now."""
        for job in self._store.expire(leases=self._leases):
            LOG.warning("job %s ran out of time; it is %s now", job.id, job.state)
            self._changed(job)

    def sweep(self) -> None:
        """Where others put files too, leftovers are looked for while everybody works."""
        if self._storage.shared:
            sweep_shared(
                self._storage,
                lambda names: self._store.files().intersection(names),
                known=lambda ids: _known(self._store, ids),
            )

    def _loop(self) -> None:
        every = {
            self.expire: self._expire_s,
            self.purge: min(PURGE_EVERY_S, max(1.0, self._keep_s)),
            self.sweep: SWEEP_EVERY_S,
        }
        due = {work: time.monotonic() + seconds for work, seconds in every.items()}
        while not self._over.wait(min(self._expire_s, *every.values())):
            for work, seconds in every.items():
                if time.monotonic() >= due[work]:
                    due[work] = time.monotonic() + seconds
                    with contextlib.suppress(UnstillError):
                        work()
