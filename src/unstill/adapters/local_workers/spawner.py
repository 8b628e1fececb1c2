"""The one thread that starts worker processes."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

if sys.platform == "win32":
    from unstill.adapters.local_workers import windows as system
else:
    from unstill.adapters.local_workers import unix as system

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
}
"""What every worker's environment holds: weights come by `unstill models pull` only."""

__all__ = ["OFFLINE", "Spawner", "system"]

_Order = tuple[Sequence[str], Mapping[str, str], "Future[subprocess.Popen[bytes]]"]


class Spawner:
    """Starts processes from a thread that lives as long as this program.

    The kernel ends a worker when the thread that started it ends, not only when the server does: so no
    thread that may end (a dispatcher's, a request's) may start one.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="spawner", daemon=True).start()

    def spawn(self, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A process with pipes, in its own group. Raises `OSError`."""
        made: Future[subprocess.Popen[bytes]] = Future()
        self._orders.put((command, environ, made))
        return made.result()

    def _serve(self) -> None:
        while True:
            command, environ, made = self._orders.get()
            try:
                made.set_result(self._popen(command, environ))
            except BaseException as error:
                made.set_exception(error)
            del made

    @staticmethod
    def _popen(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 our own program, no shell
            [*command, "--parent", str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, env={**os.environ, **OFFLINE, **environ}, **system.SPAWN,
        )  # fmt: skip
