"""The studio as people meet it: a real server, a real browser, and nobody else to speak to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from unstill import wiring

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "reliability")]  # its helper serves here, too

from browsing import Watched, browser, chromium, opened  # noqa: E402
from live import Live  # noqa: E402

ENGINES = (TESTS / "testcard.py", TESTS / "workers" / "naughty.py")
EXAMPLE = TESTS.parent / "src/unstill/assets/examples/rocket.jpg"


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path with engines that are as slow, or as naughty, as a prompt says."""
    folder = tmp_path_factory.mktemp("engines")
    for source in ENGINES:
        name = source.stem
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {name}:family\n")
    return str(folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, engines: str) -> Iterator[Live]:
    """One server for a file of stories."""
    chromium()
    patient = {"UNSTILL_STAGE_S": "300", "UNSTILL_LEASE_S": "60"}  # workers are held up on purpose
    with Live(tmp_path_factory.mktemp("studio") / "data", engines, **patient) as live:
        yield live.start()


@pytest.fixture(scope="module")
def made() -> Iterator[Browser]:
    with browser() as one:
        yield one


Visit = Callable[..., Watched]


@pytest.fixture
def visit(made: Browser, served: Live) -> Iterator[Visit]:
    """Opens the page: `visit("/#/library", language="zh-CN", size=PHONE)`. What it complains of,
    or asks of another host, fails the test at its end."""
    with ExitStack() as stack:

        def go(path: str = "/", **taste: Any) -> Watched:
            return stack.enter_context(opened(made, f"{served.url}{path}", **taste))

        yield go


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo that is quickly done: holiday.jpg, 320 x 213."""
    path = tmp_path_factory.mktemp("pictures") / "holiday.jpg"
    Image.open(EXAMPLE).convert("RGB").resize((320, 213)).save(path)
    return path
