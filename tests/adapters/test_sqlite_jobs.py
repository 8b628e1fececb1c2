"""The job store in a SQLite file keeps the contract in both of its journal modes, and the tests would notice
if it did not."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement

from fairness_contract import FairnessContract
from job_store_contract import JobStoreContract, World
from unstill.adapters.sqlite_jobs import SqliteFile, SqlJobs
from unstill.adapters.sqlite_jobs.tables import idempotency as keys
from unstill.adapters.sqlite_jobs.tables import videos
from unstill.core.queue import Claim, Idempotency, Limits, NewJob
from unstill.domain.job import Job, Output, Progress
from unstill.domain.notes import Note


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: these tests are about rules, not about disks."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="unstill-", dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=[True, False], ids=["WAL", "DELETE"])
def world(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[World]:
    """A store in a file of its own."""
    path = quick_folder / "data" / "unstill.db"
    made = World(lambda clock: SqlJobs(SqliteFile(path, wal=request.param), clock))
    yield made
    made.store.close()


class TestSqliteJobs(JobStoreContract, FairnessContract):
    """Every rule of the contract."""


# --- stores that are wrong on purpose -----------------------------------------------------------------------


class NoFence(SqlJobs):
    """Any claim of a running job will do."""

    def _fence(self, claim: Claim) -> list[ColumnElement[bool]]:
        return [videos.c.id == claim.job_id, videos.c.state == "in_progress"]


class NoFinalStates(SqlJobs):
    """The fence looks at the attempt but not at the state."""

    def _fence(self, claim: Claim) -> list[ColumnElement[bool]]:
        return [videos.c.id == claim.job_id, videos.c.attempt == claim.attempt]


class EarlyCompleted(SqlJobs):
    """Completed with the last report, before there is a file."""

    def report(self, claim: Claim, progress: Progress) -> bool:
        asked = super().report(claim, progress)
        super().complete(claim, Output("early.mp4", 0, "", 0, 0), ())
        return asked

    def complete(self, claim: Claim, output: Output, notes: Sequence[Note]) -> Job:
        return self.get(claim.job_id)


class NoIdempotency(SqlJobs):
    """Keys are not looked at."""

    def add(self, new: NewJob, limits: Limits) -> tuple[Job, bool]:
        return super().add(replace(new, idempotency=None), limits)


class KeysNeverForgotten(SqlJobs):
    """A key is found however old it is."""

    def find(self, owner: str, idempotency: Idempotency) -> Job | None:
        made = keys.select().where(keys.c.owner == owner, keys.c.key == idempotency.key)
        with self._database.reading() as connection:
            found = connection.execute(made).one_or_none()
        return self.get(found.job_id, deleted=True) if found else None


class LeasesByTheWallClock(SqlJobs):
    """One clock for people and leases."""

    def _lease(self, lease_s: float) -> dict[str, object]:
        return {"lease_until": self._clock.wall() + lease_s, "lease_boot": self._clock.boot()}

    def expire(self) -> list[Job]:
        late = videos.c.lease_until <= self._clock.wall()
        with self._database.writing() as connection:
            return [self._requeue(connection, r, crashed=True) for r in self._running(connection, late)]


class AttemptsStartOver(SqlJobs):
    """A job that goes back to the queue begins at its first attempt again."""

    def _requeue(self, connection, row, *fence, crashed):  # type: ignore[no-untyped-def]
        job = super()._requeue(connection, row, *fence, crashed=crashed)
        again = self._row(connection, job.id, deleted=True)
        return self._change(connection, again, attempt=0)


class CancelIsForgotten(SqlJobs):
    """A job that was asked to stop runs again when its worker is gone."""

    def _requeue(self, connection, row, *fence, crashed):  # type: ignore[no-untyped-def]
        calm = self._change(connection, row, cancel_requested=False)
        return super()._requeue(connection, self._row(connection, calm.id, deleted=True), crashed=crashed)


def keeps(variant: type[SqlJobs], rule: str, folder: Path, *arguments: object) -> bool:
    """Whether a store passes one test of the contract."""
    path = folder / f"{variant.__name__}.db"
    world = World(lambda clock: variant(SqliteFile(path), clock))
    try:
        getattr(JobStoreContract(), rule)(world, *arguments)
    except (Exception, pytest.fail.Exception):
        return False
    finally:
        world.store.close()
    return True


@pytest.mark.parametrize(
    ("variant", "rule", "arguments"),
    [
        (NoFence, "test_a_claim_that_was_taken_over_writes_nothing", ()),
        (NoFence, "test_a_claim_of_another_worker_writes_nothing", ()),
        (NoFinalStates, "test_nothing_leaves_a_final_state", ()),
        (EarlyCompleted, "test_a_finished_job_comes_back_with_its_output", ()),
        (NoIdempotency, "test_a_key_gives_the_same_job_again", ()),
        (NoIdempotency, "test_a_key_of_another_request_is_refused", ()),
        (KeysNeverForgotten, "test_a_key_is_remembered_for_a_day_of_real_time", (3600.0,)),
        (KeysNeverForgotten, "test_a_known_key_is_found_without_storing_anything", ()),
        (AttemptsStartOver, "test_attempts_only_grow", ()),
        (LeasesByTheWallClock, "test_a_lease_of_another_boot_has_run_out", ()),
        (LeasesByTheWallClock, "test_the_wall_clock_moves_no_lease", (3600.0,)),
        (LeasesByTheWallClock, "test_the_wall_clock_moves_no_lease", (-3600.0,)),
        (CancelIsForgotten, "test_a_cancel_is_carried_out_when_the_worker_is_gone", ("expire",)),
    ],
)
def test_the_contract_catches_a_broken_store(
    variant: type[SqlJobs], rule: str, arguments: tuple[object, ...], quick_folder: Path
) -> None:
    """And finds nothing wrong with the real one when it is run in the same way."""
    assert not keeps(variant, rule, quick_folder, *arguments)
    assert keeps(SqlJobs, rule, quick_folder, *arguments)
