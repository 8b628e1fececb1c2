"""Whether another video has room on the disk."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from unstill.domain.service_errors import NoRoom
from unstill.domain.sizes import size_text

GIB = 2**30
FRESH_S = 2.0
"""How long a count of the outputs is good for."""


@dataclass(frozen=True)
class Space:
    """Bytes: of our videos, what they may have, and what the disk has left."""

    used: int
    quota: int
    free: int
    floor: int


class Room:
    """The quota of outputs and the floor of free disk."""

    def __init__(self, data: Path, quota_bytes: int = 20 * GIB, floor_bytes: int = 2 * GIB) -> None:
        self._data, self._quota, self._floor = data, quota_bytes, floor_bytes
        self._lock = threading.Lock()
        self._counted: tuple[float, int] | None = None

    def space(self) -> Space:
        return Space(self._used(), self._quota, shutil.disk_usage(self._data).free, self._floor)

    def check(self) -> None:
        """Raises `NoRoom`, in numbers of whatever ran out."""
        now = self.space()
        if now.used >= now.quota:
            used, quota = size_text(now.used), size_text(now.quota)
            raise NoRoom(
                reason=f"the videos take {used}, and may take {quota}",
                reason_zh=f"视频已占 {used}，上限 {quota}",
            )
        if now.free < now.floor:
            raise self.disk_full()

    def disk_full(self) -> NoRoom:
        """What to say when the disk has no more to give."""
        free, floor = size_text(shutil.disk_usage(self._data).free), size_text(self._floor)
        kept, kept_zh = (
            (f", and {floor} are to stay free", f"，需要保留 {floor}") if self._floor else ("", "")
        )
        return NoRoom(
            reason=f"the disk has {free} left{kept}", reason_zh=f"磁盘只剩 {free}{kept_zh}", disk=True
        )

    def _used(self) -> int:
        with self._lock:
            if self._counted is None or time.monotonic() - self._counted[0] > FRESH_S:
                self._counted = (time.monotonic(), _folder_bytes(self._data / "outputs"))
            return self._counted[1]


def _folder_bytes(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(_bytes(entry) for entry in entries)
    except FileNotFoundError:
        return 0


def _bytes(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size if entry.is_file(follow_symlinks=False) else 0
    except FileNotFoundError:  # a temporary name that was moved meanwhile
        return 0
