"""A claim kept alive by a side thread while a worker is at it."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from unstill.core.queue import Claim, JobStore, LeaseLost
from unstill.domain.errors import UnstillError

LOG = logging.getLogger(__name__)


class Lease:
    """Renews a claim every third of its time, and hears what the store says of the job meanwhile."""

    def __init__(self, store: JobStore, claim: Claim, lease_s: float) -> None:
        self._store, self.claim, self._lease_s = store, claim, lease_s
        self._cancelled, self._lost, self._over = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease {claim.job_id}", daemon=True)

    @property
    def cancelled(self) -> bool:
        """Whether a cancel was asked for."""
        return self._cancelled.is_set()

    @property
    def lost(self) -> bool:
        """Whether the job is another's now: whatever is made is to be dropped."""
        return self._lost.is_set()

    def hear(self, cancelled: bool) -> None:
        """What another call to the store answered."""
        if cancelled:
            self._cancelled.set()

    def renew(self) -> None:
        """Raises `LeaseLost`."""
        self.hear(self._store.renew(self.claim, self._lease_s))

    def let_go(self) -> None:
        self._lost.set()

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._over.wait(self._lease_s / 3) and not self.lost:
            try:
                self.renew()
            except LeaseLost:
                self.let_go()
            except UnstillError as error:  # a busy store: the lease may outlast it
                LOG.warning("job %s: the lease could not be renewed (%s)", self.claim.job_id, error.code)
            except Exception:
                LOG.exception("job %s: the lease could not be renewed", self.claim.job_id)
