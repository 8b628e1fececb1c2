"""One server from its start to its end, in the main thread."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import uvicorn

from unstill.adapters.data_folder import FolderLock
from unstill.adapters.key_store import KeptSessions
from unstill.apps.api.guard import guarded_protocol
from unstill.core.serving import Listening, Ready
from unstill.serving.access import Access, access
from unstill.serving.findings import look_aside
from unstill.serving.ground import open_ground
from unstill.serving.logs import logging_to
from unstill.serving.sockets import url_of
from unstill.serving.station import Station, build, guard_settings
from unstill.version import __version__

if TYPE_CHECKING:
    from types import FrameType

    from unstill.core.services import Services
    from unstill.settings import Settings

LOG = logging.getLogger(__name__)
FAREWELL_S = 3
"""Seconds that answers under way get once the workers are done."""
HANDLES = 8192


def run(settings: Settings, services: Services, lock: FolderLock, port: socket, ready: Ready) -> None:
    """Everything after the lock and the port: see `unstill.serving.start.serve`."""
    data = settings.data_dir.absolute()
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(logging_to(data / "logs", settings.log_level, settings.log_format))
        _raise_handle_limit()
        ground = open_ground(settings, data)
        stack.callback(ground.close)
        who = access(settings, ground.keys)
        station = build(settings, services, who, ground, log)
        stack.callback(station.close)
        said = _listening(settings, services, station, who, ground.sessions, url_of(settings.host, port), log)

        def answers() -> None:
            lock.tell({"pid": os.getpid(), "url": said.url, "open": said.open, "secret": who.operator,
                       "version": __version__, "started_at": time.time()})  # fmt: skip
            LOG.info("unstill %s listens on %s", __version__, said.url)
            ready(said)
            look_aside(services, str(data))

        station.start()
        _run(station, settings, services, who, port, answers)
        LOG.info("stopped")


def _run(
    station: Station,
    settings: Settings,
    services: Services,
    who: Access,
    port: socket,
    answers: Callable[[], None],
) -> None:
    limits = guard_settings(settings, services, who).connection
    config = uvicorn.Config(
        station.guard, http=guarded_protocol(limits), ws="none", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, backlog=1024, timeout_graceful_shutdown=FAREWELL_S,
    )  # fmt: skip
    server = _Server(config, answers)
    with _stopping(server, station, settings.grace_s):
        server.run(sockets=[port])


class _Server(uvicorn.Server):
    """uvicorn's, told to stop by us: signals first drain the workers."""

    def __init__(self, config: uvicorn.Config, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._answers = answers

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answers()


@contextlib.contextmanager
def _stopping(server: _Server, station: Station, grace_s: float) -> Iterator[None]:
    """A first signal drains, a second one gives everything back at once."""
    heard = threading.Event()

    def drain() -> None:
        LOG.info("stopping: running videos get up to %g s", grace_s)
        try:
            station.drain(grace_s)
        finally:
            server.should_exit = True

    def hear(_number: int, _frame: FrameType | None) -> None:
        if heard.is_set():
            threading.Thread(target=station.drain, args=(0.0,), name="drain now", daemon=True).start()
            return
        heard.set()
        threading.Thread(target=drain, name="drain", daemon=True).start()

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [number for name in names if (number := getattr(signal, name, None))]
    listened = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in listened}
    try:
        yield
    finally:
        if not heard.is_set():  # it ended by itself
            station.drain(0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening(
    settings: Settings,
    services: Services,
    station: Station,
    who: Access,
    sessions: KeptSessions,
    url: str,
    log: Path | None,
) -> Listening:
    machine = services.machine()
    return Listening(
        url=url,
        open=f"{url}/?link={who.link}" if who.link else url,
        data=settings.data_dir.absolute(),
        log=log,
        device=machine.device,
        cores=machine.cores,
        memory_bytes=machine.memory_bytes,
        models=tuple(card.id for family in services.families for card in family.cards),
        asks_for_key=who.asks,
        new_key=who.new_key,
        exposed=who.exposed,
        claimable=settings.claim and who.asks and not sessions.claimed,
        resumed=station.resumed,
    )


def _raise_handle_limit() -> None:
    """Connections and the store need more handles than some systems give at first."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = HANDLES if hard == resource.RLIM_INFINITY else min(HANDLES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
