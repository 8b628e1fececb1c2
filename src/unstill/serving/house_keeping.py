"""What a server does at its start and now and then: free, sweep, purge."""

from __future__ import annotations

import contextlib
import logging
import threading
from functools import partial
from pathlib import Path

from unstill.adapters.data_folder import INPUTS, OUTPUTS, remove_files, sweep
from unstill.core.durable import file_errors, make_folder
from unstill.core.queue import JobStore
from unstill.domain.errors import UnstillError
from unstill.domain.job import Job
from unstill.domain.service_errors import VideoNotFound

LOG = logging.getLogger(__name__)
PURGE_EVERY_S = 600.0


def put_in_order(store: JobStore, data: Path) -> int:
    """Free what an earlier server of this folder was at, and put away what it left; how many jobs go on.

    For a server that holds the folder's lock and has no worker yet.
    """
    for name in (INPUTS, OUTPUTS):
        with file_errors(data / name):
            make_folder(data / name, 0o700)
    freed = store.free_all()
    for job in freed:
        LOG.info("job %s was left by an earlier start; it is %s now", job.id, job.state)

    def known(video_id: str) -> bool:
        try:
            store.get(video_id, deleted=True)
        except VideoNotFound:
            return False
        return True

    swept = sweep(data, store.files(), known)
    if swept.removed or swept.unclaimed:
        LOG.info("removed %d files of earlier attempts, put %d aside", swept.removed, swept.unclaimed)
    return len(freed)


class Purger:
    """Forgets deleted videos when nobody can restore them any more, and removes their files."""

    def __init__(self, store: JobStore, data: Path, keep_s: float) -> None:
        self._store, self._data, self._keep_s = store, data, keep_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="purge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    def purge(self) -> list[Job]:
        """Once, now."""
        gone = self._store.purge(self._keep_s, partial(remove_files, self._data))
        if gone:
            LOG.info("purged %d deleted videos", len(gone))
        return gone

    def _loop(self) -> None:
        while not self._over.wait(min(PURGE_EVERY_S, max(1.0, self._keep_s))):
            with contextlib.suppress(UnstillError):
                self.purge()
