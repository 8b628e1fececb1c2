"""The decoding child: what it survives, and what it may not do."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bombs import small
from children import alive, linux, peak_mebibytes, wait_for

from unstill.adapters.picture_child import ChildSettings, PictureChild
from unstill.adapters.picture_child.replies import result
from unstill.domain.errors import (
    DamagedPicture,
)
from unstill.domain.service_errors import PictureTooHeavy, ServerFull

ODD = (sys.executable, "-P", str(Path(__file__).parent / "odd_child.py"))
QUICK = ChildSettings(command=ODD, children=1, picture_cpu_s=2.0, wall_factor=3.0)


@pytest.fixture(scope="module")
def odd(data: Path) -> Iterator[PictureChild]:
    """One that knows jobs which misbehave."""
    child = PictureChild(data, QUICK)
    yield child
    child.close()


def run(
    child: PictureChild, job: str, target: Path | None = None, cpu_s: float = 0.3, **more: object
) -> dict:
    return dict(child._run({"job": job, **more}, target, "holiday.jpg", cpu_s))


# --- what it survives ---------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize("job", ["spin", "hang"])
def test_a_decoder_that_never_ends(odd: PictureChild, job: str) -> None:
    """Ended by its CPU time, in the middle of C code, or by the clock; the next finds a fresh child."""
    started = time.monotonic()
    with pytest.raises(PictureTooHeavy) as refused:
        run(odd, job)
    assert refused.value.status == 413
    assert time.monotonic() - started < 60
    assert odd.take(small(), "x", video_id="video_next").input.width == 256


@linux
def test_a_decoder_that_eats_memory(odd: PictureChild) -> None:
    with pytest.raises(PictureTooHeavy):
        run(odd, "eat", cpu_s=5.0)
    assert all(peak_mebibytes(pid) < 1024 for pid in odd.pool.pids)
    assert odd.take(small(), "x", video_id="video_next").input.width == 256


@linux
@pytest.mark.parametrize("job", ["crash", "flood", "odd_error"])
def test_a_decoder_that_crashes(odd: PictureChild, job: str) -> None:
    """By a signal, an endless answer or an exception: the picture is called damaged, never the server."""
    with pytest.raises(DamagedPicture) as refused:
        run(odd, job)
    assert refused.value.facts == {"name": "holiday.jpg"}
    assert odd.take(small(), "x", video_id="video_next").input.width == 256


@linux
def test_a_child_killed_in_mid_picture(odd: PictureChild, data: Path, tmp_path: Path) -> None:
    """The system may do that: a fresh child does the job, and the half-written file is gone."""
    target = data / "inputs" / "video_half.png"
    target.parent.mkdir(exist_ok=True)
    assert run(odd, "crash_once", target, mark=str(tmp_path / "mark")) == {"done": True}
    assert [p for p in target.parent.iterdir() if ".part" in p.name] == []
    run(odd, "limits")
    killed = odd.pool.pids[0]
    threading.Timer(0.2, os.kill, (killed, signal.SIGKILL)).start()
    with pytest.raises(PictureTooHeavy):  # tried again, and hangs there as well
        run(odd, "hang")


@linux
def test_no_child_outlives_its_server(data: Path) -> None:
    """Not even one that is busy and the server killed."""
    code = (
        "import sys, threading, time; from pathlib import Path; "
        "from unstill.adapters.picture_child import PictureChild, ChildSettings; "
        f"child = PictureChild(Path({str(data)!r}), ChildSettings(command={ODD!r}, children=1)); "
        "child.pool.warm(); print(child.pool.pids[0], flush=True); "
        "threading.Thread(target=child._run, args=({'job': 'hang'}, None, 'x', 100)).start(); time.sleep(60)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    time.sleep(0.3)
    server.kill()
    server.wait()
    server.stdout.close()
    wait_for(lambda: not alive(pid))


def test_children_are_reused_renewed_and_ended_when_idle(data: Path) -> None:
    """One for many pictures, a fresh one after so many, none when nobody needs it."""
    child = PictureChild(data, dataclasses.replace(QUICK, jobs=3, idle_s=0.6))
    try:
        pids = []
        for _ in range(5):
            child.take(small(), "x", video_id="video_reuse")
            pids += child.pool.pids
        assert len(set(pids)) == 2
        wait_for(lambda: child.pool.pids == [])
        wait_for(lambda: not any(map(alive, pids)))
        assert child.take(small(), "x", video_id="video_reuse").input.width == 256
    finally:
        child.close()
    wait_for(lambda: child.pool.pids == [])


def test_callers_wait_for_a_child_but_not_for_ever(data: Path) -> None:
    child = PictureChild(data, dataclasses.replace(QUICK, wait_s=0.2))
    try:
        child.pool.warm()
        with child.pool.borrow(), pytest.raises(ServerFull) as refused:
            child.take(small(), "x", video_id="video_wait")
        assert refused.value.status == 503
    finally:
        child.close()


# --- what it may not do -------------------------------------------------------------------------------------


@linux
def test_there_is_no_way_out(odd: PictureChild, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network by any call, no other program, no signal to others, nothing of our environment."""
    monkeypatch.setenv("UNSTILL_SECRET", "x")
    with contextlib.suppress(PictureTooHeavy):
        run(odd, "spin", cpu_s=0.1)  # so that a child is started with it
    found = run(odd, "escape")
    assert found.pop("environment") == ""
    assert found.pop("parent_memory") in ("Permission denied", "Operation not permitted", "allowed")
    assert set(found.values()) == {"Operation not permitted"}
    assert len(found) == 7


@linux
def test_its_limits_are_in_force(odd: PictureChild) -> None:
    found = run(odd, "limits")
    assert (found["Seccomp"], found["NoNewPrivs"]) == ("2", "1")
    assert found["group"] == found["pid"] != os.getpid()
    assert found["cores"] <= 2


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"done": 5},
        {"error": {"code": "no_such", "facts": {}}},
        {"error": {"code": "store_damaged", "facts": {}}},
        {"error": {"code": "too_many_pixels", "facts": {}}},
        {"error": {"code": "too_many_pixels", "facts": 5}},
        {"failed": 1},
    ],
)
def test_a_child_that_talks_nonsense_is_not_believed(reply: dict) -> None:
    with pytest.raises(DamagedPicture):
        result(reply, "x")
