"""What the store answers without writing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from unstill.adapters.sqlite_jobs.database import Database
from unstill.adapters.sqlite_jobs.rows import Row, job_of, searchable, verified
from unstill.adapters.sqlite_jobs.tables import videos
from unstill.core.queue import ANY, Clock, Counts, Page, Reach
from unstill.domain.job import NOBODY, Job, State
from unstill.domain.service_errors import VideoNotFound

QUEUED, IN_PROGRESS = State.QUEUED.value, State.IN_PROGRESS.value
_PATTERN_BYTES = 50_000
"""The longest pattern that SQLite compares with."""


class Reads:
    """The reading half of `JobStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, job_id: str, owner: str | None = None, *, deleted: bool = False) -> Job:
        with self._database.reading() as connection:
            return job_of(self._row(connection, job_id, owner, deleted=deleted))

    def page(
        self,
        owner: str | None = None,
        *,
        after: str | None = None,
        limit: int = 20,
        newest_first: bool = True,
        states: Collection[State] = (),
        text: str = "",
        model: str | None = None,
    ) -> Page:
        wanted = [videos.c.deleted_at.is_(None), *_filters(owner, states, model)]
        words = searchable(text)
        if len(words.encode()) > _PATTERN_BYTES // 2:  # escaped, it could be too long
            return Page((), more=False)
        if words:
            wanted.append(videos.c.words.contains(words, autoescape=True))
        with self._database.reading() as connection:
            if after is not None:
                # A deleted one still marks its place.
                last = self._row(connection, after, owner, deleted=True)["number"]
                wanted.append(videos.c.number < last if newest_first else videos.c.number > last)
            order = videos.c.number.desc() if newest_first else videos.c.number.asc()
            part = select(videos).where(*wanted).order_by(order).limit(limit + 1)
            jobs = tuple(job_of(row) for row in self._rows(connection, part))
        return Page(jobs[:limit], more=len(jobs) > limit)

    def waiting_before(self, job_id: str) -> int:
        this = select(videos.c.priority, videos.c.round, videos.c.number).where(
            videos.c.id == job_id, videos.c.state == QUEUED
        )
        with self._database.reading() as connection:
            found = connection.execute(this).one_or_none()
            if found is None:
                return 0
            sooner = or_(
                videos.c.priority > found.priority,
                and_(
                    videos.c.priority == found.priority,
                    or_(
                        videos.c.round < found.round,
                        and_(videos.c.round == found.round, videos.c.number < found.number),
                    ),
                ),
            )
            return _count(connection, videos.c.state == QUEUED, sooner)

    def waiting(self, models: Collection[str], reach: Reach = ANY) -> Mapping[str, int]:
        query = select(videos.c.model, func.count()).where(*self._claimable(models, reach))
        with self._database.reading() as connection:
            return {str(m): int(n) for m, n in connection.execute(query.group_by(videos.c.model))}

    def _claimable(self, models: Collection[str], reach: Reach) -> list[ColumnElement[bool]]:
        """What a claim may take."""
        waits = (videos.c.state == QUEUED, videos.c.deleted_at.is_(None), videos.c.model.in_(models))
        return [*waits, not_(self._too_late()), *within(reach)]

    def _too_late(self) -> ColumnElement[bool]:
        """By the same clocks as deletion."""
        here = videos.c.deadline_boot == self._clock.boot()
        passed = or_(
            and_(here, videos.c.deadline_steady <= self._clock.steady()),
            and_(~here, videos.c.deadline_at <= self._clock.wall()),
        )
        return and_(videos.c.deadline_at.is_not(None), passed)

    def counts(self) -> Counts:
        by_state = select(videos.c.state, func.count()).group_by(videos.c.state)
        by_code = select(videos.c.failure_code, func.count()).where(videos.c.failure_code.is_not(None))
        oldest = select(func.min(videos.c.created_at)).where(videos.c.state == QUEUED)
        with self._database.reading() as connection:
            states = {State(state): int(n) for state, n in connection.execute(by_state)}
            failures = {
                str(code): int(n) for code, n in connection.execute(by_code.group_by(videos.c.failure_code))
            }
            since = connection.execute(oldest).scalar()
        waited = 0.0 if since is None else max(self._clock.wall() - since, 0.0)
        return Counts({state: states.get(state, 0) for state in State}, waited, failures)

    def files(self) -> set[str]:
        with self._database.reading() as connection:
            return self._files(connection)

    def _files(self, connection: Connection) -> set[str]:
        jobs = [job_of(row) for row in self._rows(connection, select(videos))]
        return {name for job in jobs for name in job.files()}

    def _row(
        self,
        connection: Connection,
        job_id: str,
        owner: str | None = None,
        *,
        deleted: bool = False,
        lock: bool = False,
    ) -> Row:
        """Raises `VideoNotFound`."""
        wanted = [videos.c.id == job_id, *_filters(owner)]
        if not deleted:
            wanted.append(videos.c.deleted_at.is_(None))
        query = select(videos).where(*wanted)
        found = self._rows(connection, query.with_for_update() if lock else query)
        if not found:
            raise VideoNotFound(id=job_id)
        return found[0]

    def _rows(self, connection: Connection, query: Select[Any]) -> list[Row]:
        return [verified(videos, dict(row)) for row in connection.execute(query).mappings()]


def _filters(
    owner: str | None, states: Collection[State] = (), model: str | None = None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if owner is not None:
        wanted.append(videos.c.owner == owner)
    if states:
        wanted.append(videos.c.state.in_([state.value for state in states]))
    if model is not None:
        wanted.append(videos.c.model == model)
    return wanted


def within(reach: Reach) -> list[ColumnElement[bool]]:
    """What a claim leaves to others."""
    wanted: list[ColumnElement[bool]] = []
    if reach.memory_bytes is not None:
        needs = videos.c.needs_bytes
        wanted.append(or_(needs.is_(None), needs <= reach.memory_bytes))
    if reach.running_per_owner is not None:
        running = videos.alias("running")
        busy = (
            select(running.c.owner)
            .where(running.c.state == IN_PROGRESS, running.c.owner != NOBODY)
            .group_by(running.c.owner)
            .having(func.count() >= reach.running_per_owner)
        )
        wanted.append(videos.c.owner.not_in(busy))
    return wanted


def _count(connection: Connection, *wanted: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(videos).where(*wanted)).scalar_one())
