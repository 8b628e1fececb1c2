"""The door for what people upload: decoded in a process of its own, kept as pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from unstill.domain.job import Input
from unstill.domain.notes import Note


@dataclass(frozen=True)
class Upload:
    """A picture or video as it came: its bytes, or a file of ours that holds them, and what it was called."""

    raw: bytes | Path
    name: str


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

    def take(self, raw: bytes | Path, name: str, *, video_id: str, background: str | None = None) -> Taken:
        """Keep a picture as ``inputs/<video id>.png``, upright sRGB, flattened on ``background``.

        Raises a `BadPicture`.
        """

    def inspect(self, raw: bytes | Path, name: str) -> Inspected:
        """Read the settings in an uploaded video. Raises `NotOurVideo`, `NotAVideo`, `TooManyBytes`."""
