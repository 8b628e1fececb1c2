"""Jobs on their way through a real worker process, whatever it does to them."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rigs import Rig, alive, until
from signing import open_office
from unstill.core.dispatch import Dispatchers
from unstill.domain.job import State
from unstill.media.content_credentials import verify
from unstill.media.read_video import probe, read_metadata

Rigs = Callable[..., Rig]


def test_a_job_becomes_a_video(rig: Rigs, caplog: pytest.LogCaptureFixture) -> None:
    """Its row has the file, the small pictures and the notes; the news tell of it; no log has its words."""
    caplog.set_level(logging.INFO)
    server = rig()
    job = server.settled(server.add("pan left preview prints"))
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 1, 0)
    assert job.output is not None
    video = server.data / job.output.file
    assert probe(video).num_frames == 8
    assert job.output.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    assert job.output.peak_bytes > 0
    assert [note.code for note in job.notes] == ["camera_motion"]
    small = {job.output.thumbnail, job.output.spritesheet}
    assert {"outputs/" + name for name in server.files()} == {job.output.file, *small}
    until(lambda: server.ear.states[-1] == (job.id, State.COMPLETED, 1))
    assert [state for _, state, _ in server.ear.states] == [State.IN_PROGRESS, State.COMPLETED]
    percents = [tick.percent for tick in server.ear.ticks]
    assert percents == sorted(percents)
    assert server.ear.previews[0].startswith(b"\xff\xd8")
    assert "preview prints" not in caplog.text
    extended = server.settled(server.add("pan left", model="testcard", kind="extend", source=job.id))
    assert extended.output is not None
    assert probe(server.data / extended.output.file).num_frames == 15
    lost = server.settled(server.add("pan left", kind="extend", source="video_none"))
    assert lost.failure is not None
    assert lost.failure.code == "video_not_found"


def test_a_labelled_job_keeps_what_an_extension_needs(rig: Rigs) -> None:
    """Its row names the bare last frame, so that no sweep takes it; the label's language is the plan's."""
    server = rig()
    wish = {"model": "testcard", "visible_label": True, "plan": {"label_language": "zh"}}
    job = server.settled(server.add("pan left", **wish))
    assert job.output is not None
    assert job.output.last_frame == f"outputs/{job.id}.1.last.png"
    assert job.output.last_frame in server.store.files()
    assert {"outputs/" + name for name in server.files()} == set(job.output.files())
    longer = server.settled(server.add("pan left", kind="extend", source=job.id, num_frames=30, **wish))
    assert longer.output is not None
    assert longer.output.last_frame is None
    entries = read_metadata(server.data / longer.output.file)
    assert '"label_language":"zh"' in entries["unstill"]


def test_a_worker_signs_where_the_settings_say_so(
    rig: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row's digest and size are those of the signed file; bad credentials fail the job by their name."""
    office = open_office(tmp_path)
    monkeypatch.setenv("UNSTILL_C2PA_CERTIFICATE", str(office.credentials.certificates))
    monkeypatch.setenv("UNSTILL_C2PA_KEY", str(office.credentials.key))
    server = rig()
    job = server.settled(server.add("pan left"))
    assert job.output is not None
    video = server.data / job.output.file
    assert verify(video, office.root)["trusted"]
    assert job.output.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    office.credentials.key.unlink()
    failed = server.settled(server.add("pan left"))
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.facts["path"]) == ("credentials_unusable", "key.pem")


def test_a_file_that_was_written_to_after_the_worker_is_not_taken(rig: Rigs) -> None:
    """Even where its size is the same: the worker's digest would not be its own. The job is tried again."""
    server = rig(lease_s=30.0)
    renew = server.store.renew

    def meddled(claim: object, *more: object) -> bool:
        server.store.renew = renew
        (video,) = (server.data / "outputs").glob("*.mp4")
        with video.open("rb+") as file:
            file.write(b"\0")
        return renew(claim, *more)

    server.store.renew = meddled
    job = server.settled(server.add("pan left"))
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 1)
    assert not any(".1." in name for name in server.files())


