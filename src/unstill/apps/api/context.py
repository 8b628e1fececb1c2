"""What every route has at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from unstill.apps.api.errors import NotAllowed, tongue
from unstill.apps.api.metrics import Tally
from unstill.core.crew import Crew
from unstill.core.jobs import VideoService
from unstill.core.keys import KeyStore
from unstill.core.prompts import Interpreter
from unstill.domain.errors import InvalidField, Language
from unstill.domain.job import NOBODY

if TYPE_CHECKING:
    from unstill.apps.api.model_weights import PullDesk

_T = TypeVar("_T")
KEY_LIMIT = 255
"""Characters of an Idempotency-Key."""


@dataclass(frozen=True)
class ApiSettings:
    """Values, not where they come from. Seconds, bytes."""

    language: Language = "en"
    """For clients that name none."""
    heartbeat_s: float = 15.0
    look_s: float = 2.0
    """How often a watcher looks at the row itself, should news get lost."""
    sync_s: float = 600.0
    """The longest wait of POST /v1/videos/sync; the time-out of openai's client."""
    tick_limit_s: float = 60.0
    """A worker not heard of for longer does not count as ready."""
    max_picture_bytes: int = 20 * 2**20
    max_picture_pixels: int = 40_000_000
    max_video_bytes: int = 100 * 2**20
    log_file: Path | None = None
    shown: Mapping[str, object] = field(default_factory=dict)
    """The settings in force, for the support bundle."""


@dataclass(frozen=True)
class Context:
    """The parts of one app."""

    service: VideoService
    settings: ApiSettings
    tally: Tally
    crew: Crew | None = None
    keys: KeyStore | None = None
    pulls: PullDesk | None = None
    interpreter: Interpreter | None = None
    """Puts prompts into English, in a process of its own."""
    started: float = field(default_factory=time.monotonic)
    readers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(40))
    makers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(8))
    """Uploads wait for the decoding child; they must not take the threads that status calls need."""

    async def read(self, call: Callable[[], _T]) -> _T:
        """Something quick that blocks."""
        return await anyio.to_thread.run_sync(call, limiter=self.readers)

    async def make(self, call: Callable[[], _T]) -> _T:
        """Something slow that blocks."""
        return await anyio.to_thread.run_sync(call, limiter=self.makers)


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def owner_of(request: Request) -> str:
    """The key's id; `NOBODY` for the operator and where no keys are configured. The guard says so."""
    return str(request.scope.get("unstill.owner") or NOBODY)


def is_operator(request: Request) -> bool:
    """Also on paths that are open to all: somebody whom the guard knows, without a key of their own."""
    return bool(request.scope.get("unstill.known", True)) and owner_of(request) == NOBODY


def operators_only(request: Request) -> None:
    """Raises `NotAllowed` for everybody with a key of their own."""
    if owner_of(request) != NOBODY:
        route = request.scope.get("route")
        raise NotAllowed(path=getattr(route, "path", request.scope["path"]))


def language_in(request: Request) -> Language:
    return tongue(request.scope)


def idempotency_key(request: Request) -> str | None:
    """The client's own name for the request. Raises `InvalidField`."""
    key = request.headers.get("idempotency-key") or None
    if key is not None and len(key) > KEY_LIMIT:
        raise InvalidField(
            param="Idempotency-Key", value=f"{len(key)} characters long",
            expected=f"at most {KEY_LIMIT} characters", expected_zh=f"最多 {KEY_LIMIT} 个字符",
        )  # fmt: skip
    return key
