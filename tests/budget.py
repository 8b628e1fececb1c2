"""What the tests cost, part by part, against a budget: printed at the end of a run, never a failure.

A plugin: `-p budget` is not needed, `conftest.py` loads it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

PARTS = [
    ("a picture to a video", 5, ""),
    ("the service", 13, "adapters"),
    ("the service", 13, "api"),
    ("the service", 13, "guard"),
    ("the service", 13, "workers"),
    ("the service", 13, "reliability"),
    ("the service", 13, "serving"),
    ("the service", 13, "apps/cli/test_cli_remote"),
    ("the service", 13, "apps/cli/test_cli_jobs"),
    ("the service", 13, "apps/cli/test_cli_keys"),
    ("the service", 13, "apps/cli/test_cli_config"),
    ("the service", 13, "apps/cli/test_cli_backup"),
    ("the service", 13, "apps/cli/test_cli_service"),
    ("the service", 13, "apps/cli/test_cli_end_to_end"),
    ("I2VGen-XL", 4, "engines/i2vgen_xl"),
    ("I2VGen-XL", 4, "weights"),
    ("I2VGen-XL", 4, "engines/placement"),
    ("I2VGen-XL", 4, "bench/test_gpu_bench"),
    ("I2VGen-XL", 4, "doctor/test_nvidia"),
    ("I2VGen-XL", 4, "serving/test_generative"),
    ("I2VGen-XL", 4, "apps/cli/test_cli_generative"),
    ("I2VGen-XL", 4, "apps/cli/test_cli_bench"),
    ("today's models", 6, "engines/pipelines"),
    ("today's models", 6, "bench/test_models"),
    ("today's models", 6, "engines/retime"),
    ("today's models", 6, "serving/test_translated"),
    ("today's models", 6, "engines/upscale"),
    ("today's models", 6, "engines/translate"),
    ("today's models", 6, "core/test_choosing"),
    ("today's models", 6, "core/test_prompts"),
    ("today's models", 6, "core/test_last_picture"),
    ("today's models", 6, "core/test_sounds"),
    ("today's models", 6, "media/test_sound"),
    ("today's models", 6, "workers/test_sounding"),
    ("today's models", 6, "weights/test_lora"),
    ("today's models", 6, "serving/test_two_pictures"),
    ("today's models", 6, "adapters/test_rewriting"),
    ("the studio", 5, "studio"),
    ("the studio", 5, "apps/gradio_app"),
    ("the studio", 5, "apps/cli/test_cli_start"),
    ("the image and the first run", 2, "first_run"),
    ("the image and the first run", 2, "deploy"),
    ("the image and the first run", 2, "serving/test_container"),
    ("the image and the first run", 2, "doctor/test_examine"),
    ("many machines", 6, "scaled"),
    ("many machines", 6, "storage"),
    ("many machines", 6, "ray_workers"),
    ("many machines", 6, "adapters/test_postgres"),
    ("many machines", 6, "adapters/test_migrations"),
    ("many machines", 6, "core/test_placing"),
    ("many machines", 6, "bench/test_scaling"),
    ("many machines", 6, "deploy/test_kubernetes_scaled"),
    ("the service", 13, "media/test_label"),
    ("the service", 13, "media/test_sheets"),
    ("the service", 13, "media/test_content_credentials"),
]
"""Name, minutes, and the folder or file (from `tests/`) that belongs to it; the longest match counts."""

MOST_SHOWN = 8
_spent: dict[str, float] = defaultdict(float)
"""Seconds of each file's tests, as they themselves took."""
_began = time.monotonic()


def _part(path: str) -> str:
    return max((p for p in PARTS if path.startswith(p[2])), key=lambda p: len(p[2]))[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _spent[report.nodeid.partition("::")[0].removeprefix("tests/")] += report.duration


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Minutes of the whole run: where tests run side by side each part has its share of them."""
    yield
    share = min(1.0, (time.monotonic() - _began) / max(1e-9, sum(_spent.values()))) / 60
    parts: dict[str, float] = defaultdict(float)
    for path, seconds in _spent.items():
        parts[_part(path)] += seconds * share
    for name, minutes in {part[0]: part[1] for part in PARTS}.items():
        verdict = "within" if parts[name] <= minutes else "OVER"
        terminalreporter.write_line(f"{name}: {parts[name]:.1f} min, {verdict} its budget of {minutes} min")
    most = sorted(_spent.items(), key=lambda item: -item[1])[:MOST_SHOWN]
    shown = ", ".join(f"{path} {seconds * share:.1f}" for path, seconds in most)
    terminalreporter.write_line(f"most of it: {shown}")
