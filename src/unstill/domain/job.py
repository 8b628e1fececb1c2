"""A job: a durable plan with a state. The one record that the API, the studio and the command line show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from unstill.domain.notes import Note


class State(StrEnum):
    """Where a job is. Final states are never left."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL


_STATES_ZH = {
    State.QUEUED: "正在排队",
    State.IN_PROGRESS: "正在生成",
    State.COMPLETED: "完成",
    State.FAILED: "失败",
    State.CANCELLED: "取消",
}
FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


def state_words(state: str) -> dict[str, str]:
    """A state as the facts of an error: ``state`` and ``state_zh``."""
    known = {each.value: zh for each, zh in _STATES_ZH.items()}
    return {"state": state.replace("_", " "), "state_zh": known.get(state, state)}


MAX_CRASHES = 3
"""A job survives two crashes of its worker; the third fails it."""
NOBODY = ""
"""The owner of jobs made where no key is asked for."""


@dataclass(frozen=True)
class Progress:
    """How far a running job is: ``done`` of ``total`` units of ``stage``; percent 0..100 of the whole job."""

    stage: str
    done: int
    total: int
    percent: int
    eta_s: float | None = None


@dataclass(frozen=True)
class Input:
    """The picture of a job, kept as pixels (PNG) under ``file``, relative to the data folder, and with it in
    ``last`` the one for the last frame, where there is one."""

    file: str
    name: str
    sha256: str
    width: int
    height: int
    last: Input | None = None

    def files(self) -> list[str]:
        """Both of them."""
        return [self.file, *(self.last.files() if self.last else ())]


@dataclass(frozen=True)
class Output:
    """A finished video and what was made of it; files relative to the data folder, memory in bytes."""

    file: str
    size_bytes: int
    sha256: str
    elapsed_s: float
    peak_bytes: int
    thumbnail: str | None = None
    spritesheet: str | None = None
    last_frame: str | None = None
    """The last frame without the visible label, where the label lasts to the end: what an extension goes on
    from."""
    sound: bool = False
    """Whether there is something to be heard with it."""

    def files(self) -> list[str]:
        """All of them."""
        named = (self.file, self.thumbnail, self.spritesheet, self.last_frame)
        return [name for name in named if name]


@dataclass(frozen=True)
class Failure:
    """Why a job failed: code and facts of a typed error, so that it can be said in any language."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One row. Times are seconds since 1970 by the wall clock, for people; leases go by another clock."""

    id: str
    number: int
    """Counts up with every job: the order of lists, for which `created_at` may jump."""
    owner: str
    """The id of the API key that made it, or `NOBODY`."""
    state: State
    priority: int
    """Higher goes first."""
    kind: str
    """ "generate", or "extend": the source video and its continuation in one file."""
    request: Mapping[str, Any]
    """`VideoRequest.settings()` as the plan filled it."""
    plan: Mapping[str, Any]
    """`Plan.to_json()` without its notes."""
    input: Input
    source: str | None
    """The video this one was remixed from or extends."""
    created_at: float
    started_at: float | None = None
    completed_at: float | None = None
    deleted_at: float | None = None
    deadline_at: float | None = None
    """When it is of no more use: what is not settled then fails as ``deadline_passed``."""
    attempt: int = 0
    """The fence: counts every claim and never resets."""
    crashes: int = 0
    worker: str | None = None
    cancel_requested: bool = False
    progress: Progress | None = None
    notes: tuple[Note, ...] = ()
    output: Output | None = None
    failure: Failure | None = None
    revision: int = 0
    """Counts every change of the row."""

    def files(self) -> list[str]:
        """Every file of it, relative to the data folder; the pictures may be other jobs' too."""
        return [*self.input.files(), *(self.output.files() if self.output else ())]

    @property
    def model(self) -> str:
        return str(self.request["model"])
