"""Whose turn it is, and what a claim leaves to others: part of every job store's contract."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from job_store_contract import MANY, OUTPUT, World, new, put, take
from unstill.core.queue import JobStore, LeaseLost, Reach
from unstill.domain.job import NOBODY, Failure, State

GIB = 2**30


def queue(store: JobStore, owners: str, **changes: object) -> None:
    """One job of each of these owners, in this order."""
    for owner in owners:
        put(store, owner=owner, **changes)


def made(store: JobStore, times: int) -> str:
    """The owners of the next jobs, which are made one after another."""
    found = ""
    for _ in range(times):
        claim = take(store)
        found += store.get(claim.job_id).owner
        store.complete(claim, OUTPUT, ())
    return found


def begun(store: JobStore, times: int, reach: Reach) -> str:
    """The owners of those that are taken and stay in progress."""
    found = ""
    for number in range(times):
        got = store.claim(f"w{number}", ["motion"], 20.0, reach)
        found += got[0].owner if got else "-"
    return found


class FairnessContract:
    """Each test takes a fresh `World`."""

    def test_owners_take_turns(self, world: World) -> None:
        queue(world.store, "aaaaabbbc")
        assert made(world.store, 9) == "abcababaa"

    def test_who_comes_late_is_not_behind_a_long_queue(self, world: World) -> None:
        queue(world.store, "a" * 6)
        assert made(world.store, 2) == "aa"
        queue(world.store, "bbb")
        assert made(world.store, 7) == "abababa"

    def test_a_priority_goes_before_every_turn(self, world: World) -> None:
        queue(world.store, "aab")
        queue(world.store, "cc", priority=1)
        assert made(world.store, 5) == "ccaba"

    def test_nobody_is_one_owner_among_them(self, world: World) -> None:
        first, second, theirs = (put(world.store, owner=owner) for owner in (NOBODY, NOBODY, "k"))
        assert [take(world.store).job_id for _ in range(3)] == [first.id, theirs.id, second.id]

    def test_a_job_that_goes_back_keeps_its_turn(self, world: World) -> None:
        queue(world.store, "aab")
        claim = take(world.store)
        world.store.give_back(claim, crashed=True)
        assert take(world.store).job_id == claim.job_id

    def test_the_place_in_the_queue_is_that_of_the_turns(self, world: World) -> None:
        jobs = [put(world.store, owner=owner) for owner in "aaab"]
        assert [world.store.waiting_before(job.id) for job in jobs] == [0, 2, 3, 1]

    def test_a_model_whose_queue_stands_still_is_no_disadvantage(self, world: World) -> None:
        """Ten camera moves were made while nothing of another model was; its queue is not behind for it."""
        queue(world.store, "aa", request={"model": "large"})
        queue(world.store, "b" * 10)
        made(world.store, 10)
        late = put(world.store, owner="b", request={"model": "large"})
        assert world.store.waiting_before(late.id) == 1

    # --- limits ---------------------------------------------------------------------------------------

    def test_a_key_has_no_more_than_so_many_in_progress(self, world: World) -> None:
        queue(world.store, "aaaab")
        assert begun(world.store, 5, Reach(running_per_owner=2)) == "aba--"
        assert begun(world.store, 1, Reach()) == "a"

    def test_the_limit_lets_the_next_one_in_when_one_is_done(self, world: World) -> None:
        queue(world.store, "aa")
        reach = Reach(running_per_owner=1)
        first = world.store.claim("w", ["motion"], 20.0, reach)
        assert first is not None
        assert world.store.claim("w2", ["motion"], 20.0, reach) is None
        world.store.complete(first[1], OUTPUT, ())
        assert world.store.claim("w2", ["motion"], 20.0, reach) is not None

    def test_where_no_key_is_asked_for_there_is_no_limit_of_one(self, world: World) -> None:
        for _ in range(3):
            put(world.store, owner=NOBODY)
        reach = Reach(running_per_owner=1)
        assert all(world.store.claim(f"w{n}", ["motion"], 20.0, reach) for n in range(3))

    def test_claimers_side_by_side_keep_the_limit(self, world: World) -> None:
        queue(world.store, "abc" * 6)
        reach, found = Reach(running_per_owner=2), list[str]()
        start = threading.Barrier(6)

        def work(number: int) -> None:
            start.wait()
            for turn in range(3):
                got = world.store.claim(f"w{number}.{turn}", ["motion"], 20.0, reach)
                if got:
                    found.append(got[0].owner)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(found) == {"a": 2, "b": 2, "c": 2}

    def test_a_job_goes_where_it_fits(self, world: World) -> None:
        large = put(world.store, needs_bytes=20 * GIB)
        small = put(world.store, needs_bytes=8 * GIB)
        free = put(world.store)
        on_12 = Reach(memory_bytes=12 * GIB)
        taken = [world.store.claim(f"w{n}", ["motion"], 20.0, on_12) for n in range(3)]
        assert [got and got[0].id for got in taken] == [small.id, free.id, None]
        got = world.store.claim("w", ["motion"], 20.0, Reach(memory_bytes=24 * GIB))
        assert got is not None
        assert got[0].id == large.id

    # --- deadlines ------------------------------------------------------------------------------------

    def test_what_waits_at_its_deadline_fails(self, world: World) -> None:
        late, other = put(world.store, deadline_s=60.0), put(world.store, deadline_s=600.0)
        world.clock.pass_s(59)
        assert world.store.expire() == []
        world.clock.pass_s(1)
        assert take(world.store).job_id == other.id, "what is too late is not begun"
        [failed] = world.store.expire()
        assert (failed.id, failed.state) == (late.id, State.FAILED)
        assert failed.failure == Failure("deadline_passed", {"seconds": 60.0})

    def test_what_is_in_progress_at_its_deadline_is_stopped(self, world: World) -> None:
        job = put(world.store, deadline_s=60.0)
        claim = take(world.store, lease_s=600.0)
        world.clock.pass_s(61)
        [failed] = world.store.expire()
        assert failed.failure is not None
        assert failed.failure.code == "deadline_passed"
        with pytest.raises(LeaseLost):
            world.store.renew(claim)
        with pytest.raises(LeaseLost):
            world.store.complete(claim, OUTPUT, ())
        assert world.store.get(job.id).output is None

    def test_deadlines_alone_leave_leases_to_their_owners(self, world: World) -> None:
        """A computer that slept wakes with its own leases run out, and goes on."""
        put(world.store)
        claim = take(world.store, lease_s=20.0)
        world.clock.pass_s(60)
        assert world.store.expire(leases=False) == []
        world.store.renew(claim)

    def test_what_is_finished_in_time_stays(self, world: World) -> None:
        put(world.store, deadline_s=60.0)
        done = world.store.complete(take(world.store), OUTPUT, ())
        world.clock.pass_s(61)
        assert world.store.expire() == []
        assert world.store.get(done.id) == done

    def test_a_cancel_comes_before_a_deadline(self, world: World) -> None:
        job = put(world.store, deadline_s=60.0)
        take(world.store, lease_s=600.0)
        world.store.cancel(job.id)
        world.clock.pass_s(61)
        [settled] = world.store.expire()
        assert settled.state is State.CANCELLED

    def test_no_jump_of_the_wall_clock_brings_a_deadline_about(self, world: World) -> None:
        put(world.store, deadline_s=60.0)
        world.clock.wall_s += 10_000
        assert world.store.expire() == []
        world.clock.start_anew()  # nothing but the wall clock is left to go by
        assert len(world.store.expire()) == 1

    def test_a_deadline_is_kept_with_the_job(self, world: World) -> None:
        job, _ = world.store.add(new(deadline_s=5.0), MANY)
        assert job.deadline_at == world.clock.wall_s + 5.0
        assert world.reopen().get(job.id) == job
