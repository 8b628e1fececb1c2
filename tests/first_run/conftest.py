"""A fresh room for each situation, and the table at the end."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from first_run_report import PAGE, Row, kept, merged, page, tally
from matrix import SITUATIONS

ROWS = pytest.StashKey[dict[str, Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = {}


@pytest.fixture
def rows(pytestconfig: pytest.Config) -> dict[str, Row]:
    """What the situations of this run came to; the table is made of it."""
    return pytestconfig.stash[ROWS]


@pytest.fixture
def room() -> Iterator[Path]:
    """An empty folder that any user may enter; environments are big, so nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="first-run-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("the first run")
    for one in rows.values():
        said = f": {one.told}" if one.told else ""
        terminalreporter.write_line(f"{one.seconds:>4} s  {one.id:<28} {one.end:<14} {one.title}{said}"[:240])
    terminalreporter.write_line(tally(rows.values()))
    if os.environ.get("UNSTILL_FIRST_RUN_WRITE") == "1":
        write(rows)
        terminalreporter.write_line(f"written to {PAGE}")


def write(rows: dict[str, Row]) -> None:
    """Several runs may do so at once."""
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = kept(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
        PAGE.write_text(page(SITUATIONS, merged(before, rows)), encoding="utf-8")
