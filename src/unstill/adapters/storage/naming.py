"""Names that a storage takes: relative, ASCII, without any way out of the root."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from unstill.adapters.data_folder.sweep import INPUTS, OUTPUTS, UNCLAIMED
from unstill.domain.service_errors import StorageFailed

FOLDERS = (INPUTS, OUTPUTS, UNCLAIMED)
CHUNK = 1 << 20
_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}/){0,4}[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
"""No part begins with a dot: neither ``..`` nor a file that is being written."""


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def inside(root: Path, name: str, where: str) -> Path:
    """The path of a name under the root.

    Raises:
        StorageFailed: it is no name, or a link on its way leads out of the root.
    """
    path = root / name
    if not is_name(name) or not path.resolve().is_relative_to(root.resolve()):
        raise StorageFailed(
            where=where, reason=f"{name!r} is not a name of a file in it",
            reason_zh=f"{name!r} 不是其中文件的名称",
        )  # fmt: skip
    return path


def digest_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
