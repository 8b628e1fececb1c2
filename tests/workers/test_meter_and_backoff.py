"""Percentages, deadlines and the next try, by a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unstill.adapters.local_workers.backoff import BackOff
from unstill.core.meter import Meter
from unstill.core.worker import Tick, WorkerSettings


class HandClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_the_wait_doubles_up_to_a_minute(clock: HandClock) -> None:
    """1, 2, 4 ... 60 s, and nothing once it was well."""
    backoff = BackOff(replace(WorkerSettings(), quarantine_after=100), clock)
    waits = []
    for _ in range(8):
        backoff.failed(lived_s=1)
        waits.append(backoff.wait_s())
        clock.now += backoff.wait_s()
        assert backoff.wait_s() == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.healthy()
    backoff.failed(lived_s=1)
    assert backoff.wait_s() == 1


def test_a_long_life_breaks_the_row(clock: HandClock) -> None:
    """A crash a week is not a broken device."""
    backoff = BackOff(WorkerSettings(), clock)
    for _ in range(50):
        backoff.failed(lived_s=3600)
    assert backoff.wait_s() == 1
    assert not backoff.quarantined


def test_quick_crashes_in_a_row_end_in_quarantine(clock: HandClock) -> None:
    """Then the device is tried once a minute, until it is well again."""
    backoff = BackOff(WorkerSettings(), clock)
    for _ in range(WorkerSettings().quarantine_after):
        backoff.failed(lived_s=0.1)
    assert backoff.quarantined
    assert backoff.wait_s() == WorkerSettings().probe_s
    backoff.healthy()
    assert not backoff.quarantined


def meter(clock: HandClock, seconds: float = 100.0, frames: int = 50) -> Meter:
    return Meter({"estimated_seconds": seconds, "num_frames": frames}, WorkerSettings(), clock)


def test_the_percentage_goes_over_the_whole_job_and_never_back(clock: HandClock) -> None:
    """From opening the picture to the last check; 100 is for the finished job."""
    one = meter(clock)
    ticks = [("open", 0, 1), ("load", 0, 1), ("look", 0, 1), ("frame", 0, 50), ("frame", 25, 50),
             ("frame", 50, 50), ("odd", 0, 0), ("check", 0, 1), ("check", 1, 1),
             ("finish", 1, 1)]  # fmt: skip
    percents = [one.progress(Tick(*tick)).percent for tick in ticks]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[4] == 50
    assert percents[-1] == 99


def test_the_time_to_go_is_planned_first_and_then_measured(clock: HandClock) -> None:
    """A machine at half the planned speed is believed, not the plan."""
    one = meter(clock, seconds=100)
    one.progress(Tick("open", 0, 1))
    clock.now += 10
    assert one.progress(Tick("look", 0, 1)).eta_s == 90
    one.progress(Tick("frame", 0, 50))
    clock.now += 100
    left = one.progress(Tick("frame", 25, 50)).eta_s
    assert left == pytest.approx(100 * 50 / 42, abs=0.1)


@pytest.mark.parametrize(
    ("seconds", "stage", "total", "allowed"),
    [(100, "frame", 50, 60), (1000, "frame", 50, 100), (1000, "check", 1, 1000), (10, "check", 1, 60),
     (10, "load", 1, 600), (0, "frame", 50, 60)],
)  # fmt: skip
def test_a_stage_may_take_a_minute_or_five_planned_steps(
    clock: HandClock, seconds: float, stage: str, total: int, allowed: float
) -> None:
    """What is done in one go may take what the whole was planned to; loading has its own."""
    assert meter(clock, seconds).allowed_s(stage, total) == allowed
