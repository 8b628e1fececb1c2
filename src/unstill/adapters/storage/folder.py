"""Files in a folder: the server's own data folder, or one that is mounted on several machines."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from unstill.adapters.data_folder.sweep import UNCLAIMED
from unstill.adapters.storage.naming import FOLDERS, digest_of, inside
from unstill.core.durable import make_folder, sweep_partials, why
from unstill.domain.errors import FileMissing, UnstillError
from unstill.domain.service_errors import StorageFailed, StorageFull

LOG = logging.getLogger(__name__)
PRIVATE = 0o700
FULL = frozenset({"there is no room left"})


class FolderStorage:
    """Names are paths under ``root``. A shared root is never made here: where the share is not mounted, the
    files would go to the disk below it and nobody else would see them."""

    def __init__(self, root: Path, shared: bool = False) -> None:
        self.root, self.shared = root, shared

    def __repr__(self) -> str:
        return f"FolderStorage({str(self.root)!r}, shared={self.shared})"

    def keep(self, names: Collection[str]) -> None:
        """Writers make their files durable before they give them their names; on a share that is done once
        more, from this machine, whoever wrote them."""
        folders = set()
        for name in names:
            path = inside(self.root, name, str(self.root))
            with self._spoken():
                self._see(path, name)
                if self.shared:
                    _sync(path)
                    folders.add(path.parent)
        with self._spoken():
            for folder in folders:
                _sync(folder)

    def at_hand(self, name: str) -> Path:
        path = inside(self.root, name, str(self.root))
        with self._spoken():
            if not _is_file(path) and not (self.shared and self._looked_again(path)):
                raise FileMissing(path=name)
        return path

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                inside(self.root, name, str(self.root)).unlink(missing_ok=True)
            except (OSError, UnstillError) as error:
                LOG.warning("%s cannot be removed (%s)", name, error)

    def holds(self, name: str, size_bytes: int, sha256: str) -> bool:
        path = inside(self.root, name, str(self.root))
        with self._spoken():
            try:
                if not _is_file(path) or path.stat().st_size != size_bytes:
                    return False
                return digest_of(path) == sha256
            except FileNotFoundError:
                return False

    def names(self, folder: str) -> Iterator[tuple[str, float]]:
        with self._spoken():
            now = self._now()
            try:
                entries = list(os.scandir(inside(self.root, folder, str(self.root))))
            except FileNotFoundError:
                return
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and not entry.name.startswith("."):
                    yield f"{folder}/{entry.name}", now - status.st_mtime

    def put_aside(self, name: str) -> bool:
        try:
            path = inside(self.root, name, str(self.root))
            make_folder(self.root / UNCLAIMED, PRIVATE)
            os.utime(path)  # its days there count from now, however old it is
            path.replace(self.root / UNCLAIMED / path.name)
        except FileNotFoundError:  # another server was first
            return False
        except (OSError, UnstillError) as error:
            LOG.warning("%s belongs to no job and cannot be moved (%s)", name, error)
            return False
        LOG.warning("%s belongs to no job; it is in %s now", name, UNCLAIMED)
        return True

    def clear_halves(self, older_than_s: float) -> int:  # noqa: ARG002 a writer's age is known better there
        return sum(sweep_partials(self.root / folder) for folder in FOLDERS)

    def check(self) -> None:
        content = secrets.token_bytes(64)
        with self._spoken():
            if self.shared and not self.root.is_dir():
                raise StorageFailed(
                    where=self.root, reason="the folder is not there; is it mounted?",
                    reason_zh="文件夹不存在，是否已经挂载？",
                )  # fmt: skip
            for folder in FOLDERS:
                make_folder(self.root / folder, PRIVATE)
            with self._small(content) as path:
                if path.read_bytes() != content:
                    raise StorageFailed(
                        where=self.root, reason="what is read is not what was written",
                        reason_zh="读到的内容与写入的不同",
                    )  # fmt: skip

    def _see(self, path: Path, name: str) -> None:
        if not _is_file(path) and not (self.shared and self._looked_again(path)):
            raise StorageFailed(
                where=self.root, reason=f"{name} is not there", reason_zh=f"其中没有 {name}"
            )  # fmt: skip

    def _looked_again(self, path: Path) -> bool:
        """A network file system may remember for a while that a name was not there; listing its folder asks
        the server anew."""
        with contextlib.suppress(FileNotFoundError):
            return path.name in os.listdir(path.parent) and _is_file(path)
        return False

    def _now(self) -> float:
        """The clock that the files' times are by: on a share, the one of the machine that has the disk."""
        if not self.shared:
            return time.time()
        with self._small(b"?") as path:
            return path.stat().st_mtime

    @contextlib.contextmanager
    def _small(self, content: bytes) -> Iterator[Path]:
        path = self.root / f".check-{secrets.token_hex(8)}"
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _spoken(self) -> Iterator[None]:
        """The system's errors in our words."""
        try:
            yield
        except OSError as error:
            reason = why(error)
            if reason["reason"] in FULL:
                raise StorageFull(where=self.root) from error
            raise StorageFailed(where=self.root, **reason) from error


def _is_file(path: Path) -> bool:
    """A regular file; a link has been followed and found to stay inside."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sync(path: Path) -> None:
    """Make a file, or what a folder lists, durable. Windows has no folder handles and needs none."""
    folder = path.is_dir()
    if folder and os.name == "nt":
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
