"""Servers side by side: one PostgreSQL server for all tests of this folder, engines that are quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path += [
    str(TESTS / name) for name in ("reliability", "adapters", "ray_workers")
]  # their servers serve here, too
pytest.importorskip("psycopg")

from engines_installed import install  # noqa: E402
from live import Live  # noqa: E402
from postgres import Server, binaries, running  # noqa: E402


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    return install(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as made:
        yield made


@pytest.fixture
def side_by_side(tmp_path: Path, engines: str, postgres: Server) -> Iterator[Callable[..., Live]]:
    """Makes servers over one new database and one new folder for files; not started yet."""
    url, files = postgres.new_database(), tmp_path / "files"
    files.mkdir()
    with ExitStack() as stack:

        def made(name: str, **environ: Any) -> Live:
            shared = {"UNSTILL_DATABASE_URL": url, "UNSTILL_STORAGE": str(files), **environ}
            return stack.enter_context(Live(tmp_path / name, engines, **shared))

        yield made
