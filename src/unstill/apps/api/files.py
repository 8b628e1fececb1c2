"""Files to the client: whole or one range, never anything but a regular file below its folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from unstill.apps.api.errors import NoSuchRange, answer
from unstill.domain.errors import FileMissing

CHUNK = 256 * 1024
"""Bytes read and sent at a time."""
_SAFE = {
    "accept-ranges": "bytes",
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}
KEEP = "private, max-age=31536000, immutable"
ASK = "private, no-cache"
_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9 !#$&()+,.;=@_{}~-]")


def send_file(
    request: Request | Mapping[str, Any],
    path: Path,
    media_type: str,
    filename: str,
    *,
    root: Path,
    immutable: bool = True,
    inline: bool = False,
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a GET or HEAD of one file.

    ``path`` may be relative to ``root``. ``etag`` names the content (its sha256, say); without it size and
    time of change do. Single byte ranges as RFC 9110, section 14; of several the whole file is sent.

    Raises:
        FileMissing: there is no such regular file below ``root``, reached without a symbolic link.
    """
    scope = dict(request.scope if isinstance(request, Request) else request)
    asked = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    file = _open_below(root, path, filename)
    status = os.fstat(file.fileno())
    tag = f'"{etag}"' if etag else f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
    changed = formatdate(status.st_mtime, usegmt=True)
    common = {**_SAFE, "etag": tag, "last-modified": changed, "cache-control": KEEP if immutable else ASK}
    common |= {"content-disposition": disposition(filename, inline=inline), **(headers or {})}
    if _matches(asked, tag, status.st_mtime):
        file.close()
        return Response(status_code=304, headers=common)
    ranged = scope["method"] == "GET" and _range_holds(asked, tag, changed)
    first, last, code = _range(asked.get("range", "") if ranged else "", status.st_size)
    if code == 416:
        file.close()
        refused = answer(NoSuchRange(size=status.st_size), scope)
        refused.headers.update({**common, "content-range": f"bytes */{status.st_size}", "cache-control": ASK})
        return refused
    if code == 206:
        common["content-range"] = f"bytes {first}-{last}/{status.st_size}"
    common["content-length"] = str(last - first + 1)
    return _Bytes(file, first, last - first + 1, code, common, media_type)


def send_once(path: Path, media_type: str, filename: str) -> Response:
    """A temporary file of ours, whole; it is gone afterwards, however far the client took it.

    Where the system lets go of names of open files it goes at once, so that not even a kill leaves it.
    """
    file = cast(BinaryIO, path.open("rb", buffering=0))
    with contextlib.suppress(PermissionError):  # Windows
        path.unlink()
    size = os.fstat(file.fileno()).st_size
    headers = {"content-disposition": disposition(filename), "cache-control": "no-store"}
    headers |= {"x-content-type-options": "nosniff", "content-length": str(size)}
    return _Bytes(file, 0, size, 200, headers, media_type, after=lambda: path.unlink(missing_ok=True))


def disposition(filename: str, *, inline: bool = False) -> str:
    """Content-Disposition with a plain name for old readers and the real one (RFC 6266, RFC 8187)."""
    name = PurePath(filename.replace("\\", "/")).name or "file"
    plain = _UNSAFE.sub("_", name)
    text = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    if plain == name:
        return text
    return f"{text}; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


class _Bytes(Response):
    """So many bytes of an open file, from an offset on."""

    def __init__(
        self,
        file: BinaryIO,
        start: int,
        count: int,
        code: int,
        headers: Mapping[str, str],
        media_type: str,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(status_code=code, headers=headers, media_type=media_type)
        self._file, self._start, self._count, self._after = file, start, count, after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        gone = asyncio.create_task(_disconnected(receive))  # players give up often; then nothing more is read
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            at, end = self._start, self._start + (0 if scope["method"] == "HEAD" else self._count)
            while at < end and not gone.done():
                content = await asyncio.to_thread(_read_at, self._file, at, min(CHUNK, end - at))
                if not content:  # cut short meanwhile: the client must not take this for the whole
                    raise ConnectionAbortedError("a file became shorter while it was sent")
                at += len(content)
                await send({"type": "http.response.body", "body": content, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._file.close()
            self._after()


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read_at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _open_below(root: Path, path: Path, shown: str) -> BinaryIO:
    """Step by step from ``root``, which no step can leave: neither by a name nor by a link."""
    try:
        parts = (path.relative_to(root) if path.is_absolute() else path).parts
        if not parts or any(_leads_away(part) for part in parts):
            raise FileNotFoundError
        handle = _descend(root, parts)
    except (OSError, ValueError):  # ValueError: not below root, or a name with a zero in it
        raise FileMissing(path=shown) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileMissing(path=shown)
    return os.fdopen(handle, "rb", buffering=0)


def _leads_away(part: str) -> bool:
    return part in ("..", ".") or "/" in part or "\\" in part or ":" in part or "\0" in part


def _descend(root: Path, parts: tuple[str, ...]) -> int:
    base = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
    if os.open not in os.supports_dir_fd:  # Windows: compare where the name leads instead
        place = root.joinpath(*parts)
        if place.resolve() != root.resolve().joinpath(*parts):
            raise FileNotFoundError
        return os.open(place, base | getattr(os, "O_BINARY", 0))
    folder = os.open(root, base | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, base | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(parts[-1], base | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


def _matches(asked: Mapping[str, str], tag: str, changed: float) -> bool:
    """Whether the client has this content already (RFC 9110, section 13.1)."""
    wanted = asked.get("if-none-match")
    if wanted is not None:
        return any(part.strip().removeprefix("W/") in (tag, "*") for part in wanted.split(","))
    since = _date(asked.get("if-modified-since", ""))
    return since is not None and int(changed) <= since


def _range_holds(asked: Mapping[str, str], tag: str, changed: str) -> bool:
    """If-Range: part of the file only if it is still the one the client has part of."""
    condition = asked.get("if-range")
    return condition is None or condition.strip() in (tag, changed)


def _range(text: str, size: int) -> tuple[int, int, int]:
    """First byte, last byte, status. What is no single range of bytes is ignored."""
    match = _RANGE.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        return 0, size - 1, 200
    if not match[1]:
        count = min(int(match[2]), size)
        return (size - count, size - 1, 206) if count else (0, 0, 416)
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < first:
        return 0, size - 1, 200
    return (first, last, 206) if first < size else (0, 0, 416)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
