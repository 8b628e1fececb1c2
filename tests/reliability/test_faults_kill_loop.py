"""Server and workers are killed and stopped, over and over, while eight clients go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import figures
from hammer import kill_loop
from live import Live

FAULTS, SEED = 30, 20261122
PART, PARTS = 50, 20
TWO_WORKERS = {"UNSTILL_WORKERS": "2"}


def run(server: Live, faults: int, seed: int) -> dict[str, object]:
    """The figures of one loop, in which nothing went wrong."""
    ledger, troubles = kill_loop(server, faults, seed)
    verdict = ledger.verdict(server)
    found = {"faults": troubles.count, "jobs": len(ledger.jobs), "seed": seed, **verdict.numbers(),
             "kinds": dict(troubles.done)}  # fmt: skip
    assert verdict.well, (verdict, found)
    assert verdict.states["completed"] > len(ledger.jobs) / 2, found
    return found


@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_broken_or_left_over(live: Callable[..., Live]) -> None:
    """30 faults: every job that was acknowledged is settled, once; every video is the one that was made and
    decodes to its end; after a restart no file is nobody's."""
    figures.note("kill loop", **run(live(**TWO_WORKERS), FAULTS, SEED))


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_for_long(live: Callable[..., Live], part: int) -> None:
    """1,000 faults in 20 parts; a part that is done is not done again."""
    if figures.is_done("kill loop for long", part):
        pytest.skip("this part is done")
    figures.record("kill loop for long", part=part, **run(live(**TWO_WORKERS), PART, SEED + 1 + part))
