"""SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from unstill.adapters.sqlite_jobs.rows import RowDamaged
from unstill.domain.errors import NotWritable, UnstillError
from unstill.domain.service_errors import StoreBusy, StoreDamaged, StoreFailed, StoreFull

_NO_ROOM = 1 << 20
"""With less than this free (bytes), a failing disk is a full one: a quota, or no room for a side file."""


@contextlib.contextmanager
def spoken(path: Path) -> Iterator[None]:
    """Errors of the database in ``path`` as ours; mistakes in our SQL stay what they are."""
    try:
        yield
    except (RowDamaged, UnicodeDecodeError) as error:  # text that is no text, in rows or in messages
        raise StoreDamaged(path=path, detail=str(error)) from error
    except NoConnection as error:
        raise StoreBusy from error
    except DBAPIError as error:
        _raise_as_ours(error.orig, error, path)
    except sqlite3.Error as error:
        _raise_as_ours(error, error, path)


def code_of(error: BaseException | None) -> int | None:
    """The extended result code; None for errors of Python's module."""
    return getattr(error, "sqlite_errorcode", None)


def _raise_as_ours(inner: BaseException | None, outer: Exception, path: Path) -> None:
    ours = _ours(inner, path) if isinstance(inner, sqlite3.Error) else None
    if ours is None:
        raise outer
    raise ours from outer


def _ours(error: sqlite3.Error, path: Path) -> UnstillError | None:
    code = code_of(error)
    if code is None:
        # Python's own, for a column of text that is no UTF-8.
        damaged = "UTF-8" in str(error)
        return StoreDamaged(path=path, detail=str(error)) if damaged else None
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy()
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreDamaged(path=path, detail=str(error))
        case sqlite3.SQLITE_FULL:
            return StoreFull(path=path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return NotWritable(path=path, reason="it is read-only", reason_zh="它是只读的")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN if _full(path):
            return StoreFull(path=path)
        case sqlite3.SQLITE_CANTOPEN if not os.access(path.parent, os.W_OK):
            return NotWritable(path=path, reason="its folder is read-only", reason_zh="所在的文件夹是只读的")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_NOMEM:
            return StoreFailed(path=path, reason=str(error))
    return None


def _full(path: Path) -> bool:
    try:
        disk = os.statvfs(path.parent)
    except (OSError, AttributeError):  # Windows has no statvfs
        return False
    return disk.f_bavail * disk.f_frsize < _NO_ROOM
