"""A process dies in the middle of a write: half a block is on the disk and the rest is not."""

from __future__ import annotations

import random
import resource
import signal
import time
from collections.abc import Callable

import pytest

from figures import decoders
from hammer import workers_of
from live import PATIENCE_S, Live
from lives import Life
from orders import Orders, import_path

PAGE = 4096
TIMES = 3


@pytest.fixture
def life(live: Callable[..., Live], engines: str) -> Life:
    server = live(PYTHONPATH=import_path(engines), UNSTILL_LOG_LEVEL="error")
    Orders(server, "torn")
    made = Life(server.start())
    made.make()
    return made


def tear(pid: int, at: int) -> None:
    """Files of this process end here."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (at, at))


def wait_for_end(pid: int, life: Life) -> None:
    """Work until the process is gone."""
    end = time.monotonic() + PATIENCE_S
    while pid in workers_of(life.server) or pid in set(decoders(life.server.pid)):
        assert time.monotonic() < end, "it lives on"
        life.make()


def test_a_worker_in_the_middle_of_a_video(life: Life) -> None:
    """Half a file is nobody's video; the next worker makes it whole."""
    for at in (1, 1000, 3000):
        [worker] = workers_of(life.server)
        tear(worker, at)
        wait_for_end(worker, life)
        life.make()
    life.is_well()


def test_the_child_in_the_middle_of_a_picture(life: Life) -> None:
    """Half a picture is none; the request does not notice."""
    for at in (1, 100, 5000):
        life.make()
        [child, *_] = decoders(life.server.pid)
        tear(child, at)
        wait_for_end(child, life)
    life.is_well()


def test_the_server_in_the_middle_of_its_database(life: Life) -> None:
    """In the log of the database, or in the database when the log is moved into it: nothing that was
    acknowledged is gone."""
    dice = random.Random(5)
    for _ in range(TIMES):
        log = life.server.data / "unstill.db-wal"
        while log.stat().st_size < 12 * PAGE:
            life.make()
        process = life.server.process
        assert process is not None
        tear(process.pid, dice.randrange(5 * PAGE, 12 * PAGE))
        for _ in range(20):
            life.make()
            if process.returncode is not None:
                break
        assert process.returncode == -signal.SIGXFSZ
    life.is_well()
