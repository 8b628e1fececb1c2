"""A request and its picture to a server, so that a lost answer does not make two videos."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.patience import Patience
from unstill.apps.cli.remote.video import Video, told_by
from unstill.core.durable import why
from unstill.domain.errors import EmptyPicture, NotReadable, PictureMissing, TooManyBytes, UnstillError
from unstill.domain.request import VideoRequest

MEBIBYTE = 2**20
TRIES = 8
"""Answers that may get lost before the picture is given up."""


def form_of(request: VideoRequest) -> dict[str, str]:
    """The fields of a form. Options keep their types, as JSON in `extra_params`."""
    settings = request.settings()
    options: Any = settings.pop("options", None)
    loras: Any = settings.pop("loras", None)
    form = {name: _text(value) for name, value in settings.items()}
    form["prompt"] = request.prompt
    if loras:
        form["loras"] = json.dumps(loras)
    if options:
        form["extra_params"] = json.dumps({"options": options})
    return form


def plan(remote: Remote, request: VideoRequest, size: tuple[int, int]) -> dict[str, Any]:
    """What the server would make of a picture of this size, which it need not see for that."""
    width, height = size
    form = {name: value for name, value in form_of(request).items() if value}
    if request.last_image is not None:
        form["last_image"] = "true"
    return remote.post("/v1/plans", form={**form, "width": str(width), "height": str(height)}).body


def submit(
    remote: Remote,
    request: VideoRequest,
    picture: tuple[bytes, str],
    at_loss: Callable[[], None],
    check: Callable[[], None],
    last: tuple[bytes, str] | None = None,
) -> Video:
    """The queued video of a picture, its bytes and name, and perhaps ``last``, one for its last frame.
    Sent again under the same key until there is an answer; ``check`` may end that.

    Raises:
        UnstillError: what `Remote.open` raises.
    """
    files = {"input_reference": (picture[1], picture[0])}
    if last is not None:
        files["last_input_reference"] = (last[1], last[0])
    key = f"unstill-cli-{secrets.token_hex(16)}"
    patience = Patience(remote, None, at_loss, tries=TRIES)
    while True:
        try:
            reply = remote.post(
                "/v1/videos", form=form_of(request), files=files,
                headers={"Idempotency-Key": key},
            )  # fmt: skip
            return told_by(reply, remote)
        except UnstillError as error:
            check()
            patience.bear(error)


def read_picture(path: Path, most_mebibytes: float) -> tuple[bytes, str]:
    """A picture's bytes, and its name as a form can carry it. What is in it is the server's to judge.

    Raises:
        PictureMissing, NotReadable, EmptyPicture, TooManyBytes: there is nothing that could be sent.
    """
    most = int(most_mebibytes * MEBIBYTE)
    try:
        _refuse_odd(path, path.stat().st_mode)  # asked first: opening a pipe waits for its writer
        with open(path, "rb", opener=_without_waiting) as file:
            _refuse_odd(path, os.fstat(file.fileno()).st_mode)
            raw = file.read(most + 1)
            size = max(len(raw), os.fstat(file.fileno()).st_size)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name no file can have
        raise PictureMissing(path=path) from None
    except OSError as error:
        raise NotReadable(path=path, **why(error)) from error
    if not raw:
        raise EmptyPicture(name=path.name)
    if len(raw) > most:
        mebibytes = f"{size / MEBIBYTE + 0.05:.1f}"
        raise TooManyBytes(name=path.name, mebibytes=mebibytes, limit=f"{most_mebibytes:g}")
    return raw, path.name.encode("utf-8", "replace").decode()


def _refuse_odd(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise NotReadable(path=path, reason="it is a folder", reason_zh="它是一个文件夹")
    if not stat.S_ISREG(mode):
        raise NotReadable(path=path, reason="it is not a regular file", reason_zh="它不是普通文件")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
