"""An engine that misbehaves as its prompt says, for tests of everything that must bear it.

The prompt names a deed; "once" does it only the first time. Joins through the entry point like any other.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from testcard import CARD, Family, Slide
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Tick
from unstill.domain.errors import NotWritable
from unstill.domain.notes import Note

NAUGHTY = replace(CARD, id="naughty", family="naughty", title="Naughty")


def child() -> None:
    """Start a process that lives on, note its number, and hang."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    Path(os.environ["NAUGHTY"], "child").write_text(str(process.pid))
    time.sleep(300)


def endless() -> None:
    while True:
        time.sleep(0.01)


def hold_the_gil() -> int:
    return sum(range(10**15))


def fail(error: BaseException) -> None:
    raise error


class TorchLike(RuntimeError):
    """What torch's error is to those who do not import torch."""


TorchLike.__name__ = "OutOfMemoryError"

DEEDS = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stopped": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "asleep": endless,
    "spinning": hold_the_gil,
    "child": child,
    "segfault": lambda: ctypes.string_at(0),
    "leave": lambda: os._exit(3),
    "silent": lambda: os._exit(0),
    "exit": lambda: sys.exit(0),
    "memory": lambda: fail(MemoryError()),
    "torch": lambda: fail(TorchLike("CUDA out of memory")),
    "typed": lambda: fail(NotWritable(path=Path("/somewhere/private/a.mp4"), reason="it is full")),
    "secret": lambda: fail(RuntimeError("a secret of the engine")),
    "prints": lambda: print("x" * 10_000_000, '\n{"kind": "beat"}\nnot a message', flush=True),
    "reads": lambda: sys.stdin.read(),
}


class Naughty(Slide):
    def load(self, plan: Plan) -> None:
        if "load" in plan.request.prompt:
            self._do(plan.request.prompt)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[np.ndarray]:
        prompt = plan.request.prompt
        for index, frame in enumerate(super().frames(plan, anchor, tick)):
            if index == 3:
                if "preview" in prompt:
                    tick("frame", index, plan.num_frames, frame)
                if "load" not in prompt:
                    self._do(prompt)
            yield frame

    def _do(self, prompt: str) -> None:
        for name, deed in DEEDS.items():
            if name in prompt.split():
                mark = Path(os.environ["NAUGHTY"], f"{name}.done")
                if "once" not in prompt.split() or not mark.exists():
                    mark.touch()
                    deed()

    def notes(self) -> Sequence[Note]:
        return ()


class NaughtyFamily(Family):
    cards = (NAUGHTY,)

    def engine(self, weights: object = None) -> Naughty:
        return Naughty()


family = NaughtyFamily()
