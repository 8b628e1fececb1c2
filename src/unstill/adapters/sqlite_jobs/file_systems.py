"""On which file systems SQLite's write-ahead log is safe: it needs memory shared between all who open it."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_SHARED_WITH_OTHERS = (
    "nfs", "cifs", "smb", "fuse", "9p", "virtiofs", "afs", "ceph", "lustre", "gpfs", "beegfs", "ocfs2",
    "gfs2", "vboxsf", "prl_fs", "ncpfs", "coda",
)  # fmt: skip


def kind_of(folder: Path, mounts: str | None = None) -> str | None:
    """The type of file system a folder is on, as the kernel calls it; None where it does not say.

    Args:
        mounts: the text of /proc/mounts, read when left out.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    here, best, kind = os.path.realpath(folder), "", None
    for line in mounts.splitlines():
        _, point, name, *_ = [*line.split(" "), "", "", ""]
        point = _plain(point)
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        if point and inside and len(point) >= len(best):  # of two on one point, the later covers the other
            best, kind = point, name
    return kind


def wal_is_safe(kind: str | None) -> bool:
    return kind is None or not kind.startswith(_SHARED_WITH_OTHERS)


def _plain(field: str) -> str:
    """The kernel writes blanks and backslashes in octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
