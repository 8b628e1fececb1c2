"""How much a picture or video may cost to read."""

from __future__ import annotations

import sys
from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class ChildSettings:
    """Limits of the decoding child. Bytes, seconds, pixels."""

    command: tuple[str, ...] = (sys.executable, "-P", "-m", "unstill.decode")
    """The program; it gets its orders as one JSON argument, then jobs as lines. Named, not imported: it
    needs media, which adapters do not know."""
    children: int = 2
    max_bytes: int = 20 * MEBIBYTE
    max_pixels: int = 40_000_000
    max_side: int = 8192
    video_bytes: int = 100 * MEBIBYTE
    video_s: float = 60.0
    video_side: int = 4096
    memory_bytes: int = 900 * MEBIBYTE
    """Of data; with the libraries' code that stays under 1 GiB."""
    picture_cpu_s: float = 5.0
    video_cpu_s: float = 20.0
    wall_factor: float = 4.0
    """A child may wait for a core so many times longer than it may use one."""
    start_s: float = 60.0
    idle_s: float = 60.0
    """A child without work for so long is ended: its memory comes back."""
    jobs: int = 200
    """After so many a fresh child takes over."""
    wait_s: float = 30.0
    """How long a caller waits for a free child."""

    @property
    def lifetime_cpu_s(self) -> int:
        return int(self.jobs * self.picture_cpu_s + self.video_cpu_s)

    @property
    def file_bytes(self) -> int:
        """The largest picture, not compressible, as PNG."""
        return self.max_pixels * 4 + MEBIBYTE
