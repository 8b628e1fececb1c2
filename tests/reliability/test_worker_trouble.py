"""Worker processes that hang, die and starve under a real server: the job ends in a stated way, the next is
made."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from children import alive

import figures
from hostile import faults
from live import PATIENCE_S, Live

STAGE_S = 1.0
SECOND_LOOK_S, TERM_S = 1.0, 3.0
"""What a late worker is given on top, and then between SIGTERM and SIGKILL."""
START_S = 120.0
"""How long a worker may take to its first word on a job."""
HANGS = {"stopped": "SIGSTOP", "asleep": "an endless step", "spinning": "a C loop that holds the GIL"}


def until(true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def leaders(server: Live) -> list[int]:
    """The workers themselves, without what they started."""

    def leads(pid: int) -> bool:
        try:
            return os.getpgid(pid) == pid
        except ProcessLookupError:
            return False

    return [pid for pid in server.workers() if leads(pid)]


def attempts(server: Live, video: str) -> int:
    return server.said().count(f"job {video}: attempt ")


def in_frames(server: Live, video: str) -> bool:
    """Whether its frames are being made just now."""
    return server.get(video)["stage"] == "frame"


def a_good_one(server: Live) -> None:
    assert server.settled(server.create().json()["id"])["state"] == "completed"


def marked(server: Live, deed: str) -> Path:
    return Path(server.environ["NAUGHTY"], f"{deed}.done")


@pytest.mark.skipif(sys.platform != "linux", reason="where /proc tells")
def test_workers_give_way(live: Callable[..., Live]) -> None:
    """A worker and the decoding child ask for less of the processor than the server, each as a process and as
    a session: whoever looks at a video does not wait for one."""
    server = live().start()
    a_good_one(server)
    ours = os.getpriority(os.PRIO_PROCESS, server.pid)
    for pid in (*leaders(server), *figures.decoders(server.pid)):
        assert os.getpriority(os.PRIO_PROCESS, pid) > ours
        group = Path(f"/proc/{pid}/autogroup")
        if group.exists():
            assert int(group.read_text().rpartition(" ")[2]) > 0


# --- hung


def hang(server: Live, deed: str) -> float:
    """A job that hangs the first time and is made the second; seconds from the hang to the process's end."""
    video = server.create(f"{deed} once", model="naughty").raise_for_status().json()["id"]
    until(marked(server, deed).exists, "it never began")
    hung = leaders(server)[0]
    since = marked(server, deed).stat().st_mtime
    with server.client() as client:
        until(lambda: client.get("/healthz").status_code == 200 and not alive(hung), "it was never ended")
    took = time.time() - since
    job = server.settled(video)
    assert (job["state"], attempts(server, video)) == ("completed", 2)
    assert f"did not move for {STAGE_S:g} s in stage frame" in server.said()
    assert hung not in server.workers()
    return took


def test_a_hung_worker(live: Callable[..., Live]) -> None:
    """Stopped, in an endless step or in a C loop: it is ended; its successor makes the job, and the next."""
    server = live(UNSTILL_STAGE_S=f"{STAGE_S:g}").start()
    for deed, how in HANGS.items():
        took = hang(server, deed)
        figures.note("hung worker", how=how, deadline_s=STAGE_S, ended_after_s=round(took, 1))
        a_good_one(server)
    assert faults(server) == []


@pytest.mark.soak
@pytest.mark.parametrize("deed", HANGS)
def test_a_hung_worker_by_the_clock(live: Callable[..., Live], deed: str) -> None:
    """Ended within 5 s of its deadline, ten times."""
    server = live(UNSTILL_STAGE_S=f"{STAGE_S:g}").start()
    for _ in range(10):
        took = hang(server, deed)
        marked(server, deed).unlink()
        figures.record("hung worker, by the clock", how=HANGS[deed], ended_after_s=round(took, 1))
        assert took < STAGE_S + 5
    a_good_one(server)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_worker_stopped_while_idle(live: Callable[..., Live]) -> None:
    """It takes the next job and says nothing of it: ended once that is too long, and the job is made."""
    server = live(UNSTILL_STAGE_S=f"{STAGE_S:g}").start()
    a_good_one(server)
    idle = leaders(server)[0]
    os.kill(idle, signal.SIGSTOP)
    video = server.create().json()["id"]
    started = time.monotonic()
    until(lambda: not alive(idle), "it was never ended", START_S + PATIENCE_S)
    took = time.monotonic() - started
    figures.record("worker stopped while idle", ended_after_s=round(took, 1))
    assert took < START_S + SECOND_LOOK_S + TERM_S + 5
    assert server.settled(video)["state"] == "completed"


def test_what_a_hung_worker_started_goes_with_it(live: Callable[..., Live]) -> None:
    """A compiler or a data loader does not outlive it."""
    server = live(UNSTILL_STAGE_S=f"{STAGE_S:g}").start()
    video = server.create("child once", model="naughty").json()["id"]
    note = Path(server.environ["NAUGHTY"], "child")
    until(lambda: note.exists() and note.read_text(), "it never began")
    child = int(note.read_text())
    assert alive(child)
    assert server.settled(video)["state"] == "completed"
    until(lambda: not alive(child), "it lives on")


