"""One tiny checkpoint for all tests of this engine."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch

    from tiny_i2vgen import Shelf


@pytest.fixture(scope="module", autouse=True)
def libraries_set_aside() -> Iterator[None]:
    """Looking for garbage passes over what the libraries keep for good: a million objects take a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def networks() -> dict[str, torch.nn.Module]:
    """The four networks that the tiny checkpoint was saved from."""
    from tiny_i2vgen import modules

    return modules()


@pytest.fixture(scope="session")
def shelf(networks: dict[str, torch.nn.Module], tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The tiny checkpoint in the hub's layout."""
    from tiny_i2vgen import Shelf, write

    return Shelf(write(tmp_path_factory.mktemp("i2vgen-xl"), networks))


@pytest.fixture
def loose(shelf: Shelf, tmp_path: Path) -> Shelf:
    """A copy of the tiny checkpoint to be spoilt."""
    import shutil

    from tiny_i2vgen import Shelf

    return Shelf(Path(shutil.copytree(shelf.path, tmp_path / "copy")))
