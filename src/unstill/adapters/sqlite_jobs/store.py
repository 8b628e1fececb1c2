"""`JobStore` over an SQL database: what may happen to a job, one transaction each.

A write reads the row (locked, where the database locks rows), verifies it, and updates it under the condition
that it is still as it was read. A write under a claim names the claim in both steps: the fence.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from unstill.adapters.sqlite_jobs.intake import forget_old_keys, known_as, refuse_overfull, store
from unstill.adapters.sqlite_jobs.reads import IN_PROGRESS, QUEUED, Reads
from unstill.adapters.sqlite_jobs.rows import (
    Row,
    RowDamaged,
    job_of,
    packed_failure,
    packed_notes,
    packed_part,
    seal,
    verified,
)
from unstill.adapters.sqlite_jobs.tables import meta, videos
from unstill.core.queue import ANY, LEASE_S, Claim, Idempotency, LeaseLost, Limits, NewJob, Reach, leave
from unstill.domain.job import MAX_CRASHES, Failure, Job, Output, Progress, State, state_words
from unstill.domain.notes import Note
from unstill.domain.service_errors import AlreadyFinal

_FREE = {"worker": None, "lease_until": None, "lease_boot": None}


class SqlJobs(Reads):
    """The job store. Any thread may call it."""

    def add(self, new: NewJob, limits: Limits) -> tuple[Job, bool]:
        with self._database.writing() as connection:
            self._database.alone(connection)
            forget_old_keys(connection, self._clock)
            known = new.idempotency and known_as(connection, new.owner, new.idempotency, self._clock)
            if known:
                return job_of(self._row(connection, known, deleted=True)), False
            refuse_overfull(connection, new.owner, limits)
            store(connection, new, self._clock)
            return job_of(self._row(connection, new.id)), True

    def find(self, owner: str, idempotency: Idempotency) -> Job | None:
        with self._database.reading() as connection:
            known = known_as(connection, owner, idempotency, self._clock)
            return job_of(self._row(connection, known, deleted=True)) if known else None

    # --- under a claim ------------------------------------------------------------------------------------

    def claim(
        self, worker: str, models: Collection[str], lease_s: float = LEASE_S, reach: Reach = ANY
    ) -> tuple[Job, Claim] | None:
        waiting = (
            select(videos)
            .where(*self._claimable(models, reach))
            .order_by(videos.c.priority.desc(), videos.c.round, videos.c.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            if reach.running_per_owner is not None:  # counted and claimed as one, beside other claimers
                self._database.alone(connection)
            for row in self._rows(connection, waiting):
                job = self._change(
                    connection,
                    row,
                    state=IN_PROGRESS,
                    attempt=row["attempt"] + 1,
                    worker=worker,
                    started_at=float(self._clock.wall()),
                    **self._lease(lease_s),
                )
                return job, Claim(job.id, job.attempt, worker)
        return None

    def refuse(self, models: Collection[str], largest_bytes: int, facts: Mapping[str, Any]) -> list[Job]:
        waits = (videos.c.state == QUEUED, videos.c.model.in_(models), videos.c.needs_bytes > largest_bytes)
        with self._database.writing() as connection:
            query = select(videos).where(*waits).order_by(videos.c.number)
            found = []
            for row in self._rows(connection, query.with_for_update(skip_locked=True)):
                needs = {"model": row["model"], "needs": f"{row['needs_bytes'] / 2**30:.1f} GiB"}
                failed = _failed(Failure("fits_no_device", {**facts, **needs}))
                found.append(self._change(connection, row, **self._settled(State.FAILED), **failed))
            return found

    def renew(self, claim: Claim, lease_s: float = LEASE_S) -> bool:
        with self._database.writing() as connection:
            row = self._held(connection, claim)
            # Nothing that anybody is shown changes: no new revision.
            lease = self._lease(lease_s)
            self._change(connection, row, *self._fence(claim), revision=row["revision"], **lease)
            return bool(row["cancel_requested"])

    def report(self, claim: Claim, progress: Progress) -> bool:
        with self._database.writing() as connection:
            row = self._held(connection, claim)
            self._change(connection, row, *self._fence(claim), progress=packed_part(progress))
            return bool(row["cancel_requested"])

    def complete(self, claim: Claim, output: Output, notes: Sequence[Note]) -> Job:
        made = {"output": packed_part(output), "notes": packed_notes(notes)}
        return self._settle_claimed(claim, State.COMPLETED, **made)

    def fail(self, claim: Claim, failure: Failure) -> Job:
        return self._settle_claimed(claim, State.FAILED, **_failed(failure))

    def stopped(self, claim: Claim) -> Job:
        return self._settle_claimed(claim, State.CANCELLED)

    def give_back(self, claim: Claim, *, crashed: bool) -> Job:
        with self._database.writing() as connection:
            row = self._held(connection, claim)
            return self._requeue(connection, row, *self._fence(claim), crashed=crashed)

    def free_all(self) -> list[Job]:
        with self._database.writing() as connection:
            return [self._requeue(connection, row, crashed=False) for row in self._running(connection)]

    def expire(self, *, leases: bool = True) -> list[Job]:
        ran_out = or_(videos.c.lease_boot != self._clock.boot(), videos.c.lease_until <= self._clock.steady())
        late = select(videos).where(videos.c.state.in_((QUEUED, IN_PROGRESS)), self._too_late())
        with self._database.writing() as connection:
            rows = self._rows(connection, late.order_by(videos.c.number).with_for_update(skip_locked=True))
            failed = [self._missed(connection, row) for row in rows]
            rows = self._running(connection, ran_out) if leases else []
            return failed + [self._requeue(connection, row, crashed=True) for row in rows]

    # --- by people ----------------------------------------------------------------------------------------

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        with self._database.writing() as connection:
            row = self._row(connection, job_id, owner, lock=True)
            if State(row["state"]).is_final:
                raise AlreadyFinal(id=job_id, **state_words(row["state"]))
            return self._change(connection, row, **self._cancelled(row))

    def delete(self, job_id: str, owner: str | None = None) -> Job:
        with self._database.writing() as connection:
            row = self._row(connection, job_id, owner, lock=True)
            changes = {} if State(row["state"]).is_final else self._cancelled(row)
            return self._change(connection, row, **self._deleted_now(), **changes)

    def restore(self, job_id: str, owner: str | None = None) -> Job:
        with self._database.writing() as connection:
            row = self._row(connection, job_id, owner, deleted=True, lock=True)
            if row["deleted_at"] is None:
                return job_of(row)
            return self._change(connection, row, deleted_at=None, deleted_steady=None, deleted_boot=None)

    def purge(self, keep_s: float, remove: Callable[[Collection[str]], None] = leave) -> list[Job]:
        made_from = select(videos.c.source).where(
            videos.c.state.in_((QUEUED, IN_PROGRESS)), videos.c.source.is_not(None)
        )
        old = select(videos).where(
            self._deleted_longer_than(keep_s),
            videos.c.state.not_in((QUEUED, IN_PROGRESS)),
            videos.c.id.not_in(made_from),
        )
        with self._database.writing() as connection:
            rows = self._rows(connection, old.order_by(videos.c.number).with_for_update())
            for row in rows:
                connection.execute(delete(videos).where(videos.c.number == row["number"]))
            gone = [job_of(row) for row in rows]
            if gone:
                remove({name for job in gone for name in job.files()} - self._files(connection))
            return gone

    # --- the database itself ------------------------------------------------------------------------------

    def backup(self, target: Path) -> None:
        self._database.backup(target)

    def check(self) -> None:
        row = seal(meta, {"key": "checked", "value": secrets.token_hex(8)})
        with self._database.writing() as connection:
            connection.execute(delete(meta).where(meta.c.key == row["key"]))
            connection.execute(insert(meta).values(row))
        with self._database.reading() as connection:
            found = connection.execute(select(meta).where(meta.c.key == row["key"])).mappings().one()
            verified(meta, dict(found))

    def close(self) -> None:
        self._database.close()

    def _missed(self, connection: Connection, row: Row) -> Job:
        """Its deadline passed. A cancel that was asked for comes first."""
        if row["cancel_requested"]:
            return self._change(connection, row, **self._settled(State.CANCELLED))
        failure = Failure("deadline_passed", {"seconds": round(row["deadline_at"] - row["created_at"], 1)})
        return self._change(connection, row, **self._settled(State.FAILED), **_failed(failure))

    # --- steps --------------------------------------------------------------------------------------------

    def _fence(self, claim: Claim) -> list[ColumnElement[bool]]:
        """What is true of a row for as long as a claim holds."""
        return [
            videos.c.id == claim.job_id,
            videos.c.state == IN_PROGRESS,
            videos.c.attempt == claim.attempt,
            videos.c.worker == claim.worker,
        ]

    def _held(self, connection: Connection, claim: Claim) -> Row:
        for row in self._rows(connection, select(videos).where(*self._fence(claim)).with_for_update()):
            return row
        raise LeaseLost(f"{claim.job_id}, attempt {claim.attempt} of {claim.worker}")

    def _running(self, connection: Connection, *wanted: ColumnElement[bool]) -> list[Row]:
        running = select(videos).where(videos.c.state == IN_PROGRESS, *wanted)
        return self._rows(connection, running.order_by(videos.c.number).with_for_update())

    def _lease(self, lease_s: float) -> Row:
        return {"lease_until": float(self._clock.steady() + lease_s), "lease_boot": self._clock.boot()}

    def _settle_claimed(self, claim: Claim, state: State, **changes: Any) -> Job:
        """A cancel that was asked for was promised, whatever came of the work meanwhile."""
        with self._database.writing() as connection:
            row = self._held(connection, claim)
            if row["cancel_requested"]:
                state, changes = State.CANCELLED, {}
            return self._change(connection, row, *self._fence(claim), **self._settled(state), **changes)

    def _deleted_now(self) -> Row:
        clock = self._clock
        return {
            "deleted_at": float(clock.wall()),
            "deleted_steady": float(clock.steady()),
            "deleted_boot": clock.boot(),
        }

    def _deleted_longer_than(self, keep_s: float) -> ColumnElement[bool]:
        """By the steady clock, which no change of the wall clock moves; by the wall clock once the computer
        was started anew since."""
        here = videos.c.deleted_boot == self._clock.boot()
        return or_(
            and_(here, videos.c.deleted_steady < self._clock.steady() - keep_s),
            and_(~here, videos.c.deleted_at < self._clock.wall() - keep_s),
        )

    def _settled(self, state: State) -> Row:
        return {
            "state": state.value,
            "completed_at": float(self._clock.wall()),
            "lease_until": None,
            "lease_boot": None,
        }

    def _cancelled(self, row: Row) -> Row:
        asked = {"cancel_requested": True}
        return asked | (self._settled(State.CANCELLED) if row["state"] == QUEUED else {})

    def _requeue(self, connection: Connection, row: Row, *fence: ColumnElement[bool], crashed: bool) -> Job:
        """Back to the queue, unless a cancel was asked for or it was the last crash a job may have."""
        crashes = row["crashes"] + crashed
        changes: Row = {"state": QUEUED, "started_at": None, "progress": None, **_FREE}
        if row["cancel_requested"]:
            changes = self._settled(State.CANCELLED)
        elif crashes >= MAX_CRASHES:
            changes = self._settled(State.FAILED) | _failed(Failure("worker_crashed", {"times": crashes}))
        return self._change(connection, row, *fence, crashes=crashes, **changes)

    def _change(self, connection: Connection, row: Row, *fence: ColumnElement[bool], **changes: Any) -> Job:
        """Update a row that is still as it was read."""
        changed = seal(videos, {**row, "revision": row["revision"] + 1, **changes})
        unchanged = (videos.c.number == row["number"], videos.c.checksum == row["checksum"])
        done = connection.execute(
            update(videos)
            .where(*unchanged, *fence)
            .values({name: value for name, value in changed.items() if name != "number"})
        )
        if done.rowcount != 1:  # only where rows are not locked on reading
            raise LeaseLost(row["id"]) if fence else RowDamaged(f"videos: {row['id']} changed while held")
        return job_of(changed)


def _failed(failure: Failure) -> Row:
    return {"failure": packed_failure(failure), "failure_code": failure.code}
