"""The tests would notice: the same laws, on servers that break them on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from laws import one_job_a_key, order_of_writes, stale_attempt
from live import Live
from orders import Orders, import_path

Make = Callable[..., Live]


@pytest.fixture
def make(live: Make, engines: str) -> Make:
    def made(**environ: str) -> Live:
        return live(PYTHONPATH=import_path(engines), **environ)

    return made


@pytest.mark.parametrize(
    ("broken", "noticed"),
    [
        ("no rename", "'server: commit add' without or before 'decode: replace"),
        ("no fsync", "'server: commit add' without or before 'decode: fsync"),
        ("early completed", "'server: commit complete' without or before 'worker: "),
    ],
)
def test_a_wrong_order_of_writes_is_noticed(make: Make, broken: str, noticed: str) -> None:
    """Files that grow under their final names or are not synced, rows that run ahead of their files."""
    server = make()
    with pytest.raises(AssertionError, match=noticed):
        order_of_writes(server, Orders(server, "points", "broken", broken=broken))


def test_a_key_that_is_not_looked_at_is_noticed(make: Make) -> None:
    """Each repetition is a job of its own."""
    server = make()
    Orders(server, "broken", broken="no idempotency")
    with pytest.raises(AssertionError, match="one key, 3 jobs"):
        one_job_a_key(server)


def test_a_key_gives_one_job(make: Make) -> None:
    """The law holds where nothing is broken."""
    one_job_a_key(make())


@pytest.mark.parametrize("broken", ["", "no fence"])
def test_a_stale_attempt_counts_for_nothing(make: Make, broken: str) -> None:
    """And it is noticed where it does count."""
    server = make(UNSTILL_WORKERS="2")
    Orders(server, "starved", "broken", broken=broken)
    if not broken:
        stale_attempt(server)
        return
    with pytest.raises(AssertionError, match=r"another attempt's|completed twice|changed after"):
        stale_attempt(server)
