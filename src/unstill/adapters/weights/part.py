"""A file on its way: what has arrived, and whether it is what was promised.

Its name holds the hash it is to have, so that a part is only ever added to by the very same content,
whichever process, day or mirror goes on with it. A finished and checked one loses its ``.part``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from unstill.core.durable import file_errors
from unstill.domain.weight_errors import NoRoomForWeights

CHUNK = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Wanted:
    """A file that is to be fetched; at least one of the hashes is known."""

    path: str
    size: int
    sha256: str | None
    git: str | None

    @property
    def name(self) -> str:
        """Its name while it is on its way."""
        return f"{self.path.replace('/', '__')}.{(self.sha256 or self.git or '')[:40]}"


def wrong(want: Wanted, sha256: str, git: str) -> tuple[str, str] | None:
    """The hash that was promised and the one that came, where they differ."""
    if want.sha256 is not None and sha256 != want.sha256:
        return want.sha256, sha256
    if want.git is not None and git != want.git:
        return want.git, git
    return None


class Part:
    """One file being written. A context manager; leaving it keeps what has arrived."""

    def __init__(self, folder: Path, want: Wanted, model: str) -> None:
        self.want, self._model = want, model
        self.path, self.done = folder / f"{want.name}.part", folder / want.name
        self.have = 0
        self._file = None if self.done.exists() else self._opened()
        self._begin()

    def _opened(self) -> int:
        with file_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)

    def _begin(self) -> None:
        self._sha256, self._git = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
        self._git.update(b"blob %d\0" % self.want.size)
        self.have = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def resume(self, read: Callable[[int], None]) -> int:
        """Read what is there already; how much that is. ``read`` is told of every piece."""
        assert self._file is not None
        os.lseek(self._file, 0, os.SEEK_SET)
        self._begin()
        while self.have < self.want.size:
            piece = os.read(self._file, min(CHUNK, self.want.size - self.have))
            if not piece:
                break
            self._digest(piece)
            read(len(piece))
        os.ftruncate(self._file, self.have)
        return self.have

    def add(self, piece: bytes) -> None:
        """Write what came next. Raises `NoRoomForWeights`, `NotWritable`."""
        assert self._file is not None
        view = memoryview(piece)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise no_room(self._model, self.path.parent, self.want.size - self.have) from error
            with file_errors(self.path):
                raise
        self._digest(piece)

    def _digest(self, piece: bytes) -> None:
        self._sha256.update(piece)
        self._git.update(piece)
        self.have += len(piece)

    def drop(self) -> None:
        """Forget what has arrived."""
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._begin()

    def hashes(self) -> tuple[str, str]:
        """sha256 and the git name of what has arrived."""
        return self._sha256.hexdigest(), self._git.hexdigest()

    def finish(self) -> None:
        """Make a whole, checked file durable under its finished name."""
        assert self._file is not None
        with file_errors(self.done):
            os.fsync(self._file)
            os.close(self._file)
            self._file = None
            self.path.replace(self.done)


def sha256_of(path: Path, read: Callable[[int], None] = lambda _: None) -> str:
    """The hash of a whole file; ``read`` is told of every piece. Raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            read(len(piece))
    return digest.hexdigest()


def no_room(model: str, folder: Path, needed: int) -> NoRoomForWeights:
    """The error for a disk that has less than ``needed`` bytes left."""
    free = shutil.disk_usage(folder).free
    return NoRoomForWeights(model=model, path=folder, needed=f"{needed / GIB:.2f}", free=f"{free / GIB:.2f}")
