"""The real clocks."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from unstill.core.clock import SystemClock


def test_the_wall_clock_is_the_time_of_day() -> None:
    assert abs(SystemClock().wall() - time.time()) < 5


def test_the_steady_clock_goes_on_and_is_the_same_for_all_processes() -> None:
    clock = SystemClock()
    first = clock.steady()
    code = "from unstill.core.clock import SystemClock as C; print(C().steady(), C().boot())"
    steady, boot = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    if not Path("/proc/sys/kernel/random/boot_id").exists():
        pytest.skip("no name for this boot here")
    assert first < float(steady) < clock.steady()
    assert boot == clock.boot()
