"""Following one job until it is settled: by the news, and by the row itself should news get lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

from unstill.apps.api.context import Context
from unstill.core.events import Event, Watch
from unstill.domain.job import Job, State


async def follow(context: Context, job_id: str, owner: str, watch: Watch) -> AsyncIterator[Event]:
    """The job as it is (unless everything missed is at hand), then what happens to it; ends with the final
    state, or when the server stops."""
    revision, place = -1, None
    if not watch.resumed:
        job = await _row(context, job_id, owner)
        revision = job.revision
        event = Event(context.service.events.last_id, job_id, "state", job)
        yield event
        if event.is_final:
            return
    while not watch.closed:
        news = await watch.next(context.settings.look_s)
        if news is None:
            job = await _row(context, job_id, owner)
            moved = place, (place := await _place(context, job))
            news = Event(context.service.events.last_id, job_id, "state", job)
            if moved[0] != moved[1] and job.revision == revision:
                yield news  # nothing of its own changed, but it moved up in the queue
        if isinstance(news.body, Job):
            if news.body.revision <= revision:
                continue
            revision = news.body.revision
        yield news
        if news.is_final:
            return


async def _row(context: Context, job_id: str, owner: str) -> Job:
    return await context.read(lambda: context.service.get(job_id, owner))


async def _place(context: Context, job: Job) -> int | None:
    return await context.read(lambda: context.service.position(job)) if job.state is State.QUEUED else None
