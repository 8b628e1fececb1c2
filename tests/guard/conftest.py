"""The decoding child, one for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from unstill.adapters.picture_child import ChildSettings, PictureChild


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Request lines are printed nowhere."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a server."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def child(data: Path) -> Iterator[PictureChild]:
    child = PictureChild(data, ChildSettings(children=1))
    yield child
    child.close()
