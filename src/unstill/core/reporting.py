"""A worker's ticks on their way to the store and to whoever watches, a few a second."""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import time
from collections.abc import Callable

from unstill.core.lease import Lease
from unstill.core.meter import Meter
from unstill.core.queue import JobStore, LeaseLost
from unstill.core.settling import News
from unstill.core.worker import Tick, WorkerSettings
from unstill.domain.errors import UnstillError
from unstill.domain.job import Progress

LOG = logging.getLogger(__name__)


class Reporter:
    """One attempt's. What the store answers goes to the lease; nothing that it raises stops the work."""

    def __init__(
        self,
        store: JobStore,
        news: News,
        lease: Lease,
        meter: Meter,
        settings: WorkerSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._news, self._lease, self._meter = store, news, lease, meter
        self._gap_s, self._monotonic = settings.report_s, monotonic
        self._stage, self._said_at = "", 0.0

    def report(self, tick: Tick) -> None:
        progress = self._meter.progress(tick)
        if tick.preview_jpeg is not None:
            with contextlib.suppress(binascii.Error):
                self._news.previewed(
                    self._lease.claim.job_id, base64.b64decode(tick.preview_jpeg, validate=True)
                )
        now = self._monotonic()
        if tick.stage != self._stage or now - self._said_at >= self._gap_s:
            self._stage, self._said_at = tick.stage, now
            self._pass_on(progress)

    def _pass_on(self, progress: Progress) -> None:
        claim = self._lease.claim
        try:
            self._lease.hear(self._store.report(claim, progress))
        except LeaseLost:
            self._lease.let_go()
            return
        except UnstillError as error:
            LOG.info("job %s: progress could not be stored (%s)", claim.job_id, error.code)
        except Exception:
            LOG.exception("job %s: progress could not be stored", claim.job_id)
        self._news.progressed(claim.job_id, progress)
