"""A server as whoever starts it sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Moved:
    """What came along to a shared database: counts, and files that a row names and the folder lacks."""

    jobs: int
    keys: int
    files: int
    missing: tuple[str, ...]
    old: Path
    """The old database, under a name that no server opens by itself."""


@dataclass(frozen=True)
class Listening:
    """What is worth saying once a server answers."""

    url: str
    """Where it listens, as a browser on this computer opens it."""
    open: str
    """The address to open: with a session link where a key is asked for."""
    data: Path
    log: Path | None
    device: str
    cores: float
    memory_bytes: int
    models: tuple[str, ...]
    asks_for_key: bool
    new_key: str | None = None
    """The secret of a key that was made because there was none."""
    claimable: bool = False
    """Whether the first browser to open the page becomes its operator."""
    exposed: bool = False
    """Whether other computers can reach it."""
    resumed: int = 0
    """Jobs that an earlier server left and that go on now."""


Ready = Callable[[Listening], None]
"""Called once, in the server's main thread, when it answers."""
