"""The first steps of a server. It may end at them, so they come before what takes long to read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from unstill.adapters.data_folder import FolderLock
from unstill.serving.sockets import bound

if TYPE_CHECKING:
    from unstill.core.services import Services
    from unstill.core.serving import Ready
    from unstill.settings import Settings


def serve(settings: Settings, services: Services, ready: Ready) -> None:
    """Serve until a signal says to stop; then finish or give back what runs, within the grace time.

    Raises:
        DataFolderTaken, PortTaken, AddressNotOurs: something else is there.
        StoreDamaged, StoreNewer, KeysDamaged, NotWritable, DiskFull: the data folder cannot be used.
    """
    lock = FolderLock(settings.data_dir.absolute())
    lock.take()
    with contextlib.ExitStack() as stack:
        stack.callback(lock.release)
        port = stack.enter_context(contextlib.closing(bound(settings.host, settings.port)))
        from unstill.serving.run import run

        run(settings, services, lock, port, ready)
