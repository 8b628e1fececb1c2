"""What an earlier server left in the data folder when it was killed: found at the start, and put away.

A finished video is never deleted for want of a row: after a restored backup the rows of the newest videos are
missing, and their files must not go the same way. It is moved to ``unclaimed`` and kept there for a while.
"""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from unstill.core.durable import make_folder, sweep_partials

LOG = logging.getLogger(__name__)
INPUTS, OUTPUTS, TEMPORARY, UNCLAIMED = "inputs", "outputs", "tmp", "unclaimed"
KEEP_UNCLAIMED_S = 30 * 24 * 3600.0
_OURS = re.compile(r"(video_[0-9a-f]+)\.")
VIDEOS = (".mp4", ".webm", ".gif", ".webp")


@dataclass(frozen=True)
class Swept:
    """How many files were removed and how many videos put aside."""

    removed: int
    unclaimed: int


def sweep(data: Path, kept: Collection[str], known: Callable[[str], bool]) -> Swept:
    """Put away whatever no row refers to.

    Args:
        data: the data folder, which this process holds the lock of.
        kept: files that rows refer to, relative to it.
        known: whether there is a row of this video id; a file of such a video that its row does not name was
            left by an attempt that died.
    """
    removed, unclaimed = sweep_partials(data), 0
    for file in _files(data / OUTPUTS):
        if file.relative_to(data).as_posix() in kept:
            continue
        match = _OURS.match(file.name)
        if match and file.suffix in VIDEOS and not known(match[1]):
            unclaimed += _put_aside(data, file)
        else:
            removed += _removed(file)
    for file in _files(data / INPUTS):
        if file.relative_to(data).as_posix() not in kept:
            removed += _removed(file)
    with contextlib.suppress(OSError):
        shutil.rmtree(data / TEMPORARY)
    _forget_old(data / UNCLAIMED)
    return Swept(removed, unclaimed)


def remove_files(data: Path, names: Iterable[str]) -> None:
    """Remove files of jobs that are no more."""
    for name in names:
        _removed(data / name)


def _files(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink()]
    except OSError:
        return []


def _removed(file: Path) -> bool:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        LOG.warning("%s cannot be removed (%s)", file.name, error.strerror)
        return False
    return True


def _put_aside(data: Path, file: Path) -> bool:
    try:
        make_folder(data / UNCLAIMED)
        file.touch()  # its days there count from now, however old it is
        file.replace(data / UNCLAIMED / file.name)
    except OSError as error:
        LOG.warning("%s belongs to no job and cannot be moved (%s)", file.name, error.strerror)
        return False
    LOG.warning("%s belongs to no job; it is in %s now", file.name, UNCLAIMED)
    return True


def _forget_old(folder: Path) -> None:
    for file in _files(folder):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > KEEP_UNCLAIMED_S:
                file.unlink()
