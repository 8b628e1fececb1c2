"""One Ray cluster for the tests of this folder, with the engines of the tests on its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ray_rig import Machines, RayRig, a_cluster
from unstill import wiring

TESTS = Path(__file__).parents[1]
ENGINES = (TESTS / "testcard.py", TESTS / "workers" / "naughty.py")
ALONG = Path(__file__).with_name("far_storage.py")


@pytest.fixture(scope="session")
def ray_engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An import path that holds a storage and, as installed packages, two engines."""
    folder = tmp_path_factory.mktemp("engines")
    for source in ENGINES:
        name = source.stem
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {name}:family\n")
    (folder / ALONG.name).write_text(ALONG.read_text(encoding="utf-8"), encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="package")
def machines(ray_engines: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """The cluster, joined by this process; its nodes have a home of their own."""
    home = tmp_path_factory.mktemp("nodes")
    environ = {"PYTHONPATH": ray_engines, "HOME": str(home), "UNSTILL_DATA_DIR": str(home / "unstill")}
    with a_cluster(environ) as made:
        yield made


@pytest.fixture
def ray_rig(tmp_path: Path, machines: Machines) -> Iterator[Callable[..., RayRig]]:
    """Rigs on the cluster, cleared away afterwards."""
    with ExitStack() as stack:

        def made(**changes: Any) -> RayRig:
            return stack.enter_context(RayRig(tmp_path / "data", **changes))

        yield made
