"""What every job store does, whatever it is made of. A suite of its own: subclass `JobStoreContract` and give
it a fixture ``world``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from unstill.core.queue import (
    KEEP_KEYS_S,
    Claim,
    Idempotency,
    JobStore,
    LeaseLost,
    Limits,
    NewJob,
)
from unstill.domain.errors import UnstillError
from unstill.domain.job import MAX_CRASHES, Failure, Input, Job, Output, Progress, State
from unstill.domain.notes import Note
from unstill.domain.service_errors import (
    AlreadyFinal,
    IdempotencyMismatch,
    OwnerQueueFull,
    QueueFull,
    StoreFailed,
    VideoNotFound,
)

MONTH_S = 30 * 24 * 3600.0
MANY = Limits(10_000, 10_000)
_ids = count(1)


class FakeClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s, self.boot_id = 1_800_000_000.0, 500.0, "boot-1"

    def wall(self) -> float:
        return self.wall_s

    def steady(self) -> float:
        return self.steady_s

    def boot(self) -> str:
        return self.boot_id

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds

    def start_anew(self) -> None:
        self.boot_id += "+"
        self.steady_s = 3.0


class World:
    """A store, its clock, and a way to open it again as another process would."""

    def __init__(self, opened: Callable[[FakeClock], JobStore]) -> None:
        self.clock = FakeClock()
        self._open = opened
        self.store = opened(self.clock)

    def reopen(self) -> JobStore:
        self.store.close()
        self.store = self._open(self.clock)
        return self.store


def new(job_id: str = "", **changes: Any) -> NewJob:
    request = {"prompt": "push in", "model": "motion", "seed": 7, "size": None, **changes.pop("request", {})}
    made = NewJob(
        id=job_id or f"video_{next(_ids)}",
        owner="key_a",
        request=request,
        plan={"num_frames": 49, "fps": 24},
        input=Input("inputs/a.png", "photo.jpg", "ab" * 32, 640, 480),
    )
    return replace(made, **changes)


OUTPUT = Output("outputs/a.1.mp4", 1234, "cd" * 32, 2.5, 10**9, "outputs/a.1.jpg", "outputs/a.1.sheet.jpg")
HALF = Progress("steps", 10, 20, 50, 1.5)


def put(store: JobStore, **changes: Any) -> Job:
    return store.add(new(**changes), MANY)[0]


def take(store: JobStore, worker: str = "w", lease_s: float = 20.0) -> Claim:
    found = store.claim(worker, ["motion"], lease_s)
    assert found is not None
    return found[1]


def every_claimed_write(store: JobStore, claim: Claim) -> list[Callable[[], object]]:
    return [
        lambda: store.renew(claim),
        lambda: store.report(claim, HALF),
        lambda: store.complete(claim, OUTPUT, ()),
        lambda: store.fail(claim, Failure("out_of_memory")),
        lambda: store.stopped(claim),
        lambda: store.give_back(claim, crashed=True),
    ]


@contextmanager
def unchanged(store: JobStore, job_id: str) -> Iterator[None]:
    """Nothing about the job changes meanwhile."""
    before = store.get(job_id, deleted=True)
    yield
    assert store.get(job_id, deleted=True) == before


class JobStoreContract:
    """Each test takes a fresh `World`."""

    # --- what is stored -------------------------------------------------------------------------------

    def test_a_job_comes_back_as_it_was_stored(self, world: World) -> None:
        """Every field, any script, also text that no database column takes."""
        note = Note("size_snapped", {"wanted": "1x1", "got": "16x16", "grid": 16})
        strange = "镜头\u0000推进 \ud83d 'quotes\" % _ \\ 🚀"
        given = new(
            request={"prompt": strange},
            kind="extend",
            source="video_0",
            priority=3,
            notes=(note,),
            owner="钥匙",
        )
        job, fresh = world.store.add(given, MANY)
        assert fresh
        stored = world.reopen().get(given.id)
        assert stored == job
        assert (stored.request, stored.plan, stored.input) == (given.request, given.plan, given.input)
        assert (stored.owner, stored.kind, stored.source) == ("钥匙", "extend", "video_0")
        assert (stored.notes, stored.priority, stored.state) == ((note,), 3, State.QUEUED)
        assert (stored.created_at, stored.model) == (world.clock.wall(), "motion")
        assert (stored.attempt, stored.crashes, stored.cancel_requested) == (0, 0, False)

    def test_a_finished_job_comes_back_with_its_output(self, world: World) -> None:
        put(world.store)
        world.clock.pass_s(5)
        claim = take(world.store, "cpu-0")
        world.store.report(claim, HALF)
        world.clock.pass_s(5)
        notes = (Note("camera_motion"), Note("video_frozen"))
        done = world.store.complete(claim, OUTPUT, notes)
        assert world.reopen().get(done.id) == done
        assert (done.state, done.output, done.notes) == (State.COMPLETED, OUTPUT, notes)
        assert (done.progress, done.worker, done.attempt) == (HALF, "cpu-0", 1)
        assert (done.started_at, done.completed_at) == (done.created_at + 5, done.created_at + 10)

    def test_a_failed_job_says_why(self, world: World) -> None:
        put(world.store)
        failure = Failure("worker_hung", {"stage": "steps", "seconds": 60})
        failed = world.store.fail(take(world.store), failure)
        assert (failed.state, failed.failure) == (State.FAILED, failure)
        assert world.store.get(failed.id) == failed
        assert world.store.counts().failures == {"worker_hung": 1}

    def test_every_visible_change_counts_as_a_revision(self, world: World) -> None:
        """A renewed lease is none."""
        job = put(world.store)
        claim = take(world.store)
        world.store.renew(claim)
        world.store.renew(claim)
        assert world.store.get(job.id).revision == 1
        world.store.report(claim, HALF)
        assert world.store.complete(claim, OUTPUT, ()).revision == 3

    # --- who may see it -------------------------------------------------------------------------------

    def test_another_owners_job_does_not_exist(self, world: World) -> None:
        job = put(world.store)
        for call in (world.store.get, world.store.cancel, world.store.delete, world.store.restore):
            with unchanged(world.store, job.id), pytest.raises(VideoNotFound):
                call(job.id, "key_b")
            with pytest.raises(VideoNotFound):
                call("video_nobody_made", None)
        with pytest.raises(VideoNotFound):
            world.store.page("key_b", after=job.id)
        assert world.store.page("key_b").jobs == ()
        assert world.store.get(job.id, "key_a") == job

    # --- lists ----------------------------------------------------------------------------------------

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_pages_hold_every_job_once(self, world: World, newest_first: bool) -> None:
        """Jobs that come or go between two pages change nothing about the others."""
        ids = [put(world.store).id for _ in range(7)]
        first = world.store.page("key_a", limit=3, newest_first=newest_first)
        world.store.delete(first.jobs[-1].id)
        seen = [job.id for job in first.jobs]
        page = first
        while page.more:
            page = world.store.page("key_a", after=seen[-1], limit=3, newest_first=newest_first)
            seen += [job.id for job in page.jobs]
        assert seen == (ids[::-1] if newest_first else ids)

    def test_lists_go_by_number_though_the_wall_clock_jumps_back(self, world: World) -> None:
        first = put(world.store)
        world.clock.wall_s -= MONTH_S
        second = put(world.store)
        assert second.number > first.number
        assert [job.id for job in world.store.page().jobs] == [second.id, first.id]

    def test_a_purged_number_is_not_given_again(self, world: World) -> None:
        job = put(world.store)
        world.store.delete(job.id)
        world.clock.pass_s(1)
        world.store.purge(0)
        assert put(world.reopen()).number > job.number

    def test_lists_can_be_narrowed(self, world: World) -> None:
        one = put(world.store, request={"prompt": "Zoom OUT, 100% fog_now"})
        two = put(world.store, request={"prompt": "镜头推进, Ｆｏｇ, ÉTÉ", "model": "film"})
        take(world.store)

        def found(**narrow: Any) -> list[str]:
            return [job.id for job in world.store.page(newest_first=False, **narrow).jobs]

        assert found(states=[State.IN_PROGRESS, State.FAILED]) == [one.id]
        assert found(states=[State.QUEUED]) == found(model="film") == [two.id]
        assert found(text="zoom out") == found(text="100%") == found(text="g_n") == [one.id]
        assert found(text="fog") == [one.id, two.id]
        assert found(text="推进") == found(text="été") == [two.id]
        assert found(text="1%0") == found(text="f_g") == found(text="\\") == found(text="x" * 60_000) == []

    # --- the queue ------------------------------------------------------------------------------------

    def test_the_first_of_the_highest_priority_goes_next(self, world: World) -> None:
        a, b, c, d = (put(world.store, priority=p) for p in (0, 5, 0, 5))
        assert [world.store.waiting_before(job.id) for job in (b, d, a, c)] == [0, 1, 2, 3]
        assert [take(world.store).job_id for _ in range(4)] == [b.id, d.id, a.id, c.id]
        assert world.store.claim("w", ["motion"]) is None
        assert world.store.waiting_before(c.id) == world.store.waiting_before("unknown") == 0

    def test_a_worker_gets_only_models_it_can_run(self, world: World) -> None:
        put(world.store, request={"model": "film"})
        mine = put(world.store)
        assert world.store.claim("w", []) is None
        assert take(world.store).job_id == mine.id
        assert world.store.claim("w", ["motion"]) is None

    def test_the_queue_has_an_end(self, world: World) -> None:
        """In all and for each key; where nobody has a key only in all."""
        limits = Limits(queued=4, queued_per_owner=2)
        first = world.store.add(new(), limits)[0]
        world.store.add(new(), limits)
        with pytest.raises(OwnerQueueFull, match="2 of your"):
            world.store.add(new(), limits)
        world.store.add(new(owner="key_b"), limits)
        world.store.add(new(owner=""), limits)
        with pytest.raises(QueueFull, match="4 videos") as full:
            world.store.add(new(owner=""), limits)
        assert full.type is QueueFull
        world.store.cancel(first.id)
        world.store.add(new(owner=""), limits)
        take(world.store)
        world.store.add(new(), limits)

    def test_counts_tell_the_queue_in_numbers(self, world: World) -> None:
        put(world.store)
        world.clock.pass_s(30)
        put(world.store)
        world.clock.pass_s(1)
        counts = world.store.counts()
        assert counts.by_state == {state: 2 if state is State.QUEUED else 0 for state in State}
        assert counts.oldest_wait_s == 31
        world.clock.wall_s -= MONTH_S
        assert world.store.counts().oldest_wait_s == 0

    # --- the same request twice -----------------------------------------------------------------------

    def test_a_key_gives_the_same_job_again(self, world: World) -> None:
        """Also when the queue is full by then, and after the job is done or deleted."""
        key = Idempotency("k", "digest")
        job, fresh = world.store.add(new(idempotency=key), Limits(1, 1))
        assert fresh
        assert world.store.add(new(idempotency=key), Limits(1, 1)) == (job, False)
        done = world.store.complete(take(world.store), OUTPUT, ())
        assert world.reopen().add(new(idempotency=key), MANY) == (done, False)
        world.store.delete(job.id)
        assert world.store.add(new(idempotency=key), MANY)[0].id == job.id

    def test_a_key_of_another_request_is_refused(self, world: World) -> None:
        world.store.add(new(idempotency=Idempotency("k", "one")), MANY)
        with pytest.raises(IdempotencyMismatch):
            world.store.add(new(idempotency=Idempotency("k", "two")), MANY)
        theirs, fresh = world.store.add(new(owner="key_b", idempotency=Idempotency("k", "two")), MANY)
        assert fresh
        assert theirs.owner == "key_b"

    def test_a_known_key_is_found_without_storing_anything(self, world: World) -> None:
        """Whatever became of its job; an unknown key, and another owner's, finds nothing."""
        key = Idempotency("k", "digest")
        assert world.store.find("key_a", key) is None
        job, _ = world.store.add(new(idempotency=key), MANY)
        with unchanged(world.store, job.id):
            assert world.store.find("key_a", key) == job
            assert world.store.find("key_b", key) is None
            assert world.store.find("key_a", Idempotency("other", "digest")) is None
            with pytest.raises(IdempotencyMismatch):
                world.store.find("key_a", Idempotency("k", "another"))
        done = world.store.complete(take(world.store), OUTPUT, ())
        assert world.reopen().find("key_a", key) == done
        deleted = world.store.delete(job.id)
        assert world.store.find("key_a", key) == deleted
        assert world.store.page().jobs == ()

    @pytest.mark.parametrize("jump_s", [3600.0, MONTH_S, -3600.0, -MONTH_S])
    def test_a_key_is_remembered_for_a_day_of_real_time(self, world: World, jump_s: float) -> None:
        """However the wall clock jumps."""
        key = Idempotency("k", "digest")
        job = world.store.add(new(idempotency=key), MANY)[0]
        world.clock.wall_s += jump_s
        world.clock.pass_s(KEEP_KEYS_S - 1)
        assert world.store.find("key_a", key) == world.store.get(job.id)
        assert world.store.add(new(idempotency=key), MANY) == (world.store.get(job.id), False)
        world.clock.pass_s(1)
        assert world.store.find("key_a", key) is world.store.find("key_a", Idempotency("k", "x")) is None
        assert world.store.add(new(idempotency=key), MANY)[1]

    def test_a_key_outlives_a_new_start_of_the_computer(self, world: World) -> None:
        key = Idempotency("k", "digest")
        world.store.add(new(idempotency=key), MANY)
        world.clock.start_anew()
        world.clock.wall_s += KEEP_KEYS_S - 1
        assert world.store.find("key_a", key) is not None
        assert not world.store.add(new(idempotency=key), MANY)[1]
        world.clock.wall_s += 1
        assert world.store.find("key_a", key) is None
        assert world.store.add(new(idempotency=key), MANY)[1]

    # --- leases and the fence -------------------------------------------------------------------------

    def test_a_claim_that_was_taken_over_writes_nothing(self, world: World) -> None:
        """The fence: the job is running again, under another attempt, by the same worker even."""
        put(world.store)
        old = take(world.store, "w", 1)
        world.clock.pass_s(1)
        assert [job.id for job in world.store.expire()] == [old.job_id]
        for write in every_claimed_write(world.store, old):
            with unchanged(world.store, old.job_id), pytest.raises(LeaseLost):
                write()
        fresh = take(world.store, "w")
        assert fresh.attempt == 2
        for write in every_claimed_write(world.store, old):
            with unchanged(world.store, old.job_id), pytest.raises(LeaseLost):
                write()
        assert world.store.complete(fresh, OUTPUT, ()).attempt == 2

    def test_a_claim_of_another_worker_writes_nothing(self, world: World) -> None:
        put(world.store)
        claim = take(world.store, "w")
        for write in every_claimed_write(world.store, replace(claim, worker="v")):
            with unchanged(world.store, claim.job_id), pytest.raises(LeaseLost):
                write()

    def test_nothing_leaves_a_final_state(self, world: World) -> None:
        """Nor is anything else about the job written under a claim."""
        for settle in (
            lambda claim: world.store.complete(claim, OUTPUT, ()),
            lambda claim: world.store.fail(claim, Failure("bad_output")),
            lambda claim: world.store.stopped(claim),
        ):
            put(world.store)
            claim = take(world.store)
            settle(claim)
            for write in every_claimed_write(world.store, claim):
                with unchanged(world.store, claim.job_id), pytest.raises(LeaseLost):
                    write()
            with unchanged(world.store, claim.job_id), pytest.raises(AlreadyFinal):
                world.store.cancel(claim.job_id)
            with unchanged(world.store, claim.job_id):
                world.clock.pass_s(MONTH_S)
                assert world.store.expire() == world.store.free_all() == []
        assert world.store.claim("w", ["motion"]) is None

    def test_a_renewed_lease_goes_on(self, world: World) -> None:
        put(world.store)
        claim = take(world.store, lease_s=10)
        for _ in range(5):
            world.clock.pass_s(9)
            assert world.store.renew(claim, 10) is False
            assert world.store.expire() == []
        world.clock.pass_s(10)
        assert len(world.store.expire()) == 1

    def test_work_done_just_after_the_lease_ran_out_counts(self, world: World) -> None:
        """As long as nobody took the job back."""
        put(world.store)
        claim = take(world.store, lease_s=1)
        world.clock.pass_s(60)
        world.store.renew(claim, 1)
        world.clock.pass_s(60)
        assert world.store.complete(claim, OUTPUT, ()).state is State.COMPLETED

    @pytest.mark.parametrize("jump_s", [3600.0, MONTH_S, -3600.0, -MONTH_S])
    def test_the_wall_clock_moves_no_lease(self, world: World, jump_s: float) -> None:
        put(world.store)
        claim = take(world.store, lease_s=10)
        world.clock.wall_s += jump_s
        world.clock.steady_s += 9
        assert world.store.expire() == []
        assert world.store.renew(claim, 10) is False
        world.clock.steady_s += 10
        assert len(world.store.expire()) == 1

    def test_a_lease_of_another_boot_has_run_out(self, world: World) -> None:
        """Its end may lie far ahead on the clock that started anew."""
        put(world.store)
        take(world.store, lease_s=1000)
        world.clock.start_anew()
        freed = world.reopen().expire()
        assert [(job.state, job.crashes) for job in freed] == [(State.QUEUED, 1)]

    def test_attempts_only_grow(self, world: World) -> None:
        job = put(world.store)
        seen = []
        for way in range(4):
            claim = take(world.store, f"w{way}")
            seen.append(claim.attempt)
            world.store.give_back(claim, crashed=False) if way % 2 else world.reopen().free_all()
        assert seen == [1, 2, 3, 4]
        back = world.store.get(job.id)
        assert (back.state, back.attempt, back.crashes) == (State.QUEUED, 4, 0)
        assert (back.worker, back.progress, back.started_at) == (None, None, None)

    def test_the_third_crash_fails_a_job(self, world: World) -> None:
        """Counted over workers that died and leases that ran out; a server's end never counts."""
        put(world.store)
        for crash in range(1, MAX_CRASHES):
            job = world.store.give_back(take(world.store), crashed=True)
            assert (job.state, job.crashes) == (State.QUEUED, crash)
            take(world.store)
            assert world.store.free_all()[0].crashes == crash
        take(world.store, lease_s=1)
        world.clock.pass_s(1)
        [job] = world.store.expire()
        assert (job.state, job.crashes) == (State.FAILED, MAX_CRASHES)
        assert job.failure == Failure("worker_crashed", {"times": MAX_CRASHES})
        assert world.store.counts().failures == {"worker_crashed": 1}

    def test_threads_never_get_the_same_job(self, world: World) -> None:
        """8 threads, 200 jobs: each is claimed and settled once, and none is left."""
        ids = {put(world.store).id for _ in range(200)}
        claimed: list[str] = []
        troubles: list[Exception] = []

        def work(worker: str) -> None:
            try:
                while found := world.store.claim(worker, ["motion"]):
                    claimed.append(found[0].id)
                    world.store.get(found[0].id)
                    world.store.complete(found[1], OUTPUT, ())
            except Exception as error:
                troubles.append(error)

        threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert troubles == []
        assert sorted(claimed) == sorted(ids)
        assert world.store.counts().by_state[State.COMPLETED] == 200

    # --- cancel ---------------------------------------------------------------------------------------

    def test_a_queued_job_is_cancelled_at_once(self, world: World) -> None:
        job = put(world.store)
        world.clock.pass_s(2)
        cancelled = world.store.cancel(job.id)
        assert (cancelled.state, cancelled.completed_at) == (State.CANCELLED, world.clock.wall())
        assert world.store.claim("w", ["motion"]) is None

    def test_a_running_job_is_asked_to_stop(self, world: World) -> None:
        """The worker hears of it with its next renewal or report; asking twice is no mistake."""
        job = put(world.store)
        claim = take(world.store)
        assert world.store.report(claim, HALF) is False
        for _ in range(2):
            asked = world.store.cancel(job.id)
            assert (asked.state, asked.cancel_requested) == (State.IN_PROGRESS, True)
        assert world.store.renew(claim) is True
        assert world.store.report(claim, HALF) is True
        assert world.store.stopped(claim).state is State.CANCELLED

    @pytest.mark.parametrize("way", ["complete", "fail"])
    def test_a_cancel_counts_until_the_end_is_stored(self, world: World, way: str) -> None:
        """It was answered with a yes: finished work is dropped, and nothing of it is in the row."""
        job = put(world.store)
        claim = take(world.store)
        world.store.cancel(job.id)
        if way == "complete":
            ended = world.store.complete(claim, OUTPUT, ())
        else:
            ended = world.store.fail(claim, Failure("bad_output"))
        assert (ended.state, ended.output, ended.failure) == (State.CANCELLED, None, None)
        assert world.store.get(job.id) == ended

    @pytest.mark.parametrize("way", ["give_back", "crash", "expire", "free_all"])
    def test_a_cancel_is_carried_out_when_the_worker_is_gone(self, world: World, way: str) -> None:
        job = put(world.store)
        claim = take(world.store, lease_s=1)
        world.store.cancel(job.id)
        world.clock.pass_s(1)
        match way:
            case "expire":
                world.store.expire()
            case "free_all":
                world.store.free_all()
            case _:
                world.store.give_back(claim, crashed=way == "crash")
        assert world.store.get(job.id).state is State.CANCELLED

    # --- delete ---------------------------------------------------------------------------------------

    def test_a_deleted_job_is_hidden_until_it_is_restored(self, world: World) -> None:
        job = put(world.store)
        done = world.store.complete(take(world.store), OUTPUT, ())
        deleted = world.store.delete(job.id, "key_a")
        assert deleted.deleted_at == world.clock.wall()
        for call in (world.store.get, world.store.delete, world.store.cancel):
            with pytest.raises(VideoNotFound):
                call(job.id)
        assert world.store.page().jobs == ()
        assert world.store.get(job.id, "key_a", deleted=True) == deleted
        restored = world.store.restore(job.id, "key_a")
        assert (restored.state, restored.output, restored.deleted_at) == (done.state, OUTPUT, None)
        assert world.store.restore(job.id) == world.store.get(job.id) == restored

    def test_deleting_stops_the_work(self, world: World) -> None:
        running, queued = put(world.store), put(world.store)
        claim = take(world.store)
        assert world.store.delete(queued.id).state is State.CANCELLED
        assert world.store.delete(running.id).state is State.IN_PROGRESS
        assert world.store.renew(claim) is True
        assert world.store.stopped(claim).state is State.CANCELLED
        assert world.store.restore(queued.id).state is State.CANCELLED

    def test_purge_forgets_what_was_deleted_long_ago(self, world: World) -> None:
        """Not what still runs, and not the source of a job that has yet to be made."""
        old, running, source = (put(world.store, priority=p) for p in (1, 3, 2))
        take(world.store)
        world.store.complete(take(world.store), OUTPUT, ())
        later = put(world.store, source=source.id)
        world.store.cancel(old.id)
        for job in (old, running, source):
            world.store.delete(job.id)
        world.clock.pass_s(10)
        kept = put(world.store)
        world.store.delete(kept.id)
        assert world.store.purge(11) == world.store.purge(10) == []
        assert [job.id for job in world.store.purge(9)] == [old.id]
        with pytest.raises(VideoNotFound):
            world.store.restore(old.id)
        world.store.cancel(later.id)
        assert [job.id for job in world.store.purge(9)] == [source.id]
        world.store.free_all()
        world.clock.pass_s(1)
        assert [job.id for job in world.store.purge(0)] == [running.id, kept.id]

    def test_purge_removes_files_first(self, world: World) -> None:
        """Those that no other job has; where that fails, the job is still there, deleted as before."""
        job, shared = put(world.store), put(world.store)
        done = world.store.complete(take(world.store), OUTPUT, ())
        own = put(world.store, input=Input("inputs/own.png", "b", "", 1, 1))
        world.store.cancel(own.id)
        for gone in (done, own):
            world.store.delete(gone.id)
        world.clock.pass_s(10)

        def fail(names: Collection[str]) -> None:
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            world.store.purge(9, fail)
        assert world.store.get(job.id, deleted=True).output == OUTPUT
        removed: set[str] = set()
        assert [job.id for job in world.store.purge(9, removed.update)] == [job.id, own.id]
        assert removed == {OUTPUT.file, OUTPUT.thumbnail, OUTPUT.spritesheet, "inputs/own.png"}
        assert world.store.files() == {shared.input.file}

    def test_purge_does_not_go_by_the_wall_clock(self, world: World) -> None:
        """Neither a jump ahead nor one back brings it early; after a new boot only the wall clock is left."""
        one, two = put(world.store), put(world.store)
        world.store.delete(one.id)
        world.clock.wall_s -= MONTH_S
        world.store.delete(two.id)
        world.clock.wall_s += 2 * MONTH_S
        assert world.store.purge(3600) == []
        world.clock.pass_s(3601)
        assert [job.id for job in world.store.purge(3600)] == [one.id, two.id]
        three = put(world.store)
        world.store.delete(three.id)
        world.clock.start_anew()
        assert world.store.purge(3600) == []
        world.clock.pass_s(3601)
        assert [job.id for job in world.store.purge(3600)] == [three.id]

    def test_files_are_those_that_rows_name(self, world: World) -> None:
        """Deleted jobs still own theirs; purged ones do not."""
        job = put(world.store)
        assert world.store.files() == {"inputs/a.png"}
        world.store.complete(take(world.store), OUTPUT, ())
        put(world.store, input=Input("inputs/b.png", "b", "", 1, 1))
        world.store.delete(job.id)
        names = {"inputs/a.png", OUTPUT.file, OUTPUT.thumbnail, OUTPUT.spritesheet, "inputs/b.png"}
        assert world.store.files() == names
        world.clock.pass_s(1)
        world.store.purge(0)
        assert world.store.files() == {"inputs/b.png"}

    # --- the whole ------------------------------------------------------------------------------------

    def test_what_was_answered_is_there_after_a_new_start(self, world: World) -> None:
        put(world.store)
        take(world.store)
        put(world.store)
        before = world.store.page().jobs
        world.store.check()
        assert world.reopen().page().jobs == before

    def test_a_closed_store_says_so(self, world: World) -> None:
        world.store.close()
        world.store.close()
        for call in (world.store.counts, world.store.check, world.store.expire):
            with pytest.raises(StoreFailed):
                call()

    def test_a_backup_never_leaves_half_a_file(self, world: World, tmp_path: Path) -> None:
        put(world.store)
        target = tmp_path / "copy" / "unstill.backup"
        for _ in range(2):
            world.store.backup(target)
        assert [p.name for p in target.parent.iterdir()] == ["unstill.backup"]
        with pytest.raises(UnstillError):
            world.store.backup(tmp_path / "copy" / "unstill.backup" / "in a file")
