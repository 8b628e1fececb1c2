"""The worker process: `python -m unstill.worker --device cpu --models motion`.

Reads tasks from stdin, one JSON line each, and answers on stdout; see `unstill.core.worker`. It is started by
the server and ends with it: on end-of-file, and by the kernel's hand where it could not hear that.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import os
import queue
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstill.adapters.local_workers import lifeline, talk
from unstill.adapters.local_workers.pipes import LineTooLong, lines
from unstill.core.out_of_memory import is_out_of_memory
from unstill.core.worker import (
    MOST_BYTES,
    Beat,
    Cancel,
    Failed,
    FromWorker,
    Hello,
    ProtocolError,
    Quit,
    Run,
    Stopped,
    Task,
    Tick,
    to_line,
    to_worker,
)
from unstill.domain.errors import Cancelled, OutOfMemory, Unexpected, UnstillError

if TYPE_CHECKING:
    from unstill.core.ports import Frame
    from unstill.core.services import Services

LOG = logging.getLogger("unstill.worker")
BEAT_S, TICK_S, PREVIEW_S = 1.0, 0.05, 0.5
"""Between two messages of a kind; a tick that starts or ends a stage is always sent."""
PREVIEW_SIDE, PREVIEW_BYTES = 256, 65536
TEXT_LIMIT = 1000
"""Characters of one fact of an error."""


class Channel:
    """Messages to the server, whole lines, from any thread."""

    def __init__(self, handle: int) -> None:
        self._handle, self._lock = handle, threading.Lock()

    def send(self, message: FromWorker) -> None:
        """Raises `ProtocolError` for what is no message. Without a server to hear it the process ends."""
        left = memoryview(to_line(message))
        with self._lock:
            try:
                while left:
                    left = left[os.write(self._handle, left) :]
            except OSError:
                lifeline.end_group()


class Ticker:
    """The tick of one task: progress out, thinned; the cancel in."""

    def __init__(self, channel: Channel) -> None:
        self.cancelled = threading.Event()
        self._channel = channel
        self._stage, self._said, self._shown = "", 0.0, 0.0

    def __call__(self, stage: str, done: int, total: int, preview: Frame | None = None) -> None:
        if self.cancelled.is_set():
            raise Cancelled()
        now = time.monotonic()
        show = preview is not None and now - self._shown >= PREVIEW_S
        if stage == self._stage and done < total and not show and now - self._said < TICK_S:
            return
        self._stage, self._said = stage, now
        picture = None
        if show and preview is not None:
            self._shown, picture = now, _jpeg(preview)
        self._channel.send(Tick(str(stage)[:80], max(0, int(done)), max(0, int(total)), picture))


class Worker:
    """One task after the other, in the main thread: some libraries insist on it."""

    def __init__(self, channel: Channel, services: Services) -> None:
        self._channel, self._services = channel, services
        self._tasks: queue.SimpleQueue[tuple[Task, Ticker] | None] = queue.SimpleQueue()
        self._ticker: Ticker | None = None

    def listen(self, handle: int) -> None:
        """Take what the server says, until it says no more."""
        try:
            for line in lines(handle, MOST_BYTES):
                self._heed(line)
        except (ProtocolError, LineTooLong) as error:
            LOG.error("the server's line is not understood (%s); ending", str(error) or "too long")
        except OSError as error:
            LOG.error("the server cannot be heard (%s); ending", error.strerror)
        lifeline.end_group()

    def _heed(self, line: bytes) -> None:
        message = to_worker(line)
        if isinstance(message, Run):
            self._ticker = Ticker(self._channel)
            self._tasks.put((message.task, self._ticker))
        elif isinstance(message, Cancel) and self._ticker is not None:
            self._ticker.cancelled.set()
        elif isinstance(message, Quit):
            self._tasks.put(None)

    def beat(self) -> None:
        while True:
            time.sleep(BEAT_S)
            self._channel.send(Beat())

    def work(self) -> None:
        """Until it is told to quit."""
        while (given := self._tasks.get()) is not None:
            answer = self._done(*given)
            try:
                self._channel.send(answer)
            except ProtocolError as error:
                self._channel.send(_failed(error))

    def _done(self, task: Task, ticker: Ticker) -> FromWorker:
        from unstill.core.carry_out import carry_out

        _forget_peak()
        try:
            return carry_out(task, self._services, ticker)
        except BaseException as error:  # an engine's sys.exit() is a failure like any other
            if isinstance(error, Cancelled) and ticker.cancelled.is_set():
                return Stopped()
            return _failed(error)


def _failed(error: BaseException) -> Failed:
    """What went wrong, as code and facts; what nobody foresaw is logged, once."""
    known = _known(error)
    facts = known.facts if known.param is None else {**known.facts, "param": known.param}
    out_of_memory = isinstance(known, OutOfMemory)
    return Failed(
        known.code,
        {name: _plain(value) for name, value in facts.items()},
        out_of_memory,
        spoiled=out_of_memory or known is not error,
    )


def _known(error: BaseException) -> UnstillError:
    if isinstance(error, UnstillError):
        return error
    if is_out_of_memory(error):
        return OutOfMemory()
    incident = secrets.token_hex(4)
    LOG.error("incident %s", incident, exc_info=error)
    return Unexpected(incident=incident, log="the server's log", log_zh="服务日志")


def _plain(value: object) -> object:
    """A fact as JSON. Of a path only the name: where the data folder lies is nobody's business."""
    if isinstance(value, os.PathLike):
        return Path(value).name
    return value if isinstance(value, (bool, int, float)) or value is None else str(value)[:TEXT_LIMIT]


def _jpeg(frame: Frame) -> str | None:
    """A small JPEG of a frame [h w 3], base64; None where it comes out too large."""
    import base64
    import io

    from PIL import Image

    picture, out = Image.fromarray(frame), io.BytesIO()
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    picture.save(out, "JPEG", quality=70)
    return base64.b64encode(out.getvalue()).decode() if out.tell() <= PREVIEW_BYTES else None


def _forget_peak() -> None:
    """Start the high-water mark of memory anew (proc(5), clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _take_over_pipes() -> tuple[int, int]:
    """Our ends of the pipes to the server, where no library's print and no child process finds them."""
    heard, said = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return heard, said


def _services() -> Services:
    """This process's parts. The door opens what the server let in before, so its limits are the widest."""
    from unstill.domain.request import SIDE
    from unstill.settings import load_settings
    from unstill.wiring import House

    widest: dict[str, Any] = {
        "max_picture_mebibytes": 1024,
        "max_picture_megapixels": SIDE[1] ** 2 / 1e6,
        "max_picture_side": SIDE[1],
    }
    return House(load_settings().model_copy(update=widest))


def main(arguments: Sequence[str] | None = None) -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m unstill.worker", description="Started by a server.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--models", default="")
    parser.add_argument("--parent", type=int, default=os.getppid())
    options = parser.parse_args(arguments)
    lifeline.hold(options.parent)
    lifeline.give_way()
    heard, said = _take_over_pipes()
    faulthandler.enable()
    talk.speak_marked()
    channel = Channel(said)
    worker = Worker(channel, _services())
    models = tuple(name for name in options.models.split(",") if name)
    channel.send(Hello(os.getpid(), options.device, models))
    threading.Thread(target=worker.listen, args=(heard,), name="listen", daemon=True).start()
    threading.Thread(target=worker.beat, name="beat", daemon=True).start()
    worker.work()
    sys.stderr.flush()
    os._exit(0)  # no library's clearing up may keep a process that was told to quit


if __name__ == "__main__":
    main()
