"""Servers that are real processes, cleared away whatever becomes of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from live import Live
from unstill import wiring

TESTS = Path(__file__).parents[1]
ENGINES = (TESTS / "testcard.py", TESTS / "workers" / "naughty.py")


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path that holds the test card and the naughty engine, as installed packages."""
    folder = tmp_path_factory.mktemp("engines")
    for source in ENGINES:
        name = source.stem
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {name}:family\n")
    return str(folder)


@pytest.fixture
def live(tmp_path: Path, engines: str) -> Iterator[Callable[..., Live]]:
    """Makes servers over ``tmp_path / name``; not started yet."""
    with ExitStack() as stack:

        def made(name: str = "data", **environ: Any) -> Live:
            return stack.enter_context(Live(tmp_path / name, engines, **environ))

        yield made
