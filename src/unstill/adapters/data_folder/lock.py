"""One server per data folder.

The lock is the operating system's own on ``server.lock``: it ends with the process, however that ends.
``server.json`` beside it says who holds it and how the command line reaches it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.core.durable import beside, file_errors, make_folder, settle, why
from unstill.domain.service_errors import DataFolderFull, DataFolderNotWritable, DataFolderTaken

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK, ABOUT = "server.lock", "server.json"
PRIVATE = 0o700
MOST_BYTES = 65536


class FolderLock:
    """Held from `take` until `release`, or until the process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: int | None = None

    def take(self) -> None:
        """Make the folder where it is not there yet, and lock it.

        Raises:
            DataFolderTaken: a server that lives holds it.
            DataFolderNotWritable, DataFolderFull: the folder cannot be used.
        """
        try:
            make_folder(self._folder, PRIVATE)
            handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DataFolderFull(path=self._folder) from error
            raise DataFolderNotWritable(path=self._folder, **why(error)) from error
        if not _locked(handle):
            os.close(handle)
            raise self._taken()
        self._handle = handle
        self._forget()

    def tell(self, about: Mapping[str, object]) -> None:
        """Write down who holds the lock: for the command line, and for a second server's message."""
        with beside(self._folder / ABOUT) as partial, file_errors(partial):
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(dict(about), file)
            settle(partial, self._folder / ABOUT, replace_existing=True, number_if_taken=False)

    def release(self) -> None:
        if self._handle is None:
            return
        self._forget()
        os.close(self._handle)
        self._handle = None

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            (self._folder / ABOUT).unlink()

    def _taken(self) -> DataFolderTaken:
        about = read_about(self._folder)
        pid, address = about.get("pid", "?"), about.get("url", "starting")
        return DataFolderTaken(path=self._folder, pid=pid, address=address)


def read_about(folder: Path) -> dict[str, Any]:
    """What ``server.json`` says; nothing where it says nothing."""
    try:
        with (folder / ABOUT).open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _locked(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
