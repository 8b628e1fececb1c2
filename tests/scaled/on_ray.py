"""What the tests on a Ray cluster stand on: the cluster, and servers that drive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from live import Live
from ray_rig import ENVIRON, Machines

WEIGHTY = Path(__file__).with_name("weighty.py")
POOLS = "cpu=2,gpu24=0-1,gpu80=0-1"
Make = Callable[..., Live]


@contextmanager
def cluster(engines: str) -> Iterator[Machines]:
    """A head without work, a machine whose GPU has 24 GiB by its own account, and one with 80."""
    made = Machines({**ENVIRON, "PYTHONPATH": engines})
    try:
        yield made
    finally:
        made.close()


@contextmanager
def servers(folder: Path, engines: str, machines: Machines, url: str) -> Iterator[Make]:
    """Makes servers over one database, one folder for files, and the cluster."""
    files = folder / "files"
    files.mkdir()
    with ExitStack() as stack:

        def made(name: str, **environ: Any) -> Live:
            shared = {
                "UNSTILL_DATABASE_URL": url, "UNSTILL_STORAGE": str(files), "UNSTILL_WORKERS": "ray",
                "UNSTILL_RAY_ADDRESS": machines.address, "UNSTILL_RAY_POOLS": POOLS, **ENVIRON, **environ,
            }  # fmt: skip
            return stack.enter_context(Live(folder / name, engines, **shared))

        yield made