@pytest.mark.soak
def test_a_job_that_always_hangs_fails_as_that(live: Callable[..., Live]) -> None:
    """Three times it is tried; then the person is told, and the queue goes on."""
    server = live(UNSTILL_STAGE_S=f"{STAGE_S:g}").start()
    video = server.create("asleep", model="naughty").json()["id"]
    job = server.settled(video)
    assert (job["state"], job["error"]["code"], attempts(server, video)) == ("failed", "worker_hung", 3)
    assert server.outputs() == set()
    a_good_one(server)


def test_a_hung_job_can_be_cancelled(live: Callable[..., Live]) -> None:
    """Long before its deadline, although its worker cannot hear of it."""
    server = live(UNSTILL_STAGE_S="3600").start()
    video = server.create("spinning", model="naughty").json()["id"]
    until(marked(server, "spinning").exists, "it never began")
    with server.client() as client:
        assert client.post(f"/v1/videos/{video}/cancel").status_code == 200
    assert server.settled(video)["state"] == "cancelled"
    assert server.outputs() == set()
    a_good_one(server)


def test_a_server_stops_whatever_its_worker_is_at(live: Callable[..., Live]) -> None:
    """SIGTERM ends it in order although the worker holds the GIL; the job goes on with the next start, and
    the stop was no crash of its worker."""
    server = live(UNSTILL_STAGE_S="3600").start()
    video = server.create("spinning once", model="naughty").json()["id"]
    until(marked(server, "spinning").exists, "it never began")
    worker = leaders(server)[0]
    assert server.stop() == 0
    assert not alive(worker)
    server.start()
    assert server.settled(video)["state"] == "completed"


# --- dead


def kill_attempts(server: Live, video: str, times: int) -> None:
    """SIGKILL to the worker in mid-job, so many attempts in a row."""
    for number in range(1, times + 1):
        until(lambda n=number: attempts(server, video) == n and in_frames(server, video), "no next attempt")
        worker = leaders(server)[-1]
        os.kill(worker, signal.SIGKILL)
        until(lambda pid=worker: not alive(pid), "it did not die")


def test_a_worker_killed_in_mid_job(live: Callable[..., Live]) -> None:
    """By SIGKILL from outside, as the out-of-memory killer does it: twice is survived, three times is not."""
    server = live().start()
    for times, state, code in ((2, "completed", None), (3, "failed", "worker_crashed")):
        video = server.create("doze", num_frames=24).json()["id"]
        kill_attempts(server, video, times)
        job = server.settled(video)
        assert (job["state"], (job["error"] or {}).get("code")) == (state, code)
        assert attempts(server, video) == 3
        mine = {name for name in server.outputs() if video in name}
        assert not any(".part" in name for name in mine)
        assert bool(mine) == (f"{video}.3.mp4" in mine) == (state == "completed")
    assert server.said().count("died (signal 9)") == 5
    a_good_one(server)


def test_a_job_that_always_crashes(live: Callable[..., Live]) -> None:
    """By itself, in C code: three attempts, each with a fresh process; the queue behind it is made."""
    server = live().start()
    bad = server.create("segfault", model="naughty").json()["id"]
    good = [server.create(seed=number).json()["id"] for number in range(3)]
    job = server.settled(bad)
    assert (job["state"], job["error"]["code"], attempts(server, bad)) == ("failed", "worker_crashed", 3)
    assert [server.settled(video)["state"] for video in good] == ["completed"] * 3
    assert faults(server) == []


def test_out_of_memory(live: Callable[..., Live]) -> None:
    """Said as what it is, tried no second time; the next job gets a fresh process."""
    server = live().start()
    for deed in ("memory", "torch"):
        video = server.create(deed, model="naughty").json()["id"]
        until(lambda: leaders(server), "no worker")
        before = leaders(server)
        job = server.settled(video)
        assert (job["state"], job["error"]["code"], attempts(server, video)) == ("failed", "out_of_memory", 1)
        a_good_one(server)
        assert not set(before) & set(leaders(server))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_crash_loops(live: Callable[..., Live]) -> None:
    """Job after job that crashes: the device is tried ever more seldom, is said to be of no use meanwhile,
    and the first good job heals it."""
    server = live().start()
    bad = [server.create("segfault", model="naughty").json()["id"] for _ in range(3)]
    good = server.create().json()["id"]
    seen: set[int] = set()
    end = time.monotonic() + 600
    with server.client() as client:
        while server.get(good)["state"] != "completed":
            assert time.monotonic() < end
            seen.add(client.get("/readyz").status_code)
            time.sleep(0.2)
        assert client.get("/readyz").status_code == 200
    assert seen == {200, 503}
    assert {server.get(video)["error"]["code"] for video in bad} == {"worker_crashed"}
    assert "tried again every 60 s" in server.said()
