"""Servers that are real processes, cleared away whatever becomes of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engines_installed import install
from live import Live


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    return install(tmp_path_factory.mktemp("engines"))


@pytest.fixture
def live(tmp_path: Path, engines: str) -> Iterator[Callable[..., Live]]:
    """Makes servers over ``tmp_path / name``; not started yet."""
    with ExitStack() as stack:

        def made(name: str = "data", **environ: Any) -> Live:
            return stack.enter_context(Live(tmp_path / name, engines, **environ))

        yield made
