"""What every encoder here shares: frames are checked on the way in, and an error leaves no file behind."""

from __future__ import annotations

import contextlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import av
import numpy as np

from unstill.domain.errors import BadOutput

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame, Sound

UNSAFE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (section 2.2), and so a WebP or GIF, cannot carry; NUL would cut an MP4 value."""
ENTRY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FrameSink(ABC):
    """A `core.ports.Encoder`. Subclasses say how a frame is put and how the file ends or is given up."""

    def __init__(self, path: Path, plan: Plan, metadata: Mapping[str, str]) -> None:
        self._path = path
        self._plan = plan
        self._metadata = {name: _safe(name, value) for name, value in metadata.items()}
        self._written = 0

    def __enter__(self) -> Self:
        with self._or_nothing():
            self._open()
        return self

    def write(self, frame: Frame) -> None:
        """Append one frame, uint8 RGB [h w 3] of the plan's size.

        Raises:
            ValueError: another type or shape.
            OSError: the file cannot be written; errno ENOSPC where the disk is full.
            BadOutput: the encoder refused the frame.
        """
        wanted = (self._plan.height, self._plan.width, 3)
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape != wanted:
            got = f"{getattr(frame, 'dtype', type(frame).__name__)} {getattr(frame, 'shape', '')}"
            raise ValueError(f"a frame must be uint8 {wanted}, not {got}")
        if frame.strides[1:] != (3, 1) or frame.strides[0] < 0:
            frame = np.ascontiguousarray(frame)
        with encoder_errors():
            self._put(frame)
        self._written += 1

    def hear(self, sound: Sound) -> bool:  # noqa: ARG002 pictures that move have no place for it
        """See `core.ports.Encoder.hear`."""
        return False

    def __exit__(self, *failure: object) -> None:
        if failure and failure[0] is not None:
            self._drop()
            return
        with self._or_nothing():
            if self._written == 0:
                raise BadOutput(problem="it has no frames", problem_zh="没有画面")
            self._finish()

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _put(self, frame: Frame) -> None: ...

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left and close the file."""

    @abstractmethod
    def _abandon(self) -> None:
        """Close everything that is open."""

    def _drop(self) -> None:
        """Remove the file: before closing where the system allows it, so that no trailer is worked out."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(Exception):
            self._abandon()
        with contextlib.suppress(OSError):
            self._path.unlink()

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        try:
            with encoder_errors():
                yield
        except BaseException:
            self._drop()
            raise


@contextlib.contextmanager
def encoder_errors() -> Iterator[None]:
    """Errors of the system (a full disk) pass as the OSErrors they are; the codec's own become BadOutput."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, (OSError, MemoryError)):
            raise
        problem = f"the encoder stopped ({error.strerror})"
        raise BadOutput(problem=problem, problem_zh=f"编码器中断（{error.strerror}）") from error


def local(path: Path) -> str:
    """The path as FFmpeg must be told it: no name can pass for another protocol ("http:", "concat:")."""
    return f"file:{os.fspath(path)}"


def video_frame(pixels: Frame, number: int, time_base: Any) -> Any:
    """An `av.VideoFrame` over the array's own memory: convert it before the array changes."""
    frame = av.VideoFrame.from_numpy_buffer(pixels, "rgb24")
    frame.pts, frame.time_base = number, time_base
    return frame


def _safe(name: str, value: str) -> str:
    """The value without what no container can hold. JSON escapes all of that but lone surrogates."""
    if not ENTRY_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a metadata entry")
    return UNSAFE.sub("\N{REPLACEMENT CHARACTER}", value)
