"""What the tests cost, part by part, against a budget: printed at the end of a run, never a failure.

A plugin: `-p budget` is not needed, `conftest.py` loads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

PARTS = [
    ("a picture to a video", 8, ""),
    ("the service", 20, "adapters"),
    ("the service", 20, "api"),
    ("the service", 20, "guard"),
    ("the service", 20, "workers"),
    ("the service", 20, "reliability"),
    ("the service", 20, "serving"),
    ("the service", 20, "apps/cli/test_cli_remote"),
    ("the service", 20, "apps/cli/test_cli_jobs"),
    ("the service", 20, "apps/cli/test_cli_keys"),
    ("the service", 20, "apps/cli/test_cli_config"),
    ("the service", 20, "apps/cli/test_cli_backup"),
    ("the service", 20, "apps/cli/test_cli_service"),
    ("the service", 20, "apps/cli/test_cli_end_to_end"),
    ("I2VGen-XL", 6, "engines/i2vgen_xl"),
    ("I2VGen-XL", 6, "weights"),
    ("I2VGen-XL", 6, "engines/placement"),
    ("I2VGen-XL", 6, "bench/test_gpu_bench"),
    ("I2VGen-XL", 6, "doctor/test_nvidia"),
    ("I2VGen-XL", 6, "serving/test_generative"),
    ("I2VGen-XL", 6, "apps/cli/test_cli_generative"),
    ("I2VGen-XL", 6, "apps/cli/test_cli_bench"),
    ("the service", 20, "media/test_label"),
    ("the service", 20, "media/test_sheets"),
    ("the service", 20, "media/test_content_credentials"),
]
"""Name, minutes, and the folder or file (from `tests/`) that belongs to it; the longest match counts."""

_spent: dict[str, float] = defaultdict(float)


def _part(nodeid: str) -> str:
    path = nodeid.removeprefix("tests/")
    return max((p for p in PARTS if path.startswith(p[2])), key=lambda p: len(p[2]))[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _spent[_part(report.nodeid)] += report.duration


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    yield
    for name, minutes in {part[0]: part[1] for part in PARTS}.items():
        spent = _spent[name] / 60
        verdict = "within" if spent <= minutes else "OVER"
        terminalreporter.write_line(f"{name}: {spent:.1f} min, {verdict} its budget of {minutes} min")