def test_a_job_waits_for_files_that_are_being_fetched(rig: Rigs) -> None:
    """Those of other models go before it meanwhile."""
    server = rig()
    server.coming = frozenset({"testcard"})
    waits = server.add(model="testcard")
    other = server.add()
    assert server.settled(other).state == State.COMPLETED
    assert server.store.get(waits).state == State.QUEUED
    server.coming = frozenset()
    assert server.settled(waits).state == State.COMPLETED


def test_a_killed_workers_job_goes_to_the_next_one(rig: Rigs, caplog: pytest.LogCaptureFixture) -> None:
    """After a signal, a fault in C and a silent exit alike; the log says what happens next."""
    server = rig()
    for deed in ("killed", "segfault", "silent"):
        job = server.settled(server.add(f"{deed} once"))
        assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 1), deed
        assert f"{job.id}.1.mp4" not in server.files()
        assert f"job {job.id} returns to the queue, attempt 2" in caplog.text
    assert "worker cpu:0 died (signal 9)" in caplog.text
    assert "Fatal Python error: Segmentation fault" in caplog.text


def test_the_third_crash_is_the_last(rig: Rigs) -> None:
    """Then the job has failed, nothing is left of it, and the next one runs."""
    server = rig(quarantine_after=3, probe_s=0.2)
    job = server.settled(server.add("killed"))
    assert (job.state, job.attempt) == (State.FAILED, 3)
    assert job.failure is not None
    assert job.failure.code == "worker_crashed"
    assert server.files() == set()
    assert server.settled(server.add("pan left")).state is State.COMPLETED
    assert server.dispatcher.view().restarts == 3  # the job is settled a moment before that is counted
    assert server.dispatcher.view().usable


@pytest.mark.parametrize("deed", ["stopped", "spinning"])
def test_a_hung_worker_is_ended_and_the_job_tried_again(rig: Rigs, deed: str) -> None:
    """SIGSTOP, a C loop that holds the interpreter's lock."""
    server = rig()
    job = server.settled(server.add(f"{deed} once"))
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 1)


def test_a_job_that_always_hangs_fails_as_that(rig: Rigs) -> None:
    """An endless step."""
    server = rig(stage_s=0.3)
    job = server.settled(server.add("asleep"))
    assert job.failure is not None
    assert (job.failure.code, job.failure.facts["stage"], job.attempt) == ("worker_hung", "frame", 3)


def test_errors_fail_the_job_and_spare_the_worker(rig: Rigs) -> None:
    """A typed one at once; after an unforeseen one, an engine's sys.exit() too, a fresh process goes on."""
    server = rig()
    typed = server.settled(server.add("typed"))
    assert typed.failure is not None
    assert (typed.failure.code, typed.failure.facts["path"]) == ("not_writable", "a.mp4")
    pid = server.worker.pid
    left = server.settled(server.add("exit load"))
    assert left.failure is not None
    assert (left.failure.code, left.attempt, left.crashes) == ("unexpected", 1, 0)
    assert server.settled(server.add("pan left")).state is State.COMPLETED
    assert server.worker.pid != pid
    assert server.dispatcher.view().restarts == 0


def test_a_cancel_is_heeded_at_the_next_tick(rig: Rigs) -> None:
    """Nothing is left, the process stays, and the next job runs."""
    server = rig()
    video = server.add("doze", num_frames=200)
    server.ticking(video)
    pid = server.worker.pid
    server.store.cancel(video)
    assert server.settled(video).state is State.CANCELLED
    assert server.settled(server.add("pan left")).state is State.COMPLETED
    assert server.worker.pid == pid
    assert not any(name.startswith((video, f".{video}")) for name in server.files())


def test_a_cancel_that_is_not_heeded_ends_the_whole_group(rig: Rigs) -> None:
    """The worker's own children too. It is no crash."""
    server = rig(stage_s=60, cancel_s=0.2)
    video = server.add("child")
    child = int(until(lambda: (f := server.data / "child").exists() and f.read_text()))
    pid = server.worker.pid
    assert pid is not None
    assert alive(child)
    server.store.cancel(video)
    job = server.settled(video)
    assert (job.state, job.crashes) == (State.CANCELLED, 0)
    until(lambda: not alive(child) and not alive(pid))


