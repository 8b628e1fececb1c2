"""A worker as a process: how it is started, what it may say, and that it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rigs import HURRIED, SPAWNER, a_task, alive, answer, local_worker, until
from unstill.adapters.local_workers.process import LocalWorker
from unstill.core.worker import (
    Cancel,
    Done,
    Hello,
    ProtocolError,
    Run,
    Stopped,
    Tick,
    WorkerGone,
    WorkerProcess,
)

TESTS = Path(__file__).parent


def scripted(code: str) -> LocalWorker:
    """A worker that is some other program."""
    return LocalWorker("cpu:0", [sys.executable, "-S", "-c", code], SPAWNER, HURRIED)


def test_one_process_does_one_task_after_the_other(tmp_path: Path, engines: str) -> None:
    """It says hello, ticks, heeds a cancel, goes on with the next task and ends when told to."""
    worker: WorkerProcess = (local := local_worker(tmp_path, engines))
    worker.start()
    assert isinstance(hello := answer(local, Hello), Hello)
    assert (hello.pid, hello.device, hello.models) == (local.pid, "cpu", ("testcard", "naughty"))
    worker.send(Cancel())  # nothing to cancel: means nothing, also for the next task
    worker.send(Run(a_task(tmp_path, "doze")))
    answer(local, Tick)
    worker.send(Cancel())
    assert answer(local, Stopped, Done) == Stopped()
    worker.send(Run(a_task(tmp_path, "prints reads")))
    assert isinstance(answer(local, Done, Stopped), Done)
    worker.quit()
    assert not worker.running
    assert not alive(hello.pid)


@pytest.mark.parametrize(
    "code",
    ["print('x' * 10_000_000, flush=True); input()", "print('hello', flush=True); input()",
     "print('{\"kind\": \"quit\"}', flush=True); input()"],
)  # fmt: skip
def test_what_is_no_message_is_a_protocol_error(code: str) -> None:
    """Ten megabytes without an end are not even read."""
    worker = scripted(code)
    worker.start()
    with pytest.raises(ProtocolError):
        answer(worker)
    worker.kill()
    assert not worker.running


@pytest.mark.parametrize(
    ("code", "how", "number"),
    [("", "exit code 0", None), ("import os; os._exit(3)", "exit code 3", None),
     ("import os; os.kill(os.getpid(), 9)", "signal 9", signal.SIGKILL)],
)  # fmt: skip
def test_an_end_is_told_with_its_cause(code: str, how: str, number: int | None) -> None:
    """Also a silent one."""
    worker = scripted(code)
    worker.start()
    with pytest.raises(WorkerGone) as gone:
        answer(worker)
    assert (gone.value.how, gone.value.signal) == (how, number)
    assert not worker.running


def test_a_worker_that_reads_nothing_does_not_hold_the_server_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task larger than the pipe is given up on."""
    monkeypatch.setattr("unstill.adapters.local_workers.process.SEND_S", 0.2)
    worker = scripted("import time; time.sleep(300)")
    worker.start()
    with pytest.raises(WorkerGone):
        worker.send(Run(a_task(Path(os.environ["HOME"]), "x" * 500_000)))


def test_one_that_ignores_sigterm_is_killed() -> None:
    """The last rung of the ladder."""
    worker = scripted(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('{', flush=True); time.sleep(300)"
    )
    worker.start()
    pid = worker.pid
    with pytest.raises(ProtocolError):
        answer(worker)
    worker.kill()
    assert pid is not None
    assert not alive(pid)


def test_a_program_that_is_not_there_is_told() -> None:
    """As any other end."""
    with pytest.raises(WorkerGone, match="cannot be started"):
        LocalWorker("cpu:0", ["/no/such/program"], SPAWNER).start()


PARENT = """
import sys, time
from pathlib import Path
from rigs import a_task, answer, local_worker
from unstill.core.worker import Run, Tick
data = Path(sys.argv[1])
worker = local_worker(data, sys.argv[2])
worker.start()
worker.send(Run(a_task(data, sys.argv[3])))
answer(worker, Tick)
print(worker.pid, flush=True)
time.sleep(300)
"""


@pytest.mark.parametrize("prompt", ["spinning", "child"])
def test_a_killed_server_takes_its_workers_along(tmp_path: Path, engines: str, prompt: str) -> None:
    """Also one whose interpreter is stuck in a C loop, and whatever it started."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    server = subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path, engines, prompt],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server:
        assert server.stdout is not None
        pids = [int(server.stdout.readline())]
        until((tmp_path / f"{prompt}.done").exists)
        if prompt == "child":
            pids.append(int(until(lambda: (f := tmp_path / "child").exists() and f.read_text())))
        assert all(map(alive, pids))
        server.kill()
    until(lambda: not any(map(alive, pids)), "the end of the worker")


def test_the_server_never_touches_a_pixel() -> None:
    """Driving workers loads none of the libraries that would make it large."""
    code = (
        "import sys, unstill.core.dispatch, unstill.adapters.local_workers.process\n"
        "print({'numpy', 'cv2', 'av', 'PIL', 'torch'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
