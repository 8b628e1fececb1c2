"""What a child says, checked: it has looked at a stranger's bytes, so nothing it says is taken on trust."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from unstill.domain import service_errors
from unstill.domain.errors import (
    BadPicture,
    DamagedPicture,
    DiskFull,
    InvalidField,
    NotAVideo,
    NotOurVideo,
    NotReadable,
    NotWritable,
    PictureMissing,
    UnstillError,
    tree,
)
from unstill.domain.notes import Note

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_TEXT = 300
_ALLOWED = (
    BadPicture, DiskFull, InvalidField, NotAVideo, NotOurVideo, NotReadable, NotWritable, PictureMissing,
    service_errors.VideoTooLong,
)  # fmt: skip
"""The errors a child may have. Any other from it means that it is not itself any more."""
_NAMED = ("name", "path")
"""Facts that hold a file's name: the person's own stands there, never that of our temporary file."""
LOG = logging.getLogger(__name__)


@cache
def _kinds() -> Mapping[str, type[UnstillError]]:
    return {kind.code: kind for kind in tree() if issubclass(kind, _ALLOWED)}


def result(reply: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What the job gave. Raises the error it ended in, with ``name`` for the file."""
    done, failed = reply.get("done"), reply.get("error")
    if isinstance(done, dict):
        return done
    if isinstance(failed, dict):
        raise _error(failed, name)
    LOG.warning("the decoding child failed: %s", str(reply.get("failed", ""))[-2000:])
    raise DamagedPicture(name=name)


def _error(failed: Mapping[str, Any], name: str) -> UnstillError:
    kind, facts = _kinds().get(str(failed.get("code"))), failed.get("facts")
    if kind is None or not isinstance(facts, dict):
        return DamagedPicture(name=name)
    plain = {str(key): _plain(value) for key, value in list(facts.items())[:20] if key != "param"}
    param = failed.get("param")
    try:
        error = kind(
            param=str(param)[:80] if param else None,
            **plain | {key: name for key in _NAMED if key in plain},
        )
        error.message("zh"), error.hint("en"), error.hint("zh")
    except (KeyError, TypeError, ValueError):
        return DamagedPicture(name=name)
    return error


def _plain(value: object) -> object:
    return value if isinstance(value, (int, float)) else str(value)[:_MOST_TEXT]


def side(done: Mapping[str, Any], key: str, most: int, name: str) -> int:
    """A width or height. Raises `DamagedPicture` for what is none."""
    value = done.get(key)
    if not isinstance(value, int) or not 1 <= value <= most:
        raise DamagedPicture(name=name)
    return value


def sha256(done: Mapping[str, Any], name: str) -> str:
    value = str(done.get("sha256", ""))
    if not _SHA256.fullmatch(value):
        raise DamagedPicture(name=name)
    return value


def notes(done: Mapping[str, Any]) -> tuple[Note, ...]:
    """Only remarks that this version can say."""
    made = []
    for entry in list(done.get("notes") or ())[:8]:
        if isinstance(entry, dict) and isinstance(entry.get("facts"), dict):
            remark = Note(str(entry.get("code")), {str(k): _plain(v) for k, v in entry["facts"].items()})
            try:
                remark.text("en"), remark.text("zh")
            except (KeyError, ValueError, IndexError):
                continue
            made.append(remark)
    return tuple(made)
