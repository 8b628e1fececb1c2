"""How a new job gets in: known by its idempotency key, refused by the limits, or stored."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, not_, or_, select

from unstill.adapters.sqlite_jobs.reads import IN_PROGRESS, QUEUED
from unstill.adapters.sqlite_jobs.rows import new_row, seal, verified
from unstill.adapters.sqlite_jobs.tables import idempotency, videos
from unstill.core.queue import KEEP_KEYS_S, Clock, Idempotency, Limits, NewJob
from unstill.domain.job import NOBODY
from unstill.domain.service_errors import IdempotencyMismatch, OwnerQueueFull, QueueFull


def known_as(connection: Connection, owner: str, asked: Idempotency, clock: Clock) -> str | None:
    """The id of the job that this key made, while it is remembered.

    A key's age goes by the steady clock, which no change of the wall clock moves; by the wall clock once
    the computer was started anew since.

    Raises:
        IdempotencyMismatch: it was used for something else.
    """
    mine = (idempotency.c.owner == owner, idempotency.c.key == asked.key, not_(_forgotten(clock)))
    found = connection.execute(select(idempotency).where(*mine)).mappings().one_or_none()
    if found is None:
        return None
    row = verified(idempotency, dict(found))
    if row["digest"] != asked.digest:
        raise IdempotencyMismatch
    return str(row["job_id"])


def forget_old_keys(connection: Connection, clock: Clock) -> None:
    connection.execute(delete(idempotency).where(_forgotten(clock)))


def _forgotten(clock: Clock) -> ColumnElement[bool]:
    here = idempotency.c.boot == clock.boot()
    return or_(
        and_(here, idempotency.c.steady_at <= clock.steady() - KEEP_KEYS_S),
        and_(~here, idempotency.c.created_at <= clock.wall() - KEEP_KEYS_S),
    )


def refuse_overfull(connection: Connection, owner: str, limits: Limits) -> None:
    """The limit of one owner holds for API keys; where none is asked for, all share the limit in all.

    Raises:
        OwnerQueueFull, QueueFull
    """
    waiting = select(func.count()).select_from(videos).where(videos.c.state == QUEUED)
    mine = connection.execute(waiting.where(videos.c.owner == owner)).scalar_one()
    if owner != NOBODY and mine >= limits.queued_per_owner:
        raise OwnerQueueFull(queued=mine, limit=limits.queued_per_owner)
    queued = connection.execute(waiting).scalar_one()
    if queued >= limits.queued:
        raise QueueFull(queued=queued, limit=limits.queued)


def round_of(connection: Connection, new: NewJob) -> int:
    """Jobs of one priority are made in rounds, in each of which every owner has one (start-time fair queueing
    with jobs of equal weight: Goyal, Vin and Cheng, SIGCOMM 1996). A new one belongs to the round behind its
    owner's last one that is not settled, but to none that the model's queue has passed: that is the round of
    the latest that was begun, or else of the first that waits."""
    alike = (videos.c.priority == new.priority, videos.c.state.in_((QUEUED, IN_PROGRESS)))
    same_model = (*alike, videos.c.model == str(new.request["model"]))
    mine = select(func.max(videos.c.round)).where(*alike, videos.c.owner == new.owner)
    begun = select(func.max(videos.c.round)).where(*same_model, videos.c.state == IN_PROGRESS)
    waits = select(func.min(videos.c.round)).where(*same_model, videos.c.state == QUEUED)
    first = select(func.min(videos.c.round)).where(*alike)
    found = [connection.execute(query).scalar() for query in (begun, waits, first)]
    passed = next((int(each) for each in found if each is not None), 0)
    last = connection.execute(mine).scalar()
    return passed if last is None else max(passed, int(last) + 1)


def store(connection: Connection, new: NewJob, clock: Clock) -> None:
    connection.execute(insert(videos).values(new_row(new, round_of(connection, new), clock)))
    if new.idempotency is None:
        return
    row = {
        "owner": new.owner,
        "key": new.idempotency.key,
        "digest": new.idempotency.digest,
        "job_id": new.id,
        "created_at": float(clock.wall()),
        "steady_at": float(clock.steady()),
        "boot": clock.boot(),
    }
    connection.execute(insert(idempotency).values(seal(idempotency, row)))
