"""How a worker is watched, with one that follows a script and a clock that moves with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from unstill.core.attempt import Attempt, Crashed, Hung, News, Outcome, Unheeding
from unstill.core.meter import Meter
from unstill.core.worker import (
    Beat,
    Cancel,
    Done,
    FromWorker,
    Hello,
    ProtocolError,
    Run,
    Stopped,
    Task,
    Tick,
    ToWorker,
    WorkerGone,
    WorkerSettings,
)

TASK = Task("video_1", 1, {}, "/a.png", "/a.mp4", "photo.jpg")
DONE = Done("/a.mp4", 1, 2, "ff", 1.0, 1)
HELLO = Hello(1, "cpu", ())


class Scripted:
    """Says one thing after the other, each at its second, then nothing more. Fits `WorkerProcess`."""

    name, running, quarantined = "cpu:0", True, False

    def __init__(self, script: Iterable[tuple[float, FromWorker | Exception]]) -> None:
        self.script, self.now = list(script), 0.0
        self.told: list[ToWorker] = []
        self.killed = False

    def start(self) -> None: ...

    def send(self, message: ToWorker) -> None:
        self.told.append(message)

    def receive(self, timeout_s: float) -> FromWorker | None:
        if self.script and self.script[0][0] <= self.now + timeout_s:
            at, said = self.script.pop(0)
            self.now = max(self.now, at)
            if isinstance(said, Exception):
                raise said
            return said
        self.now += timeout_s
        return None

    def quit(self) -> None: ...

    def kill(self) -> None:
        self.killed = True

    def wait_s(self) -> float:
        return 0.0

    def failed(self) -> None: ...

    def healthy(self) -> None: ...


def attempt(
    worker: Scripted, unwanted_at: float = float("inf"), **settings: Any
) -> tuple[Outcome, list[News]]:
    heard: list[News] = []
    s = WorkerSettings(stage_s=60, load_s=600, start_s=120, cancel_s=10, **settings)

    def clock() -> float:
        return worker.now

    meter = Meter({"num_frames": 10, "estimated_seconds": 10}, s, clock)
    outcome = Attempt(
        worker, TASK, meter, s, monotonic=clock, heard=heard.append,
        unwanted=lambda: s.cancel_s if worker.now >= unwanted_at else None,
    ).run()  # fmt: skip
    return outcome, heard


def test_news_are_passed_on_until_the_end() -> None:
    """The task is told once; what ends it is given back."""
    worker = Scripted([(1, HELLO), (2, Tick("frame", 0, 10)), (3, Beat()), (50, DONE)])
    outcome, heard = attempt(worker)
    assert outcome == DONE
    assert heard == [HELLO, Tick("frame", 0, 10), Beat()]
    assert worker.told == [Run(TASK)]
    assert not worker.killed


def test_slow_is_not_hung() -> None:
    """A step of 59 s each is within the minute, loading within its ten."""
    ticks = [(500 + 59 * n, Tick("frame", n, 10)) for n in range(10)]
    assert attempt(Scripted([(1, Tick("load", 0, 1)), *ticks, (1040, DONE)]))[0] == DONE


@pytest.mark.parametrize("noise", [Beat(), Tick("frame", 3, 10)])
def test_beats_and_ticks_that_say_nothing_new_are_no_progress(noise: FromWorker) -> None:
    """However often they come."""
    script = [(1.0, Tick("frame", 3, 10)), *((1.0 + n / 20, noise) for n in range(1, 10_000))]
    worker = Scripted(script)
    assert attempt(worker)[0] == Hung("frame", 60)
    assert worker.killed
    assert 60 < worker.now < 65


def test_a_process_that_never_says_a_word_is_hung() -> None:
    """It has a time of its own to start."""
    assert attempt(Scripted([]))[0] == Hung("start", 120)


def test_a_server_that_stood_still_blames_nobody() -> None:
    """What came meanwhile is heard before the verdict: a beat first, and the progress behind it."""
    worker = Scripted([(1, Tick("frame", 0, 10)), (500, Beat()), (500, Tick("frame", 9, 10)), (501, DONE)])
    worker.receive = _stalls(worker)  # type: ignore[method-assign]
    assert attempt(worker)[0] == DONE


def _stalls(worker: Scripted) -> Any:
    plain = worker.receive

    def receive(timeout_s: float) -> FromWorker | None:
        if worker.now == 1:
            worker.now = 500.0
        return plain(timeout_s)

    return receive


def test_a_cancel_is_said_once_and_has_its_time() -> None:
    """Ticks do not lengthen it."""
    ticks = [(n / 10, Tick("frame", n, 1000)) for n in range(10, 900)]
    worker = Scripted(ticks)
    assert attempt(worker, unwanted_at=5)[0] == Unheeding()
    assert worker.told == [Run(TASK), Cancel()]
    assert worker.killed
    assert 15 <= worker.now < 16


def test_a_cancel_that_is_heeded_spares_the_process() -> None:
    """It goes on with the next task."""
    worker = Scripted([(1, Tick("frame", 0, 10)), (7, Stopped())])
    assert attempt(worker, unwanted_at=5)[0] == Stopped()
    assert not worker.killed


def test_whatever_breaks_the_talk_is_a_crash() -> None:
    """An end with its cause; a line that is no message, and a worker of another version, are ended."""
    assert attempt(Scripted([(1, WorkerGone("signal 9", 9))]))[0] == Crashed("signal 9", 9)
    for broken in (ProtocolError("a line that is no message"), Hello(1, "cpu", (), version=99)):
        worker = Scripted([(1, broken)])
        outcome, _ = attempt(worker)
        assert isinstance(outcome, Crashed)
        assert outcome.how.startswith("protocol error")
        assert worker.killed
