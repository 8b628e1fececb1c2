"""On a node: the actor that runs one worker process and passes its lines on.

It is the same process, started in the same way, as on the server's own computer; so its end gives its memory
back, and what it dies of is known. The actor imports no torch. Only text, bytes and numbers come and go.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module

from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.adapters.local_workers.spawner import Spawner
from unstill.adapters.ray_workers.files import Files, open_kept
from unstill.core.worker import (
    Cancel,
    Done,
    Failed,
    FromWorker,
    ProtocolError,
    Run,
    Stopped,
    Tick,
    WorkerGone,
    WorkerSettings,
    to_line,
    to_worker,
)
from unstill.domain.errors import UnstillError
from unstill.version import __version__

LOG = logging.getLogger(__name__)
LOOK_S = 0.01
"""How soon an order is heeded while the process says nothing."""
HELD = 256
"""Lines held for the server; a worker that says more waits."""
BATCH_BYTES = 2**16
"""Lines go together up to about so many: what is larger than 100 kB goes a longer way through Ray."""
LATE_S = 5.0
"""How much longer than its process the actor's own end may take."""
SECRETS = (
    "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "UNSTILL_S3_KEY_ID", "UNSTILL_S3_SECRET", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "UNSTILL_DATABASE_URL",
)  # fmt: skip
"""What a node may hold and engines have no need of."""
GONE, BROKEN, LOGGED = "gone", "broken", "log"
"""Words of the actor's own among the worker's lines: "gone SIGNAL HOW", "broken WHY", "log LEVEL TEXT"."""

Item = bytes | str


class WorkerActor:
    """One worker process on this node, from the actor's start to its end.

    Ray runs `lines`, `send` and `end` side by side; the process itself is handled by one thread.
    """

    def __init__(
        self,
        slot: str,
        device: str,
        models: Sequence[str],
        roots: Sequence[str],
        environ: Sequence[str],
        term_s: float,
    ) -> None:
        self._orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._out: queue.Queue[Item] = queue.Queue(HELD)
        self._ending = ""
        self._ended = threading.Event()
        self._term_s, self._roots = term_s, list(roots)
        if device != "cpu":
            os.environ.pop("OMP_NUM_THREADS", None)  # Ray's, from the cores that a slot with a GPU asks for
        shown = {name: "" for name in SECRETS if name in os.environ}
        shown |= {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
        shown |= dict(pair.split("=", 1) for pair in environ)
        self._worker = self._made(slot, device, models, shown)
        _tell_log(self._out)
        threading.Thread(target=self._live, name="worker", daemon=True).start()

    def _made(self, slot: str, device: str, models: Sequence[str], environ: Mapping[str, str]) -> LocalWorker:
        settings = WorkerSettings(term_s=self._term_s)
        return LocalWorker(slot, command(device, models), Spawner(), settings, environ)

    # --- what the server calls

    def up(self) -> list[str]:
        """Answers once the actor is there: which unstill this is, on which node, at which address."""
        ray = import_module("ray")
        return [__version__, ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address()]

    def send(self, line: bytes) -> None:
        """A message to the worker."""
        self._orders.put(line)

    def lines(self) -> Iterator[Item]:
        """What the worker says, whole lines as bytes; words of the actor's own as text. Ends with it."""
        while True:
            item = self._out.get()
            if isinstance(item, str):
                yield item
                if not item.startswith(LOGGED):
                    return
                continue
            batch, after = self._batch(item)
            yield batch
            if after is not None:
                yield after
                if not after.startswith(LOGGED):
                    return

    def _batch(self, first: bytes) -> tuple[bytes, str | None]:
        """All lines that are there already, and the text behind them, if any."""
        held = bytearray(first)
        while len(held) < BATCH_BYTES:
            try:
                item = self._out.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, str):
                return bytes(held), item
            held += item
        return bytes(held), None

    def end(self, gently: bool) -> bool:
        """End the process: asked, or made to. Whether it is gone."""
        self._ending = "quit" if gently else "kill"
        return self._ended.wait(2 * self._term_s + LATE_S)

    # --- the thread that has the process

    def _live(self) -> None:
        last = f"{GONE} 0 a mistake of its actor's"
        try:
            last = self._relay()
        except Exception:
            LOG.exception("a mistake in the relay of a worker; it is ended")
        finally:
            self._worker.kill()
            self._say(last)
            self._ended.set()

    def _relay(self) -> str:
        """Until the process is gone; what it died of."""
        try:
            files = Files(*open_kept(self._roots))
            self._worker.start()
            while not self._ending:
                self._obey(files)
                if (said := self._worker.receive(LOOK_S)) is not None:
                    self._say(to_line(self._passed(said, files)))
        except WorkerGone as gone:
            return f"{GONE} {gone.signal or 0} {gone.how}"
        except ProtocolError as error:
            return f"{BROKEN} {error}"
        except (UnstillError, OSError) as error:
            ours = isinstance(error, (UnstillError, NotADirectoryError))
            return f"{GONE} 0 {error if ours else type(error).__name__}"
        if self._ending == "quit":
            self._worker.quit()
        return f"{GONE} 0 it was ended"

    def _obey(self, files: Files) -> None:
        while not self._orders.empty():
            message = to_worker(self._orders.get())
            if isinstance(message, Run):
                self._run(message, files)
            else:
                self._worker.send(message)

    def _run(self, message: Run, files: Files) -> None:
        """Fetch what the task starts from, then hand it over. A cancel on the way is heeded before that."""
        try:
            if files.far:
                self._say(to_line(Tick("open", 0, 1)))
            task = files.taken(message.task)
        except UnstillError as error:
            self._say(to_line(_failed(error)))
            return
        except ValueError as error:
            raise ProtocolError("a task whose files are not under the server's root") from error
        later = []
        while not self._orders.empty():
            line = self._orders.get()
            if isinstance(to_worker(line), Cancel):
                self._say(to_line(Stopped()))
                return
            later.append(line)
        for line in later:
            self._orders.put(line)
        self._worker.send(replace(message, task=task))

    def _passed(self, said: FromWorker, files: Files) -> FromWorker:
        """The message as the server is to have it: what was made is kept before anybody hears of it."""
        if not isinstance(said, Done):
            return said
        try:
            if files.far:
                self._say(to_line(Tick("finish", 0, 2)))
            return files.given(said)
        except UnstillError as error:
            return _failed(error)
        except ValueError as error:
            raise ProtocolError("a file outside the node's root") from error

    def _say(self, item: Item) -> None:
        """Wait for room; once the end is wanted, not for long."""
        until = time.monotonic() + LATE_S
        while True:
            try:
                self._out.put(item, timeout=0.1)
                return
            except queue.Full:
                if self._ending and time.monotonic() > until:
                    return


def _failed(error: UnstillError) -> Failed:
    return Failed(error.code, {name: str(value) for name, value in error.facts.items()})


class _Teller(logging.Handler):
    """Our own log lines of this process go to the server's log, as those of its local workers do."""

    def __init__(self, out: queue.Queue[Item]) -> None:
        super().__init__(logging.INFO)
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):  # a full queue among them: a line lost is no job lost
            text = record.getMessage()
            if record.exc_info and record.exc_info[0]:
                text = f"{text} ({record.exc_info[0].__name__})"
            self._out.put_nowait(f"{LOGGED} {record.levelname} {text[:4000]}")


def _tell_log(out: queue.Queue[Item]) -> None:
    ours = logging.getLogger("unstill")
    ours.setLevel(logging.INFO)
    ours.addHandler(_Teller(out))
