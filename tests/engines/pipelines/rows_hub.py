"""Every row's repository on a hub on loopback, and the family of tiny rows as an installed package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "weights"))  # its hub serves here, too

from hub_imitation import Imitation, imitation
from tiny_pipelines import build
from tiny_rows import KIND_OF, TINY
from unstill import wiring

ENTRY = EntryPoint("a-tiny-rows", "tiny_rows:family", wiring.GROUP)
"""Its name comes before that of the family it stands for."""


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@contextmanager
def hub_of_rows(folder: Path) -> Iterator[Imitation]:
    """A hub that has the tiny pipelines, built in ``folder``, under the names of the rows' repositories."""
    kinds = {}
    for kind in dict.fromkeys(KIND_OF.values()):
        build(kind, folder / kind)
        kinds[kind] = files_in(folder / kind)
    repos = {str(row.card.repo): kinds[KIND_OF[name]] for name, row in TINY.items()}
    with imitation(others=repos) as made:
        yield made


def installed(folder: Path) -> str:
    """An import path on which the family of tiny rows is an installed package."""
    info = folder / "tiny_rows-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny_rows\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{ENTRY.name} = {ENTRY.value}\n")
    return os.pathsep.join([str(folder), str(Path(__file__).parent)])


@contextmanager
def nobodys_hub(hub: Imitation, home: Path) -> Iterator[dict[str, str]]:
    """The environment in which this hub is the only one, and nobody's tokens, caches or proxies are used."""
    ours = {
        "UNSTILL_SOURCE": "mirror", "HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hf"),
        "UNSTILL_MODELS_DIR": str(home / "models"), "UNSTILL_WEIGHTS": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        for name, value in ours.items():
            patch.setenv(name, value)
        yield ours
