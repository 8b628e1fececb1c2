"""The tiny pipelines, each built once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tiny_pipelines import build
from tiny_rows import KIND_OF


@pytest.fixture(scope="module", autouse=True)
def libraries_set_aside() -> Iterator[None]:
    """Looking for garbage passes over what the libraries keep for good: a million objects take a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of the tiny pipeline that stands for a row. Not to be written to."""
    known: dict[str, Path] = {}

    def folder(row: str) -> Path:
        kind = KIND_OF[row]
        if kind not in known:
            known[kind] = tmp_path_factory.mktemp("tiny") / kind
            build(kind, known[kind])
        return known[kind]

    return folder
