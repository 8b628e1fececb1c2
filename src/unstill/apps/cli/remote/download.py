"""A finished video onto this disk: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from unstill.apps.cli.outputs import Place
from unstill.apps.cli.progress import Show
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.errors import DownloadDamaged
from unstill.apps.cli.remote.patience import Patience
from unstill.apps.cli.remote.video import Video, path_of
from unstill.apps.cli.screen import Screen
from unstill.core.durable import beside, file_errors, settle
from unstill.core.services import Services
from unstill.domain.errors import NotAVideo, UnstillError

MOST_BYTES = 64 * 2**30
"""Of a file whose server does not say how large it is."""
TRIES = 8
"""Connections that may break in a row."""
Seen = Callable[[bytes, int], None]
"""Told of each piece, and of all bytes so far."""


def download(
    remote: Remote, video: Video, place: Place, services: Services, screen: Screen, show: Show
) -> Path:
    """The file's name. A connection that breaks is made again.

    Raises:
        DownloadDamaged: what came is not what the server made.
        OutputExists, NotWritable, DiskFull: about the place.
        UnstillError: what `Remote.open` raises.
    """
    patience = Patience(
        remote, None, lambda: screen.talk(screen.say("waits_for_server", url=remote.place.url)), tries=TRIES
    )
    with beside(place.path) as partial:
        while True:
            try:
                _fetch(remote, video, partial, place.path, show)
                break
            except UnstillError as error:
                patience.bear(error)
        try:
            services.metadata(partial)
        except NotAVideo:
            raise DownloadDamaged(id=video.id, reason="it is no video", reason_zh="不是视频文件") from None
        with file_errors(place.path):
            return settle(partial, place.path, replace_existing=place.replace, number_if_taken=place.number)


def _fetch(remote: Remote, video: Video, partial: Path, target: Path, show: Show) -> None:
    """The bytes, as many as the server said and with the checksum it said."""
    made, digest = video.part("output"), hashlib.sha256()
    size = made.get("size_bytes")
    path = f"{path_of(video.id)}/content"
    with file_errors(target), partial.open("wb") as file, remote.open("GET", path) as response:
        total = size if isinstance(size, int) and size > 0 else declared(response)

        def seen(piece: bytes, count: int) -> None:
            digest.update(piece)
            show("download", count // 1024, max(1, (total or 0) // 1024))

        count = copy(response, file, total, remote, seen)
    if total is not None and count < total:
        reason, zh = f"{count} of {total} bytes came", f"{total} 字节只收到 {count} 字节"
        raise DownloadDamaged(id=video.id, reason=reason, reason_zh=zh)
    if isinstance(made.get("sha256"), str) and made["sha256"] != digest.hexdigest():
        raise DownloadDamaged(id=video.id, reason="its checksum is wrong", reason_zh="校验和不对")


def copy(response: httpx.Response, file: BinaryIO, total: int | None, remote: Remote, seen: Seen) -> int:
    """The whole body into a file; its bytes. Raises `NotUnstill` when it goes on past ``total``."""
    count = 0
    for piece in response.iter_raw(256 * 1024):
        count += len(piece)
        if count > (MOST_BYTES if total is None else total):
            raise remote.strange("it sends more than it announced", "它发送的内容比声明的多")
        file.write(piece)
        seen(piece, count)
    return count


def declared(response: httpx.Response) -> int | None:
    """Content-Length."""
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
