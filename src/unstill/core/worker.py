"""What is said between the server and a worker process: JSON lines, bounded, versioned, no pickle.

A worker owns one device and does one task at a time. Every line is one message; a line that is too long or
is no message ends the worker that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from unstill.domain.errors import Language
from unstill.domain.notes import Note

VERSION = 2
"""Changes with anything that an older reader would misunderstand."""
MOST_BYTES = 2**20
"""The longest line, its end included."""

_M = TypeVar("_M")
Count = Annotated[int, Field(ge=0, le=2**53)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ProtocolError(Exception):
    """A line that is no message. Never holds what the line said: that may be a person's words."""


class WorkerGone(Exception):
    """The process has ended. ``signal`` is the one that ended it, if one did."""

    def __init__(self, how: str, signal: int | None = None) -> None:
        self.how, self.signal = how, signal
        super().__init__(how)


@dataclass(frozen=True)
class Task:
    """One attempt at one job: all that a worker is told. Paths are absolute.

    ``kind`` "extend" puts the frames of ``source`` before what is made; the first new frame shows the
    source's last one again and is left out.
    """

    job_id: str
    """The video's id, too."""
    attempt: int
    request: Mapping[str, Any]
    """`VideoRequest.settings()`."""
    input: str
    target: str
    """The name of the finished file, the attempt's own."""
    picture_name: str
    kind: str = "generate"
    source: str | None = None
    last_input: str | None = None
    """The picture that the last frame is to show."""
    last_name: str = ""
    keep_prompt: bool | None = None
    language: Language | None = None
    """That of the visible label, if there is to be one."""


# --- to the worker


@dataclass(frozen=True)
class Run:
    """Do this."""

    task: Task
    kind: Literal["run"] = "run"


@dataclass(frozen=True)
class Cancel:
    """Stop at the next tick. Means nothing to a worker that does nothing."""

    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True)
class Quit:
    """End the process when the task, if any, is done."""

    kind: Literal["quit"] = "quit"


# --- from the worker


@dataclass(frozen=True)
class Hello:
    """The first message."""

    pid: Count
    device: str
    models: tuple[str, ...]
    version: int = VERSION
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True)
class Tick:
    """Progress, as the engine's tick has it; ``preview_jpeg`` is base64."""

    stage: Annotated[str, Field(max_length=80)]
    done: Count
    total: Count
    preview_jpeg: str | None = None
    kind: Literal["tick"] = "tick"


@dataclass(frozen=True)
class Beat:
    """The process lives; says nothing about the task."""

    kind: Literal["beat"] = "beat"


