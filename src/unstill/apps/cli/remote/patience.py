"""How long a server that is away, or busy, is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.errors import ConnectionLost, NoServer, ServerFailed
from unstill.domain.errors import UnstillError

FIRST_S, LONGEST_S = 0.25, 5.0
"""Seconds before the first try after a loss, twice as many before each next one, and the most."""
NEW_SECRET_S = 15.0
"""Seconds that a server which has just come back may refuse the old secret, until its new one is known."""
BUSY = (429, 502, 503, 504)
FULL = ("queue_full", "owner_queue_full")
"""Refusals that are no matter of seconds."""


class Patience:
    """Of one call for one server. It ends at ``until`` (monotonic clock) and after so many tries without an
    answer; None: never."""

    def __init__(
        self, remote: Remote, until: float | None, at_loss: Callable[[], None], tries: int | None = None
    ) -> None:
        self._remote, self._until, self._at_loss, self._tries = remote, until, at_loss, tries
        self._next_s, self._lost_at, self._tried = FIRST_S, 0.0, 0

    def bear(self, error: UnstillError) -> None:
        """Wait a little before another try; raises ``error`` when none would help, or time is up."""
        moved = self._remote.look_again() if _is_away(error) or _is_refused(error) else False
        known = moved or (self._lost_at and time.monotonic() - self._lost_at < NEW_SECRET_S)
        if not (_passes(error) or (_is_refused(error) and self._remote.place.folder and known)):
            raise error
        self._tried += 1
        if self._tries is not None and self._tried >= self._tries:
            raise error
        if _is_away(error):
            if not self._lost_at:
                self._at_loss()
            self._lost_at = time.monotonic()
        pause = max(self._next_s, float(error.facts.get("after_s") or 0))  # type: ignore[arg-type]
        self._next_s = min(LONGEST_S, self._next_s * 2)
        left = pause if self._until is None else self._until - time.monotonic()
        if left <= 0:
            raise error
        time.sleep(min(pause, left))

    def calm(self) -> None:
        """An answer came: the next loss is a new one."""
        self._next_s, self._lost_at, self._tried = FIRST_S, 0.0, 0


def _passes(error: UnstillError) -> bool:
    """Whether the same request may be answered in a while."""
    if _is_away(error):
        return True
    busy = isinstance(error, ServerFailed) and error.facts["said_status"] in BUSY
    return busy and error.facts["said_code"] not in FULL


def _is_away(error: UnstillError) -> bool:
    return isinstance(error, (NoServer, ConnectionLost))


def _is_refused(error: UnstillError) -> bool:
    return error.facts.get("said_status") == 401
