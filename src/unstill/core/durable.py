"""Files that appear whole or not at all: written beside their place, made durable, then moved."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import socket
import stat
import time
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

from unstill.domain.errors import DiskFull, NotWritable, OutputExists

_REASONS = {
    errno.EACCES: ("permission denied", "没有权限"),
    errno.EPERM: ("not permitted", "不允许这样做"),
    errno.EROFS: ("the disk is read-only", "磁盘是只读的"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "路径中有一部分是文件而不是文件夹"),
    errno.EEXIST: ("a part of the path is a file, not a folder", "路径中有一部分是文件而不是文件夹"),
    errno.ENOENT: ("the folder cannot be made there", "无法在那里建立文件夹"),
    errno.ENAMETOOLONG: ("the name is too long", "文件名太长"),
    errno.ELOOP: ("the links go in a circle", "链接互相指来指去"),
    errno.ENOSPC: ("there is no room left", "空间已用完"),
    errno.EISDIR: ("it is a folder", "它是一个文件夹"),
}


def why(error: OSError) -> dict[str, str]:
    """The system's reason in both languages, as the facts ``reason`` and ``reason_zh``."""
    plain = error.strerror or type(error).__name__
    en, zh = _REASONS.get(error.errno or 0, (plain, plain))
    return {"reason": en, "reason_zh": zh}


@contextlib.contextmanager
def file_errors(target: Path) -> Iterator[None]:
    """The system's word for a bad output folder, in ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=target.parent) from error
        raise NotWritable(path=target, **why(error)) from error


def refuse_existing(target: Path, replace_existing: bool) -> None:
    """Say no before the work, not after it.

    Raises:
        OutputExists: a file is there and may not be replaced.
        NotWritable: what is there is no file (a folder, a device) and never may be.
    """
    if not os.path.lexists(target):
        return
    if target.is_dir():
        raise NotWritable(path=target, reason="it is a folder", reason_zh="它是一个文件夹")
    if target.exists() and not target.is_file():
        raise NotWritable(path=target, reason="it is not an ordinary file", reason_zh="它不是普通文件")
    if not replace_existing:
        raise OutputExists(path=target)


@contextlib.contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A name in the target's folder (a rename is atomic only there) that nobody else uses.

    Folders that had to be made for it are removed again when nothing came of the work. What a writer that was
    killed left behind for the same target is removed first.
    """
    made = _missing(target.parent)
    token = f"{_world()}-{os.getpid()}-{secrets.token_hex(4)}"
    partial = target.parent / f".{target.stem[:40]}.{token}.part{target.suffix}"
    try:
        with file_errors(target):
            make_folder(target.parent)
        start, end = re.escape(f".{target.stem[:40]}."), re.escape(f".part{target.suffix}")
        _sweep(target.parent, re.compile(start + _TOKEN + end))
        yield partial
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def settle(partial: Path, target: Path, *, replace_existing: bool, number_if_taken: bool) -> Path:
    """Move a finished file to its name; the name it got.

    With ``number_if_taken`` a taken name becomes the next free of name-2, name-3, ...; two programs at
    once never get the same one.
    """
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    if replace_existing:
        partial.replace(target)
    else:
        names = numbered(target) if number_if_taken else iter([target])
        target = next((name for name in names if _take(partial, name)), target)
        if partial.exists():
            raise OutputExists(path=target)
    _sync_folder(target.parent)
    return target


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, so that they outlast a power cut as the files in them do. Raises
    `OSError`."""
    new = _missing(folder)
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for made in new:
        with contextlib.suppress(OSError):  # one that may be entered and not read
            _sync_folder(made.parent)


def _missing(folder: Path) -> list[Path]:
    """Of this folder and those above it the ones that are not there, the innermost first."""
    return [path for path in (folder, *folder.parents) if not os.path.exists(path)]


STALE_S = 24 * 3600
"""Seconds without a write after which a temporary file is nobody's any more, wherever its writer ran."""
_TOKEN = "([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}"  # noqa: S105 not that kind
_ANY = re.compile(rf"\..{{1,40}}\.{_TOKEN}\.part(\.[^.]*)?")


def sweep_partials(folder: Path) -> int:
    """Remove what writers that were killed left in a folder, whatever it was for; how many files."""
    return _sweep(folder, _ANY)


def _sweep(folder: Path, ours: re.Pattern[str]) -> int:
    """Remove temporary files whose writer is gone."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = ours.fullmatch(entry.name)
            if match and _abandoned(entry, world=match[1], number=int(match[2])):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
                    removed += 1
    return removed


def _abandoned(entry: os.DirEntry[str], world: str, number: int) -> bool:
    with contextlib.suppress(OSError):
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return time.time() - status.st_mtime > STALE_S or (world == _world() and not _alive(number))
    return False


def _alive(number: int) -> bool:
    """Whether a process of this computer has the number."""
    if os.name == "nt":  # signal 0 is not a question there: it ends the process
        return True
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True


@cache
def _world() -> str:
    """Where process numbers mean what they mean here: this computer and, on Linux, this container."""
    space = ""
    with contextlib.suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return f"{zlib.crc32(f'{socket.gethostname()} {space}'.encode(errors='replace')):08x}"


def numbered(target: Path) -> Iterator[Path]:
    """name, name-2, name-3, ..."""
    yield target
    for number in count(2):
        yield target.with_name(f"{target.stem}-{number}{target.suffix}")


def _take(partial: Path, name: Path) -> bool:
    """Give the file this name unless something has it."""
    try:
        os.link(partial, name)  # unlike rename, fails where somebody made the name meanwhile
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(name):
            return False
        partial.replace(name)
    else:
        partial.unlink()
    return True


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows has no folder handles and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