@dataclass(frozen=True)
class Done:
    """The file stands, decoded again and durable. ``plan`` is what was made, as `Plan.to_json` says it."""

    path: str
    size_bytes: Count
    mtime_ns: Annotated[int, Field(ge=0)]
    """When the file was last written, as the system says it."""
    sha256: str
    elapsed_s: Seconds
    peak_bytes: Count
    thumbnail: str | None = None
    spritesheet: str | None = None
    last_frame: str | None = None
    notes: tuple[Note, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    sound: bool = False
    kind: Literal["done"] = "done"


@dataclass(frozen=True)
class Failed:
    """A typed error, or an unforeseen one that is in the log under its incident id."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    out_of_memory: bool = False
    spoiled: bool = False
    """The process may be in any state now: the next task is for a fresh one."""
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True)
class Stopped:
    """A cancel was heeded; nothing is left of the task."""

    kind: Literal["stopped"] = "stopped"


ToWorker = Run | Cancel | Quit
FromWorker = Hello | Tick | Beat | Done | Failed | Stopped

_TO: TypeAdapter[ToWorker] = TypeAdapter(Annotated[ToWorker, Field(discriminator="kind")])
_FROM: TypeAdapter[FromWorker] = TypeAdapter(Annotated[FromWorker, Field(discriminator="kind")])
_ANY: TypeAdapter[ToWorker | FromWorker] = TypeAdapter(
    Annotated[ToWorker | FromWorker, Field(discriminator="kind")]
)


def to_line(message: ToWorker | FromWorker) -> bytes:
    """A message as one line. Raises `ProtocolError` where it cannot be one."""
    try:
        line = _ANY.dump_json(message, warnings=False, fallback=_plain) + b"\n"
    except ValueError as error:  # what JSON cannot hold
        raise ProtocolError(f"a message of kind {message.kind} that is no JSON") from error
    if len(line) > MOST_BYTES:
        raise ProtocolError(f"a message of kind {message.kind} that is {len(line)} bytes long")
    return line


def _plain(value: object) -> object:
    """Facts are read-only mappings, which JSON writers do not know, and may hold paths."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def from_worker(line: bytes) -> FromWorker:
    """What a worker's line says. Raises `ProtocolError`, and nothing else."""
    return _read(_FROM, line)


def to_worker(line: bytes) -> ToWorker:
    """What a line to a worker says. Raises `ProtocolError`, and nothing else."""
    return _read(_TO, line)


def _read(kinds: TypeAdapter[_M], line: bytes) -> _M:
    if len(line) > MOST_BYTES:
        raise ProtocolError(f"a line longer than {MOST_BYTES} bytes")
    try:
        return kinds.validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ProtocolError(f"a line that is no message ({first['type']})") from None


class WorkerProcess(Protocol):
    """One process that owns one device, started when it is needed. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """The device, as in log lines and leases: "cpu:0"."""

    @property
    def running(self) -> bool:
        """Whether there is a process, as far as is known."""

    def start(self) -> None:
        """Have a process. Raises `WorkerGone` where none can be had."""

    def send(self, message: ToWorker) -> None:
        """Raises `WorkerGone`."""

    def receive(self, timeout_s: float) -> FromWorker | None:
        """The next message, None when none came in time. Raises `WorkerGone` and `ProtocolError`."""

    def quit(self) -> None:
        """Ask an idle process to end, then make it; it and its children are gone afterwards."""

    def kill(self) -> None:
        """SIGTERM, a moment, SIGKILL, to the whole group; it and its children are gone afterwards."""

    def wait_s(self) -> float:
        """Seconds until a new process may be tried, after it failed; 0 for now."""

    @property
    def quarantined(self) -> bool:
        """Whether it failed so often in a row that it is only tried now and then."""

    def failed(self) -> None:
        """It crashed or hung: the next try comes later."""

    def healthy(self) -> None:
        """It gave a proper answer."""


@dataclass(frozen=True)
class WorkerSettings:
    """How workers are driven. All in seconds but the counts."""

    lease_s: float = 20.0
    poll_s: float = 1.0
    """Between looks for a job when nobody says that there is one."""
    report_s: float = 0.25
    """Between two reports of progress in one stage."""
    start_s: float = 120.0
    """From the start of a process to its first word."""
    load_s: float = 600.0
    """For opening the picture and loading the model."""
    stage_s: float = 60.0
    """The least that any stage may take without moving on."""
    stage_steps: float = 5.0
    """Planned steps that a stage may take without moving on, where that is more."""
    cancel_s: float = 10.0
    """Between asking a task to stop and ending its process."""
    term_s: float = 3.0
    """Between SIGTERM and SIGKILL."""
    idle_s: float = 600.0
    """How long an idle process is kept."""
    backoff_s: float = 1.0
    """Before the first try after a crash; doubles with each one in a row."""
    backoff_most_s: float = 60.0
    quick_s: float = 60.0
    """A crash sooner than this after the start is one of a row."""
    quarantine_after: int = 5
    """So many quick crashes in a row and the device is tried once a `probe_s`."""
    probe_s: float = 60.0
    prestart: bool = True
    """Whether the process is there before the first job."""
    keep_prompt: bool | None = None
    """Whether files carry the prompt; None leaves it to the worker's own settings."""
