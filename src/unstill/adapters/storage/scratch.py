"""The local folder of an object store: what was written here first, and copies of what others wrote.

Copies leave when there are too many. What is not known to be kept in the store never does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unstill.adapters.data_folder.sweep import INPUTS
from unstill.adapters.storage.naming import FOLDERS
from unstill.domain.service_errors import StorageFailed

LOG = logging.getLogger(__name__)
REST_S, INPUTS_REST_S = 60.0, 3600.0
"""Seconds without use before a copy may leave: whoever was given its path has opened it by then. A picture is
opened only when its model has been loaded; pictures are small."""
SLACK = 20
"""The folder is looked through when it has grown by this part of its limit."""


@dataclass(frozen=True)
class _Entry:
    name: str
    path: Path
    size_bytes: int
    used: float


class Scratch:
    """Copies under ``root``, at most about ``limit_bytes`` of them.

    ``is_kept`` says whether a local file stands in the store with the same bytes; it may raise
    `StorageFailed`.
    """

    def __init__(self, root: Path, limit_bytes: int, is_kept: Callable[[str, Path], bool]) -> None:
        self.root, self.limit_bytes, self._is_kept = root, limit_bytes, is_kept
        self._whole: dict[str, tuple[int, int]] = {}
        """Size and time of change of local files whose bytes are in the store."""
        self._held: dict[str, tuple[threading.Lock, int]] = {}
        self._guard, self._trimming = threading.Lock(), threading.Lock()
        self._grown = limit_bytes  # what an earlier start left is counted first

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """One thread at a time is at this name's local file."""
        with self._guard:
            lock, users = self._held.get(name, (threading.Lock(), 0))
            self._held[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._held.pop(name)
                if users > 1:
                    self._held[name] = (lock, users - 1)

    def is_whole(self, name: str, path: Path) -> bool:
        """Whether the local file is known to be what the store has, and nobody wrote to it since."""
        seen = _seen(path)
        return seen is not None and self._whole.get(name) == seen

    def note_whole(self, name: str, path: Path) -> None:
        seen = _seen(path)
        if seen is not None:
            self._whole[name] = seen

    def use(self, path: Path) -> None:
        """It was used now; its time of change stays."""
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))

    def drop(self, name: str, path: Path) -> None:
        """Raises `OSError`."""
        self._whole.pop(name, None)
        path.unlink(missing_ok=True)

    def grow(self, size_bytes: int) -> None:
        """So much came. Looks through the folder now and then; never while a name is held."""
        with self._guard:
            self._grown += size_bytes
            due = self._grown * SLACK >= self.limit_bytes
        if due and self._trimming.acquire(blocking=False):
            try:
                self._grown = 0
                self.trim()
            except StorageFailed as error:
                LOG.warning("copies in %s are not cleared away now: %s", self.root, error)
            finally:
                self._trimming.release()

    def trim(self) -> None:
        """Remove what was used least recently until the rest is within the limit. Raises `StorageFailed`."""
        entries = sorted(self._entries(), key=lambda entry: entry.used)
        total = sum(entry.size_bytes for entry in entries)
        for entry in entries:
            if total <= self.limit_bytes:
                return
            if entry.name in self._held:  # it is being used; who waits for it may wait long
                continue
            rest_s = INPUTS_REST_S if entry.name.startswith(f"{INPUTS}/") else REST_S
            if time.time() - entry.used <= rest_s:
                continue
            with self.held(entry.name), contextlib.suppress(OSError):  # open somewhere, on Windows
                if self._may_go(entry):
                    self.drop(entry.name, entry.path)
                    total -= entry.size_bytes

    def clear_gone(self, older_than_s: float, is_there: Callable[[str], bool]) -> int:
        """Remove what was not used for so long and the store has not: copies of what was removed there, and
        what was never kept, which no row ever named. How many. Raises `StorageFailed`."""
        cleared = 0
        for entry in list(self._entries()):
            if time.time() - entry.used <= older_than_s:
                continue
            with self.held(entry.name), contextlib.suppress(OSError):
                if _entry(entry.name, entry.path) == entry and not is_there(entry.name):
                    self.drop(entry.name, entry.path)
                    cleared += 1
        return cleared

    def _may_go(self, entry: _Entry) -> bool:
        now = _entry(entry.name, entry.path)
        if now != entry:  # used meanwhile, or gone
            return False
        return self.is_whole(entry.name, entry.path) or self._is_kept(entry.name, entry.path)

    def _entries(self) -> Iterator[_Entry]:
        for folder in FOLDERS:
            try:
                names = os.listdir(self.root / folder)
            except OSError:
                continue
            for name in names:
                entry = _entry(f"{folder}/{name}", self.root / folder / name)
                if entry and not name.startswith("."):
                    yield entry


def _entry(name: str, path: Path) -> _Entry | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return _Entry(name, path, status.st_size, max(status.st_atime, status.st_mtime))


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
