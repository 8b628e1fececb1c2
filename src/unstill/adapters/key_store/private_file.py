"""One JSON document in a file of mode 0600: read when it changed, replaced whole, never half-written."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from unstill.core.durable import beside, file_errors, settle
from unstill.domain.errors import OutputExists
from unstill.domain.service_errors import KeysDamaged

if sys.platform != "win32":
    import fcntl

PEPPER = "pepper"
PEPPER_BYTES = 32
MODE = 0o600
_Stamp = tuple[int, int, int]
Rows = list[dict[str, Any]]


class Document(Protocol):
    """A list of objects that is kept, wherever that is."""

    def rows(self) -> Rows:
        """The rows as they are now. Raises `KeysDamaged`."""

    def changing(self) -> AbstractContextManager[Rows]:
        """The rows to change in place, beside nobody else; kept at the end, unless by an error."""


class PrivateFile:
    """A JSON list of objects under ``path``, safe to change from several threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._seen: tuple[_Stamp | None, Rows] = (None, [])

    def rows(self) -> Rows:
        """The rows as they are on disk now. Raises `KeysDamaged`."""
        with self._lock:
            stamp = self._stamp()
            if stamp is None:
                self._seen = (None, [])
            elif stamp != self._seen[0]:
                self._seen = (stamp, self._read())
            return self._seen[1]

    @contextlib.contextmanager
    def changing(self) -> Iterator[Rows]:
        """The rows to change in place; what they are at the end is written, unless by an error."""
        with self._lock, self._alone():
            rows = [dict(row) for row in self.rows()]
            yield rows
            text = json.dumps({"schema": 1, "rows": rows}, ensure_ascii=False, indent=1)
            write_private(self._path, text.encode())

    def _stamp(self) -> _Stamp | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> Rows:
        try:
            rows = json.loads(self._path.read_bytes())["rows"]
            if not all(isinstance(row, dict) for row in rows):
                raise TypeError("rows")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise KeysDamaged(path=self._path.name) from None
        return list(rows)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Between processes: the command line may add a key while the server runs."""
        if sys.platform == "win32":  # one process at a time is the person's own care there
            yield
            return
        with file_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class Digests:
    """HMAC-SHA256 under this install's pepper: a copied key file alone lets nobody try out secrets."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def of(self, secret: str) -> str:
        return hmac.new(self._pepper, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def find(self, secret: str, rows: Rows) -> dict[str, Any] | None:
        """The row of a secret. Compares with every row, each in constant time, whatever it finds."""
        wanted, found = self.of(secret), None
        for row in rows:
            if hmac.compare_digest(str(row.get("digest", "")).encode(), wanted.encode()):
                found = row
        return found


def pepper_in(folder: Path) -> bytes:
    """The pepper of this install, made at first. Raises `KeysDamaged` if it is not what was made."""
    path = folder / PEPPER
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_private(path, secrets.token_bytes(PEPPER_BYTES), replace=False)
        pepper = path.read_bytes()
    if len(pepper) != PEPPER_BYTES:
        raise KeysDamaged(path=path.name)
    return pepper


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Whole, durable and mode 0600 from its first moment. Without ``replace`` the first writer wins."""
    with beside(path) as partial:
        with file_errors(path):
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            with open(handle, "wb") as file:
                file.write(content)
        try:
            settle(partial, path, replace_existing=replace, number_if_taken=False)
        except OutputExists:
            partial.unlink()
