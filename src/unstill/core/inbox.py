"""The door for what people upload: decoded in a process of its own, kept as pixels."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from unstill.core.durable import file_errors
from unstill.domain.job import Input
from unstill.domain.notes import Note

CHUNK = 2**18
"""Bytes copied at a time."""


@dataclass(frozen=True)
class Upload:
    """A picture or video as it came, and what it was called: its bytes, a file of ours that holds them, or a
    file without a name that is open for as long as the request lasts."""

    raw: bytes | Path | BinaryIO
    name: str

    def sha256(self) -> str:
        """What the bytes are, in hexadecimal."""
        if isinstance(self.raw, bytes):
            return hashlib.sha256(self.raw).hexdigest()
        if isinstance(self.raw, Path):
            with self.raw.open("rb") as file:
                return _sha256(file)
        return _sha256(self.raw)

    @contextlib.contextmanager
    def at_hand(self, folder: Path) -> Iterator[bytes | Path]:
        """The bytes as another process can be given them; a file made for it in ``folder`` is removed again.

        Raises `DiskFull` and `NotWritable`.
        """
        if isinstance(self.raw, (bytes, Path)):
            yield self.raw
            return
        path = folder / f"upload-{secrets.token_hex(8)}"
        try:
            with file_errors(path):
                folder.mkdir(parents=True, exist_ok=True)
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    self.raw.seek(0)
                    shutil.copyfileobj(self.raw, file, CHUNK)
            yield path
        finally:
            path.unlink(missing_ok=True)


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while part := file.read(CHUNK):
        digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True)
class Taken:
    """A picture that was decoded and kept, and what is worth saying about it."""

    input: Input
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Inspected:
    """What an uploaded video of ours says about itself: `core.metadata.read_settings` of it."""

    settings: Mapping[str, Any] = field(default_factory=dict)


class Inbox(Protocol):
    """Decodes in a child process without network and with little memory; the caller touches no pixels.

    Every method returns only when what it wrote is on disk (file and folder fsynced).
    """

    def take(
        self,
        raw: bytes | Path,
        name: str,
        *,
        video_id: str,
        background: str | None = None,
        last: bool = False,
    ) -> Taken:
        """Keep a picture as ``inputs/<video id>.png``, or one for the last frame as
        ``inputs/<video id>.last.png``: upright sRGB, flattened on ``background``.

        Raises a `BadPicture`.
        """

    def inspect(self, raw: bytes | Path, name: str) -> Inspected:
        """Read the settings in an uploaded video. Raises `NotOurVideo`, `NotAVideo`, `TooManyBytes`."""
