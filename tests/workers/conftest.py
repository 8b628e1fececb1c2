"""Workers that are real processes, with engines that are not nice to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rigs import Rig
from unstill import wiring


@pytest.fixture(scope="session")
def engines(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path that holds the test card and the naughty engine."""
    folder = tmp_path_factory.mktemp("naughty")
    source = Path(__file__).with_name("naughty.py")
    (folder / "naughty.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    info = folder / "naughty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: naughty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\nnaughty = naughty:family\n")
    return f"{plugins}:{folder}"


@pytest.fixture
def rig(tmp_path: Path, engines: str) -> Iterator[Callable[..., Rig]]:
    """Rigs with settings of one's own, cleared away afterwards."""
    with ExitStack() as stack:

        def made(**changes: Any) -> Rig:
            return stack.enter_context(Rig(tmp_path / "data", engines, **changes))

        yield made
