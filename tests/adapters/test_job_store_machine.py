"""Any order of calls, against a model of what may be seen: hypothesis looks for one that breaks it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from test_sqlite_jobs import CancelIsForgotten, EarlyCompleted, NoFence, NoFinalStates

from job_store_contract import HALF, OUTPUT, FakeClock, new
from unstill.adapters.sqlite_jobs import SqliteFile, SqlJobs
from unstill.core.queue import Claim, LeaseLost, Limits
from unstill.domain.job import FINAL, MAX_CRASHES, Failure, State
from unstill.domain.service_errors import AlreadyFinal, QueueFull, VideoNotFound

Q, RUN, DONE, BAD, GONE = State.QUEUED, State.IN_PROGRESS, State.COMPLETED, State.FAILED, State.CANCELLED
LIMIT = 6


@dataclass
class Model:
    """What must be true of one job."""

    priority: int
    state: State = Q
    attempt: int = 0
    crashes: int = 0
    cancel: bool = False
    deleted_at: float | None = None
    deleted_steady: float | None = None
    lease_until: float = 0.0
    history: list[State] = field(default_factory=list)

    def back(self, *, crashed: bool) -> None:
        self.crashes += crashed
        self.state = GONE if self.cancel else BAD if self.crashes >= MAX_CRASHES else Q


class StoreMachine(RuleBasedStateMachine):
    """One store, one model."""

    variant: type[SqlJobs] = SqlJobs
    claims = Bundle("claims")
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="unstill-", dir=memory))
        self.clock = FakeClock()
        self.life = 0
        self.store = self.open()
        self.jobs: dict[str, Model] = {}

    def open(self) -> SqlJobs:
        return self.variant(SqliteFile(self.folder / f"{self.life}.db"), self.clock)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    # --- the rules: few, so that hypothesis leaves none of the interesting ones out -------------------

    @initialize(target=ids)
    def begin(self) -> Any:
        return multiple(*[self.submit_one(priority) for priority in (0, 1)])

    @rule(target=ids, priority=st.integers(0, 2))
    def submit(self, priority: int) -> Any:
        return self.submit_one(priority) or multiple()

    @rule(target=claims, worker=st.sampled_from(["w1", "w2"]), lease_s=st.sampled_from([1.0, 20.0]))
    def claim(self, worker: str, lease_s: float) -> Any:
        return self.claim_one(worker, lease_s) or multiple()

    @rule(
        claim=claims,
        way=st.sampled_from(["renew", "report", "complete", "fail", "stopped", "give back", "crash"]),
    )
    def work(self, claim: Claim, way: str) -> None:
        match way:
            case "renew":
                self.renew(claim)
            case "report":
                self.report(claim)
            case _:
                self.settle(claim, way)

    @rule(job_id=ids, what=st.sampled_from(["cancel", "delete", "restore"]))
    def ask(self, job_id: str, what: str) -> None:
        {"cancel": self.cancel, "delete": self.delete, "restore": self.restore}[what](job_id)

    @rule(what=st.sampled_from(["expire", "expire", "kill", "purge 0", "purge 4000"]))
    def housekeeping(self, what: str) -> None:
        match what.split():
            case ["expire"]:
                self.expire()
            case ["kill"]:
                self.server_is_killed()
            case [_, age_s]:
                self.purge(float(age_s))

    # --- what clients do ------------------------------------------------------------------------------

    def submit_one(self, priority: int) -> str | None:
        made = new(priority=priority)
        waiting = sum(job.state is Q for job in self.jobs.values())
        try:
            self.store.add(made, Limits(LIMIT, LIMIT))
        except QueueFull:
            assert waiting == LIMIT
            return None
        assert waiting < LIMIT
        self.jobs[made.id] = Model(priority)
        return made.id

    def cancel(self, job_id: str) -> None:
        job = self.jobs.get(job_id)
        try:
            self.store.cancel(job_id)
        except VideoNotFound:
            assert job is None or job.deleted_at is not None
        except AlreadyFinal:
            assert job is not None
            assert job.state in FINAL
        else:
            assert job is not None
            assert job.deleted_at is None
            job.cancel = True
            job.state = GONE if job.state is Q else job.state

    def delete(self, job_id: str) -> None:
        job = self.jobs.get(job_id)
        if job is None or job.deleted_at is not None:
            with pytest.raises(VideoNotFound):
                self.store.delete(job_id)
            return
        self.store.delete(job_id)
        job.deleted_at, job.deleted_steady = self.clock.wall(), self.clock.steady()
        job.cancel = job.cancel or job.state not in FINAL
        job.state = GONE if job.state is Q else job.state

    def restore(self, job_id: str) -> None:
        if job_id not in self.jobs:
            with pytest.raises(VideoNotFound):
                self.store.restore(job_id)
            return
        self.store.restore(job_id)
        self.jobs[job_id].deleted_at = self.jobs[job_id].deleted_steady = None

    # --- what workers do ------------------------------------------------------------------------------

    def claim_one(self, worker: str, lease_s: float) -> Claim | None:
        waiting = [
            (-job.priority, n, name) for n, (name, job) in enumerate(self.jobs.items()) if job.state is Q
        ]
        found = self.store.claim(worker, ["motion"], lease_s)
        if found is None:
            assert not waiting
            return None
        job, claim = found
        assert job.id == min(waiting)[2]
        model = self.jobs[job.id]
        assert claim.attempt == model.attempt + 1
        model.state, model.attempt = RUN, claim.attempt
        model.lease_until = self.clock.steady() + lease_s
        return claim

    def holds(self, claim: Claim) -> Model | None:
        job = self.jobs.get(claim.job_id)
        return job if job and job.state is RUN and job.attempt == claim.attempt else None

    def renew(self, claim: Claim) -> None:
        if job := self.holds(claim):
            assert self.store.renew(claim, 20) is job.cancel
            job.lease_until = self.clock.steady() + 20
        else:
            with pytest.raises(LeaseLost):
                self.store.renew(claim, 20)

    def report(self, claim: Claim) -> None:
        if job := self.holds(claim):
            assert self.store.report(claim, HALF) is job.cancel
        else:
            with pytest.raises(LeaseLost):
                self.store.report(claim, HALF)

    def settle(self, claim: Claim, way: str) -> None:
        call = {
            "complete": lambda: self.store.complete(claim, OUTPUT, ()),
            "fail": lambda: self.store.fail(claim, Failure("bad_output")),
            "stopped": lambda: self.store.stopped(claim),
            "give back": lambda: self.store.give_back(claim, crashed=False),
            "crash": lambda: self.store.give_back(claim, crashed=True),
        }[way]
        if not (job := self.holds(claim)):
            with pytest.raises(LeaseLost):
                call()
            return
        call()
        match way:
            case "give back" | "crash":
                job.back(crashed=way == "crash")
            case _:
                job.state = GONE if job.cancel else {"complete": DONE, "fail": BAD, "stopped": GONE}[way]

    # --- what happens ---------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 1.0, 20.0]), jump_s=st.sampled_from([0.0, 0.0, 3600.0, -3600.0]))
    def time_passes(self, seconds: float, jump_s: float) -> None:
        self.clock.pass_s(seconds)
        self.clock.wall_s += jump_s

    def expire(self) -> None:
        late = {
            name: j
            for name, j in self.jobs.items()
            if j.state is RUN and j.lease_until <= self.clock.steady()
        }
        assert {job.id for job in self.store.expire()} == set(late)
        for job in late.values():
            job.back(crashed=True)

    def server_is_killed(self) -> None:
        """What is on the disk at that moment is all that the next one finds."""
        found = self.folder / f"{self.life}.db"
        self.life += 1
        for end in ("", "-wal"):
            shutil.copy(f"{found}{end}", self.folder / f"{self.life}.db{end}")
        dead, self.store = self.store, self.open()
        dead.close()
        running = {name: job for name, job in self.jobs.items() if job.state is RUN}
        assert {job.id for job in self.store.free_all()} == set(running)
        for job in running.values():
            job.back(crashed=False)

    def purge(self, age_s: float) -> None:
        before = self.clock.steady() - age_s
        old = {
            name
            for name, job in self.jobs.items()
            if job.deleted_steady is not None and job.deleted_steady < before and job.state in FINAL
        }
        assert {job.id for job in self.store.purge(age_s)} == old
        for name in old:
            del self.jobs[name]

    # --- what must always be true ---------------------------------------------------------------------

    @invariant()
    def the_store_and_the_model_agree(self) -> None:
        """No job is lost, none made up, and each is where it must be."""
        shown = {job.id: job for job in self.store.page(limit=1000, newest_first=False).jobs}
        assert list(shown) == [name for name, model in self.jobs.items() if model.deleted_at is None]
        for name, model in self.jobs.items():
            job = shown.get(name) or self.store.get(name, deleted=True)
            seen = (job.state, job.attempt, job.crashes, job.cancel_requested, job.deleted_at)
            assert seen == (model.state, model.attempt, model.crashes, model.cancel, model.deleted_at)
            assert (job.output is not None) == (job.state is DONE)
            model.history.append(job.state)

    @invariant()
    def a_final_state_is_the_last(self) -> None:
        for model in self.jobs.values():
            ends = [state for state in model.history if state in FINAL]
            assert len(set(ends)) <= 1
            assert model.history[len(model.history) - len(ends) :] == ends


def run(variant: type[SqlJobs], examples: int, steps: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    machine = type("Machine", (StoreMachine,), {"variant": variant})
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=examples < 1000,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)


def test_no_order_of_calls_breaks_a_job() -> None:
    run(SqlJobs, examples=15, steps=25)


@pytest.mark.soak
def test_no_long_order_of_calls_breaks_a_job(request: pytest.FixtureRequest) -> None:
    if "soak" not in request.config.option.markexpr:
        pytest.skip("takes minutes; run by `make soak`")
    run(SqlJobs, examples=2000, steps=80)


@pytest.mark.parametrize("variant", [NoFence, NoFinalStates, EarlyCompleted, CancelIsForgotten])
def test_the_machine_catches_a_broken_store(variant: type[SqlJobs]) -> None:
    with pytest.raises((Exception, pytest.fail.Exception)):
        run(variant, examples=60, steps=20, phases=[Phase.generate])
