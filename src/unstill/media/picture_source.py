"""The bytes of a picture, from wherever they lie: never more than the limit, never from a device."""

from __future__ import annotations

import contextlib
import math
import os
import stat
import unicodedata
from typing import Any

from unstill.core.durable import why
from unstill.domain.errors import (
    EmptyPicture,
    NotAPicture,
    NotAPictureObject,
    NotReadable,
    PictureMissing,
    PictureUnnamed,
    TooManyBytes,
)

UNNAMED = "the picture"
"""What a picture without a file name is called."""
MEBIBYTE = 2**20


def read_source(source: object, limit: int) -> tuple[bytes, str]:
    """The bytes of a path, bytes-like object or binary file object, and the name to call them by.

    At most ``limit + 1`` bytes are read. A seekable file object is left where it stood, so that it can be
    read again.

    Raises:
        PictureUnnamed, PictureMissing: no such file.
        NotReadable: a folder, a pipe or device, or a file the system refuses.
        EmptyPicture: 0 bytes.
        TooManyBytes: more than ``limit``.
        NotAPicture, NotAPictureObject: a source of another kind.
    """
    if isinstance(source, (str, os.PathLike)):
        data, name = _from_path(source, limit)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        size = source.nbytes if isinstance(source, memoryview) else len(source)
        _check_bytes(size, limit, UNNAMED)
        data, name = bytes(source), UNNAMED
    elif hasattr(source, "read"):
        data, name = _from_stream(source, limit)
    else:
        raise NotAPictureObject(got="None" if source is None else f"A value of type {type(source).__name__}")
    if not data:
        raise EmptyPicture(name=name)
    return data, name


def _from_path(source: str | os.PathLike[Any], limit: int) -> tuple[bytes, str]:
    path = os.fspath(source)
    shown = _printable(os.fsdecode(path))
    if not shown:
        raise PictureUnnamed()
    name = os.path.basename(shown) or shown
    try:
        # Asked first: opening a pipe waits for its writer, and opening a device can do things.
        _check_kind(os.stat(path).st_mode, shown)
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            _check_kind(status.st_mode, shown)
            _check_bytes(status.st_size, limit, name)
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name no file can have
        raise PictureMissing(path=shown) from None
    except OSError as error:
        raise NotReadable(path=shown, **why(error)) from error
    if len(data) > limit:  # it grew, or the file system cannot tell sizes
        raise _too_many(f"{_tenths(limit)}+", limit, name)
    return data, name


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _check_kind(mode: int, shown: str) -> None:
    if stat.S_ISDIR(mode):
        raise NotReadable(path=shown, reason="it is a folder", reason_zh="它是一个文件夹")
    if not stat.S_ISREG(mode):
        raise NotReadable(path=shown, reason="it is not a regular file", reason_zh="它不是普通文件")


def _from_stream(stream: Any, limit: int) -> tuple[bytes, str]:
    name = _stream_name(stream)
    try:
        start = stream.tell()
    except Exception:  # a stream that cannot tell is read once, from where it stands
        start = None
    try:
        data = _drain(stream, limit, name)
    except NotAPicture:
        raise
    except Exception as error:  # what a stranger's stream raises is its own affair
        raise NotReadable(
            path=name, reason=getattr(error, "strerror", None) or "its stream failed"
        ) from error
    finally:
        if start is not None:
            with contextlib.suppress(Exception):
                stream.seek(start)
    if len(data) > limit:
        raise _too_many(f"{_tenths(limit)}+", limit, name)
    return data, name


def _drain(stream: Any, limit: int, name: str) -> bytes:
    data = bytearray()
    while len(data) <= limit:
        chunk = stream.read(limit + 1 - len(data))
        if chunk is not None and not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise NotAPicture(name=name)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return _printable(os.path.basename(name)) or UNNAMED if isinstance(name, str) else UNNAMED


def _printable(text: str) -> str:
    """Without control characters and lone surrogates: names end up on terminals and in UTF-8."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else "?" for c in text)


def _check_bytes(size: int, limit: int, name: str) -> None:
    if size > limit:
        raise _too_many(_tenths(size), limit, name)


def _too_many(mebibytes: str, limit: int, name: str) -> TooManyBytes:
    return TooManyBytes(name=name, mebibytes=mebibytes, limit=_tenths(limit))


def _tenths(size: int) -> str:
    """Mebibytes, rounded up so that one byte too many does not read as the limit itself."""
    return f"{math.ceil(size * 10 / MEBIBYTE) / 10:.1f}".removesuffix(".0")