def test_an_attempt_that_lost_its_lease_commits_nothing(rig: Rigs) -> None:
    """Its file goes; the attempt that took over has its own."""
    server = rig()
    video = server.add("doze")
    server.ticking(video)
    server.store.free_all()
    job = server.settled(video)
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 0)
    assert not any(".1." in name for name in server.files())


def test_a_result_that_is_out_of_date_is_dropped(rig: Rigs) -> None:
    """Taken over in the very moment between the work and the commit."""
    server = rig(lease_s=30.0)
    commit = server.store.complete

    def too_late(*arguments: object) -> object:
        server.store.free_all()
        server.store.complete = commit
        return commit(*arguments)

    server.store.complete = too_late
    job = server.settled(server.add("pan left"))
    assert (job.state, job.attempt) == (State.COMPLETED, 2)
    assert not any(".1." in name for name in server.files())


def test_a_cancel_that_was_promised_is_kept(rig: Rigs) -> None:
    """Also when it comes after the last tick."""
    server = rig()
    renew = server.store.renew

    def cancelled_meanwhile(claim: object, *more: object) -> bool:
        server.store.cancel(server.dispatcher.view().job_id)
        return renew(claim, *more)

    server.store.renew = cancelled_meanwhile
    assert server.settled(server.add("pan left")).state is State.CANCELLED
    assert server.files() == set()


@pytest.mark.parametrize(("grace_s", "state"), [(0.0, State.QUEUED), (60.0, State.COMPLETED)])
def test_a_stop_finishes_or_gives_back(rig: Rigs, grace_s: float, state: State) -> None:
    """What does not fit into the grace is queued again, uncounted; nothing new is begun."""
    server = rig()
    video, waiting = server.add("doze"), server.add("pan left")
    server.ticking(video)
    pid = server.worker.pid
    assert pid is not None
    everyone = Dispatchers([server.dispatcher])
    assert everyone.drain(grace_s)
    assert [worker.state for worker in everyone.workers()] == ["asleep"]
    assert (server.get(video).state, server.get(video).crashes) == (state, 0)
    assert server.get(waiting).state is State.QUEUED
    assert bool(server.files()) == (state is State.COMPLETED)
    assert not alive(pid)


def test_a_signal_to_the_whole_service_is_no_crash(rig: Rigs) -> None:
    """Where the service manager stops server and workers at once, and the worker dies first."""
    server = rig()
    video = server.add("doze")
    server.ticking(video)
    assert server.worker.pid is not None
    os.kill(server.worker.pid, signal.SIGTERM)
    server.dispatcher.stop(0.0)
    assert server.dispatcher.join(60)
    assert (server.get(video).state, server.get(video).crashes) == (State.QUEUED, 0)


def test_an_idle_worker_gives_its_memory_back(rig: Rigs) -> None:
    """By ending; the next job starts another."""
    server = rig(idle_s=0.2)
    assert server.settled(server.add("pan left")).state is State.COMPLETED
    until(lambda: server.dispatcher.view().state == "asleep")
    assert server.worker.pid is None
    assert server.settled(server.add("pan left")).state is State.COMPLETED


def test_a_worker_that_dies_while_idle_costs_no_job_anything(rig: Rigs) -> None:
    """The next job gets a new one."""
    server = rig()
    os.kill(until(lambda: server.worker.pid), signal.SIGKILL)
    until(lambda: server.dispatcher.view().restarts == 1)
    job = server.settled(server.add("pan left"))
    assert (job.state, job.attempt) == (State.COMPLETED, 1)


def test_jobs_that_others_left_behind_are_found(rig: Rigs) -> None:
    """When their lease has run out."""
    server = rig()
    video = server.add("pan left", model="motion")
    assert server.store.claim("another", ["motion"], 0.1) is not None
    until(lambda: server.get(video).state is State.QUEUED)
    assert server.get(video).crashes == 1
