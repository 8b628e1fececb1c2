"""Servers that are real processes, cleared away whatever becomes of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from live import Live
from unstill import wiring

NAUGHTY = Path(__file__).parents[1] / "workers" / "naughty.py"


@pytest.fixture(scope="session")
def engines(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path that holds the test card and the naughty engine."""
    folder = tmp_path_factory.mktemp("naughty")
    (folder / "naughty.py").write_text(NAUGHTY.read_text(encoding="utf-8"), encoding="utf-8")
    info = folder / "naughty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: naughty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\nnaughty = naughty:family\n")
    return f"{plugins}:{folder}"


@pytest.fixture
def live(tmp_path: Path, engines: str) -> Iterator[Callable[..., Live]]:
    """Makes servers over ``tmp_path / name``; not started yet."""
    with ExitStack() as stack:

        def made(name: str = "data", **environ: Any) -> Live:
            return stack.enter_context(Live(tmp_path / name, engines, **environ))

        yield made
