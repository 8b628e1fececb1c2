"""Every step of a process that the disk remembers: noted in `ops.jsonl`, and on order the last it takes.

A step is a rename, link, removal, fsync, opening for writing, commit, checkpoint or copy of the database, in
the data folder. It has a name in which nothing differs from run to run, and two sides, before and after.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from patching import after_import
from sitecustomize import program

HOME = os.environ["HOME"]
DATA = HOME.removesuffix("-home")
ORDERS, NOTES, MARK = (os.path.join(HOME, name) for name in ("orders.json", "ops.jsonl", "died"))
ROLE = program() or ""
RULES = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"video_[0-9a-f]{24}", "VIDEO"),
        (r"VIDEO\.[0-9]+", "VIDEO.N"),
        (r"[0-9a-f]{8}-[0-9]+-[0-9a-f]{8}", "TOKEN"),
        (r"(raw|upload|backup)-[0-9a-f]+", r"\1"),
    )
]
WRITES = os.O_WRONLY | os.O_RDWR
_stat, _open, _write, _close, _readlink = os.stat, os.open, os.write, os.close, os.readlink
_known: tuple[float, dict[str, Any]] = (-1.0, {})
_seen: dict[str, int] = {}


def place(path: object, dir_fd: int | None = None) -> str | None:
    """A path or handle as a name below the data folder; None for what is not in it, and for the log."""
    if isinstance(path, int):
        path = _readlink(f"/proc/self/fd/{path}")
    text = os.fsdecode(os.fspath(path))  # type: ignore[arg-type]
    if dir_fd is not None:
        text = os.path.join(_readlink(f"/proc/self/fd/{dir_fd}"), text)
    text = os.path.normpath(text.removeprefix("file:"))
    if text == DATA:
        return "./"
    if not text.startswith(DATA + "/") or text.startswith(DATA + "/logs"):
        return None
    name = text[len(DATA) + 1 :]
    for pattern, plain in RULES:
        name = pattern.sub(plain, name)
    return name + "/" if os.path.isdir(text) else name


def orders() -> dict[str, Any]:
    """What the test wants now."""
    global _known
    with contextlib.suppress(OSError, ValueError):
        when = _stat(ORDERS).st_mtime_ns
        if when != _known[0]:
            with io.open_code(ORDERS) as file:
                _known = (when, json.loads(file.read()))
            _seen.clear()
    return _known[1]


def reach(step: str, side: str) -> None:
    """Note that a step is reached, and die there if that is wanted: the first process that comes by."""
    point, wanted = f"{ROLE}: {step}@{side}", orders()
    if wanted.get("note"):
        note = {"t": time.monotonic(), "pid": os.getpid(), "role": ROLE, "step": step, "side": side}
        _append(NOTES, json.dumps({**note, "thread": threading.current_thread().name}))
    if wanted.get("die") == point:
        _seen[point] = _seen.get(point, 0) + 1
        if _seen[point] == wanted.get("nth", 1):
            with contextlib.suppress(FileExistsError):
                _close(_open(MARK, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                die()


def die() -> None:
    """At once, with nothing flushed. The decoding child may send no signals."""
    if ROLE == "decode":
        os._exit(9)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def _append(path: str, line: str) -> None:
    handle = _open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    _write(handle, line.encode() + b"\n")
    _close(handle)


@contextlib.contextmanager
def around(step: str | None) -> Iterator[None]:
    """The two sides of one step; None is no step."""
    if step is None:
        yield
        return
    reach(step, "before")
    yield
    reach(step, "after")


# --- files


def watched(call: Callable[..., Any], verb: str) -> Callable[..., Any]:
    """A function of `os` whose first argument is a path or handle."""

    def made(path: Any, *rest: Any, **named: Any) -> Any:
        name = place(path, named.get("dir_fd"))
        with around(name and f"{verb} {name}"):
            return call(path, *rest, **named)

    return made


def watched_pair(call: Callable[..., Any], verb: str) -> Callable[..., Any]:
    """A function of `os` with a source and a target."""

    def made(source: Any, target: Any, **named: Any) -> Any:
        old, new = place(source, named.get("src_dir_fd")), place(target, named.get("dst_dir_fd"))
        with around(old and f"{verb} {old} to {new}"):
            return call(source, target, **named)

    return made


def watched_open(call: Callable[..., Any]) -> Callable[..., Any]:
    def made(path: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        writes = set(mode) & set("wax+") and not isinstance(path, int)
        name = place(path) if writes else None
        with around(name and f"open {name}"):
            return call(path, mode, *rest, **named)

    return made


def watched_os_open(call: Callable[..., Any]) -> Callable[..., Any]:
    def made(path: Any, flags: int, *rest: Any, **named: Any) -> Any:
        name = place(path, named.get("dir_fd")) if flags & WRITES else None
        with around(name and f"open {name}"):
            return call(path, flags, *rest, **named)

    return made


def _watch(name: str, made: Callable[..., Any]) -> None:
    """Put a function in the place of one of `os`, also where it is looked up by what it can do."""
    original = getattr(os, name)
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if original in able:
            able.add(made)
    setattr(os, name, made)


for _name in ("fsync", "unlink", "remove", "rmdir", "mkdir"):
    _watch(_name, watched(getattr(os, _name), _name))
for _name in ("replace", "rename", "link"):
    _watch(_name, watched_pair(getattr(os, _name), _name))
_watch("open", watched_os_open(os.open))
builtins.open = io.open = watched_open(io.open)


# --- videos: the library writes and reads them by itself


@after_import("av")
def _videos(av: ModuleType) -> None:
    call = av.open

    def made(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        name = place(file) if isinstance(file, str) else None
        with around(name and f"{'encode' if mode == 'w' else 'decode'} {name}"):
            return call(file, mode, *rest, **named)

    av.open = made


# --- the database


class Watched(sqlite3.Connection):
    """Commits that changed something are steps, named by the method of the store that asked for them."""

    _changes = 0

    def commit(self) -> None:
        step = f"commit {caller()}" if self.total_changes != self._changes else None
        self._changes = self.total_changes
        with around(step):
            super().commit()

    def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
        with around("checkpoint" if "wal_checkpoint" in sql else None):
            return super().execute(sql, *rest)

    def backup(self, target: sqlite3.Connection, **named: Any) -> None:
        with around("copy the database"):
            super().backup(target, **named)


def caller() -> str:
    """The first method of the store, from the outside in, that is on the stack."""
    frame, found = sys._getframe(), "create"
    while (frame := frame.f_back) is not None:  # type: ignore[assignment]
        if frame.f_code.co_filename.endswith("sqlite_jobs/store.py") and frame.f_code.co_name[0] != "_":
            found = frame.f_code.co_name
    return found


_connect = sqlite3.connect


def connect(database: Any, *rest: Any, **named: Any) -> sqlite3.Connection:
    return _connect(database, *rest, **{**named, "factory": Watched})


sqlite3.connect = connect  # type: ignore[assignment]
sqlite3.dbapi2.connect = connect
