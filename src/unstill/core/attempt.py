"""One task in one worker, watched from the first word to the last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from unstill.core.meter import Meter
from unstill.core.worker import (
    VERSION,
    Beat,
    Cancel,
    Done,
    Failed,
    Hello,
    ProtocolError,
    Run,
    Stopped,
    Task,
    Tick,
    WorkerGone,
    WorkerProcess,
    WorkerSettings,
)

LOOK_S = 0.1
"""How often the wish to stop is looked at."""
SECOND_LOOK_S = 1.0
"""What a worker that is late is given on top: perhaps this program was the one that stood still."""


@dataclass(frozen=True)
class Crashed:
    """The process ended by itself, or said what nobody understands. ``signal`` is the one it died of."""

    how: str
    signal: int | None = None


@dataclass(frozen=True)
class Hung:
    """Nothing moved on for so long; the process was ended."""

    stage: str
    seconds: float


@dataclass(frozen=True)
class Unheeding:
    """It was asked to stop and did not; the process was ended."""


News = Hello | Tick | Beat
Outcome = Done | Failed | Stopped | Crashed | Hung | Unheeding


class Attempt:
    """Gives a worker a task and waits for what comes of it; after the last three outcomes it is gone.

    ``unwanted`` is asked often; None while the task is wanted, then the seconds it is given to stop.
    """

    def __init__(
        self,
        worker: WorkerProcess,
        task: Task,
        meter: Meter,
        settings: WorkerSettings,
        *,
        unwanted: Callable[[], float | None],
        heard: Callable[[News], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._task, self._meter = worker, task, meter
        self._unwanted, self._heard, self._monotonic = unwanted, heard, monotonic
        self._stage, self._place = "start", ("start", -1)
        self._asked = self._late = False
        self._allowed = settings.start_s
        self._deadline = monotonic() + self._allowed

    def run(self) -> Outcome:
        try:
            self._worker.start()
            self._worker.send(Run(self._task))
            return self._watch()
        except WorkerGone as gone:
            return Crashed(gone.how, gone.signal)
        except ProtocolError as error:
            self._worker.kill()
            return Crashed(f"protocol error: {error}")

    def _watch(self) -> Outcome:
        while True:
            self._ask_to_stop()
            said = self._worker.receive(LOOK_S)
            if isinstance(said, (Done, Failed, Stopped)):
                return said
            if said is not None:
                self._heed(said)
            if self._monotonic() >= self._deadline and (ended := self._overdue()):
                return ended

    def _heed(self, said: News) -> None:
        match said:
            case Hello():
                if said.version != VERSION:
                    raise ProtocolError(f"a worker of version {said.version}; restart the server")
            case Tick():
                self._move(said)
            case Beat():
                pass
            case _:
                assert_never(said)
        self._heard(said)

    def _move(self, tick: Tick) -> None:
        """A tick that says nothing new is no sign of life."""
        place = (tick.stage, tick.done)
        if place == self._place or self._asked:
            return
        self._stage, self._place, self._late = tick.stage, place, False
        self._wait(self._meter.allowed_s(tick.stage, tick.total))

    def _ask_to_stop(self) -> None:
        if self._asked or (seconds := self._unwanted()) is None:
            return
        self._asked = True
        self._wait(seconds)
        self._worker.send(Cancel())

    def _wait(self, seconds: float) -> None:
        self._allowed, self._deadline = seconds, self._monotonic() + seconds

    def _overdue(self) -> Outcome | None:
        if not self._late and not self._asked:
            self._late, self._deadline = True, self._monotonic() + SECOND_LOOK_S
            return None
        self._worker.kill()
        return Unheeding() if self._asked else Hung(self._stage, round(self._allowed, 1))
