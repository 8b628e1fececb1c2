"""What a server says of one video. Nothing in it is taken on trust: it may be anybody's server."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from unstill.apps.cli.remote.client import Remote, Reply
from unstill.apps.cli.remote.errors import said
from unstill.domain.errors import MissingArgument, UnstillError
from unstill.domain.service_errors import VideoNotFound

FINAL = ("completed", "failed", "cancelled")
STATES = ("queued", "in_progress", *FINAL)
PAGE = 100
SOONEST_S, LATEST_S = 0.1, 5.0
"""Seconds between two looks, whatever the server advises."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True)
class Video:
    """One video; ``raw`` is the API's object, untouched."""

    raw: Mapping[str, Any]
    poll_s: float = field(default=1.0, compare=False)
    """Seconds after which to look again."""

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def state(self) -> str:
        """One of `STATES`; ours says more exactly what the dialect's status says."""
        return str(self.raw.get("state") or self.raw.get("status"))

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def percent(self) -> int:
        return max(0, min(100, int(self.number("progress") or 0)))

    def text(self, name: str) -> str:
        """A field that should be text; "" where it is not."""
        value = self.raw.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        value = self.raw.get(name)
        fine = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return value if fine else None

    def part(self, name: str) -> Mapping[str, Any]:
        """A field that should be an object; empty where it is not."""
        value = self.raw.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def notes(self) -> list[str]:
        value = self.raw.get("notes")
        return [note for note in value if isinstance(note, str)] if isinstance(value, list) else []

    @property
    def failure(self) -> UnstillError | None:
        """Why there is no video."""
        told = self.part("error")
        if isinstance(told.get("message"), str):
            return said(told, 500)
        return UnstillError() if self.state in ("failed", "cancelled") else None


def video_of(raw: object, remote: Remote, poll_s: float = 1.0) -> Video:
    """Raises `NotUnstill` for what is no video."""
    if isinstance(raw, dict) and isinstance(raw.get("id"), str) and _ID.fullmatch(raw["id"]):
        video = Video(raw, poll_s)
        if video.state in STATES:
            return video
    raise remote.strange("it answers without a video", "它的应答中没有视频")


def look(remote: Remote, video_id: str) -> Video:
    """The video as it is now. Raises `VideoNotFound` and what `Remote.open` raises."""
    return told_by(remote.get(path_of(video_id)), remote)


def act(remote: Remote, video_id: str, verb: str) -> Video:
    """POST cancel or restore."""
    return told_by(remote.post(f"{path_of(video_id)}/{verb}"), remote)


def path_of(video_id: str) -> str:
    """Where a video is. Raises `MissingArgument`, `VideoNotFound` for what cannot be an id."""
    if not video_id:
        raise MissingArgument(argument="ID", example="unstill jobs show video_0123")
    if not _ID.fullmatch(video_id):
        raise VideoNotFound(id=video_id[:80])
    return f"/v1/videos/{video_id}"


def listed(remote: Remote, states: tuple[str, ...], most: int | None) -> tuple[list[Video], bool]:
    """Videos, newest first, at most so many; and whether there are more."""
    found: list[Video] = []
    more = False
    for page, more in _pages(remote, states, most):
        found += page
        if most is not None and len(found) >= most:
            return found[:most], more or len(found) > most
    return found, more


def _pages(remote: Remote, states: tuple[str, ...], most: int | None) -> Iterator[tuple[list[Video], bool]]:
    after: str | None = None
    while True:
        limit = PAGE if most is None else min(PAGE, most)
        reply = remote.get("/v1/videos", limit=limit, after=after, state=states or None)
        data = reply.body.get("data")
        if not isinstance(data, list):
            raise remote.strange("it answers without a list", "它的应答中没有列表")
        page = [video_of(raw, remote) for raw in data]
        more = reply.body.get("has_more") is True and bool(page) and page[-1].id != after
        yield page, more
        if not more:
            return
        after = page[-1].id


def told_by(reply: Reply, remote: Remote) -> Video:
    """The video of an answer, and when to look again. Raises `NotUnstill`."""
    advised = reply.headers.get("openai-poll-after-ms", "")
    seconds = int(advised) / 1000 if advised.isascii() and advised.isdigit() and len(advised) < 9 else 1.0
    return video_of(reply.body, remote, min(LATEST_S, max(SOONEST_S, seconds)))
