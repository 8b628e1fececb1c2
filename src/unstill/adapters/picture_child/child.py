"""One decoding child, seen from the server: started, given jobs, ended."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from unstill.adapters.picture_child.settings import ChildSettings

MOST_REPLY = 256 * 1024
"""Bytes of one reply; a longer one comes from a child that was taken over."""
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
)
"""Of the environment. The child has no use for keys and tokens."""
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class ChildGone(Exception):
    """It did not live to answer."""


class Crashed(ChildGone):
    """By a signal or an exit nobody asked for, or it talks nonsense."""


class OverLimit(ChildGone):
    """It used more CPU time or took longer than a job may."""


class Child:
    """Not for several threads at once. Make it in a thread that lives as long as it should: on Linux a
    child is told of the end of the thread that made it, not of its process."""

    def __init__(self, settings: ChildSettings) -> None:
        orders = {
            name: getattr(settings, name)
            for name in ("max_bytes", "max_pixels", "max_side", "video_bytes", "video_s", "video_side",
                         "memory_bytes", "lifetime_cpu_s", "file_bytes")
        }  # fmt: skip
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD
        self._process = subprocess.Popen(  # noqa: S603 our own program
            [*settings.command, json.dumps({**orders, "parent": os.getpid()})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env=environ, start_new_session=True,
        )  # fmt: skip
        self._jobs_left = settings.jobs
        self._rest = b""
        self._usable = True
        try:
            self.facts = self._reply(time.monotonic() + settings.start_s)
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether another job may be given."""
        return self._usable and self._jobs_left > 0 and self._process.poll() is None

    def call(self, order: Mapping[str, Any], cpu_s: float, wall_s: float) -> dict[str, Any]:
        """Do one job. Raises `Crashed` or `OverLimit`, and is of no use after that."""
        self._jobs_left -= 1
        line = json.dumps({**order, "cpu_s": cpu_s}).encode() + b"\n"
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(line)
            return self._reply(time.monotonic() + wall_s)
        except OSError as error:
            self.end()
            raise Crashed(str(error)) from error
        except ChildGone:
            self.end()
            raise

    def end(self) -> None:
        """At once, with everything it started."""
        self._usable = False
        if sys.platform == "win32":
            self._process.kill()
        elif self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _reply(self, deadline: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise OverLimit("no answer in time")
                more = os.read(handle, 65536)
                if not more:
                    raise self._obituary()
                self._rest += more
                if len(self._rest) > MOST_REPLY:
                    raise Crashed("an endless answer")
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            raise Crashed("an answer that is no JSON") from None
        if not isinstance(reply, dict):
            raise Crashed("an answer of the wrong kind")
        return reply

    def _obituary(self) -> ChildGone:
        """Why it ended, from its exit status."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return Crashed("closed its pipe")
        over = sys.platform != "win32" and -status in (signal.SIGPROF, signal.SIGXCPU)
        return OverLimit("CPU time") if over else Crashed(f"exit status {status}")
