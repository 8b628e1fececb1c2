"""A worker as a process of this computer. Fits `unstill.core.worker.WorkerProcess`."""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from subprocess import Popen

from unstill.adapters.local_workers.backoff import BackOff
from unstill.adapters.local_workers.pipes import LineTooLong, cut_lines, lines
from unstill.adapters.local_workers.spawner import Spawner, system
from unstill.adapters.local_workers.talk import MOST, relay
from unstill.core.worker import (
    MOST_BYTES,
    FromWorker,
    ProtocolError,
    Quit,
    ToWorker,
    WorkerGone,
    WorkerSettings,
    from_worker,
    to_line,
)

LOG = logging.getLogger(__name__)
SEND_S = 5.0
"""A worker that reads nothing for so long is as good as gone."""
LAST_S = 2.0
"""A process that closed its pipe has so long to end."""
INBOX = 256
"""Messages held for the dispatcher; a worker that says more waits."""

_Word = FromWorker | ProtocolError | None
"""What the reading thread hands over; None: the worker says no more."""


def command(device: str, models: Sequence[str]) -> list[str]:
    """How a worker is called. -P keeps the current folder, whatever is in it, out of the import path."""
    return [sys.executable, "-P", "-m", "unstill.worker", "--device", device, "--models", ",".join(models)]


class _Run:
    """One life of the process: it, and what it said."""

    def __init__(self, name: str, process: Popen[bytes]) -> None:
        self.process, self.started = process, time.monotonic()
        self.inbox: queue.Queue[_Word] = queue.Queue(INBOX)
        self._name, self._closed = name, threading.Event()
        for target in (self._listen, self._relay):
            threading.Thread(target=target, name=f"{name} {target.__name__}", daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        last: _Word = None
        try:
            for line in lines(self.process.stdout.fileno(), MOST_BYTES):
                if not self._put(from_worker(line)):
                    return
        except LineTooLong:
            last = ProtocolError(f"a line longer than {MOST_BYTES} bytes")
        except ProtocolError as error:
            last = error
        except OSError as error:
            last = ProtocolError(f"a pipe that cannot be read ({error.strerror})")
        finally:
            self._put(last)
            self.process.stdout.close()

    def _put(self, word: _Word) -> bool:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self.inbox.put(word, timeout=0.5)
                return True
        return False

    def _relay(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stderr, contextlib.suppress(OSError):
            for line in cut_lines(stderr.fileno(), MOST):
                relay(self._name, line)

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended in time."""
        until = time.monotonic() + timeout_s
        while not system.has_ended(self.process):
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        return True

    def bury(self) -> WorkerGone:
        """End the group, reap, and say what the process died of."""
        system.kill(self.process)
        code = self.process.wait()
        system.reap_orphans(self.process)
        self._closed.set()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        return WorkerGone(f"signal {-code}", -code) if code < 0 else WorkerGone(f"exit code {code}")


class LocalWorker:
    """One device's process, started when it is needed."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        spawner: Spawner,
        settings: WorkerSettings | None = None,
        environ: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._command, self._spawner, self._environ = command, spawner, environ or {}
        self._settings = settings or WorkerSettings()
        self._backoff, self._monotonic = BackOff(self._settings, monotonic), monotonic
        self._run: _Run | None = None
        self._started_at = 0.0

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def pid(self) -> int | None:
        return self._run.process.pid if self._run else None

    @property
    def quarantined(self) -> bool:
        return self._backoff.quarantined

    def start(self) -> None:
        if self._run is not None:
            return
        try:
            process = self._spawner.spawn(self._command, self._environ)
        except OSError as error:
            raise WorkerGone(f"cannot be started: {error.strerror}") from error
        self._started_at = self._monotonic()
        self._run = _Run(self.name, process)
        LOG.info("worker %s started (process %d)", self.name, process.pid)

    def send(self, message: ToWorker) -> None:
        run, line = self._alive(), to_line(message)
        assert run.process.stdin is not None
        try:
            system.write(run.process.stdin.fileno(), line, SEND_S)
        except TimeoutError:
            raise self._gone(0.0) from None
        except OSError:
            raise self._gone(LAST_S) from None

    def receive(self, timeout_s: float) -> FromWorker | None:
        try:
            word = self._alive().inbox.get(timeout=max(0.0, timeout_s)) if timeout_s > 0 else self._next()
        except queue.Empty:
            return None
        if word is None:
            raise self._gone(LAST_S)
        if isinstance(word, ProtocolError):
            raise word
        return word

    def _next(self) -> _Word:
        return self._alive().inbox.get_nowait()

    def quit(self) -> None:
        if self._run is None:
            return
        with contextlib.suppress(WorkerGone):
            self.send(Quit())
            if not self._run.wait(self._settings.term_s):
                self.kill()
                return
            self._gone(0.0)
        LOG.info("worker %s ended", self.name)

    def kill(self) -> None:
        if self._run is None:
            return
        system.terminate(self._run.process)
        self._run.wait(self._settings.term_s)
        gone = self._gone(0.0)
        LOG.info("worker %s was ended (%s)", self.name, gone.how)

    def wait_s(self) -> float:
        return self._backoff.wait_s()

    def failed(self) -> None:
        self._backoff.failed(self._monotonic() - self._started_at)

    def healthy(self) -> None:
        self._backoff.healthy()

    def _alive(self) -> _Run:
        if self._run is None:
            raise WorkerGone("not started")
        return self._run

    def _gone(self, wait_s: float) -> WorkerGone:
        run, self._run = self._alive(), None
        run.wait(wait_s)
        return run.bury()
