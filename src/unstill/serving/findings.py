"""What the doctor finds wrong, in the log after a start: beside the server, which does not wait for it."""

from __future__ import annotations

import logging
import threading

from unstill.core.services import Services

LOG = logging.getLogger(__name__)


def look_aside(services: Services, data: str) -> threading.Thread:
    """A thread that looks and ends. ``data``: the folder served. Of the port there is nothing to say: the
    server has it."""
    thread = threading.Thread(target=_look, args=(services, data), name="findings", daemon=True)
    thread.start()
    return thread


def _look(services: Services, data: str) -> None:
    for check in services.examine({"data_dir": data}):
        if check.status != "ok" and check.id != "port":
            LOG.warning("doctor: %s: %s → %s", check.title_in("en"), check.seen_in("en"), check.fix_in("en"))
