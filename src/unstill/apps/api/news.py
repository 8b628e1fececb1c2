"""GET /v1/videos/{id}/events, and POST /v1/videos/sync, which waits instead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from unstill.apps.api import schema, views
from unstill.apps.api.content import VIDEOS, whole_video
from unstill.apps.api.context import Context, context_of, language_in, owner_of
from unstill.apps.api.errors import answer
from unstill.apps.api.follow import follow
from unstill.apps.api.videos import make
from unstill.core.events import Event, Watch
from unstill.domain.errors import Language, UnstillError
from unstill.domain.job import NOBODY, Job, Progress
from unstill.domain.service_errors import ShuttingDown, StillWorking, VideoNotFound

GONE_LOOK_S = 1.0
"""How often it is looked at whether somebody still waits."""

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.get(
    "/{video_id}/events", summary="Watch a video being made", response_class=EventSourceResponse,
    responses={**schema.replies("text/event-stream", 404), **schema.EVENTS},
)  # fmt: skip
async def events(
    request: Request, video_id: str, last_event_id: Annotated[str | None, Header(max_length=40)] = None
) -> Response:
    """Server-sent events: `state` and at the end `done` (a Video), `progress` (stage, step, total, progress,
    eta_s) and `preview` (a small JPEG as a data URL). Goes on after `Last-Event-ID`."""
    context, owner, language = context_of(request), owner_of(request), language_in(request)
    job = await context.read(lambda: context.service.get(video_id, owner))
    after = (
        int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None
    )
    with context.service.events.watch(video_id, after) as look:
        if job.state.is_final and look.resumed and not look.settled:
            return Response(status_code=204)  # makes a browser's EventSource stop coming back
    stream = _stream(context, video_id, owner, after, language)
    return EventSourceResponse(stream, ping=context.settings.heartbeat_s, send_timeout=30, sep="\n")


async def _stream(
    context: Context, job_id: str, owner: str, after: int | None, language: Language
) -> AsyncIterator[ServerSentEvent]:
    with context.service.events.watch(job_id, after) as watch:
        try:
            async for event in follow(context, job_id, owner, watch):
                if not await _still_known(context, owner):
                    return
                name, data = await _told(context, event, language)
                text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
                yield ServerSentEvent(text, event=name, id=str(event.id), sep="\n")
        except VideoNotFound:  # deleted while being watched
            return


async def _still_known(context: Context, owner: str) -> bool:
    """Whether the key that began a stream still lets anybody in."""
    keys = context.keys
    if owner == NOBODY or keys is None:
        return True
    return await context.read(lambda: keys.find(owner) is not None)


async def _told(context: Context, event: Event, language: Language) -> tuple[str, dict[str, Any]]:
    """An event's name and data."""
    body = event.body
    if isinstance(body, Job):
        shown = await context.read(lambda: views.video(context.service, body, language))
        return "done" if event.is_final else "state", shown
    if isinstance(body, Progress):
        return "progress", views.progress(body)
    return "preview", {"preview": body}


@router.post(
    "/sync", summary="Make a video and wait for it", openapi_extra=schema.CREATE, response_class=Response,
    responses=schema.replies(VIDEOS[:-1], 404, 409, 504, 507),
)  # fmt: skip
async def sync(request: Request) -> Response:
    """As create, answered with the finished file. `X-Video-Id` names the video, in errors too.

    Should the connection end or the time be up (504), the video is made all the same."""
    context, owner = context_of(request), owner_of(request)
    job = await make(request)
    named = {"X-Video-Id": job.id}
    try:
        job = await _finished(request, context, job, owner)
        error = views.failure(job)
        if error is not None:
            raise error
        response = await whole_video(request, job, owner)
    except UnstillError as error:
        response = answer(error, request.scope)
    response.headers.update(named)
    return response


async def _finished(request: Request, context: Context, job: Job, owner: str) -> Job:
    """The job once it is settled. Raises `StillWorking`, `ShuttingDown`, `VideoNotFound`."""
    longest = context.settings.sync_s
    with context.service.events.watch(job.id) as watch:
        gone = asyncio.create_task(_gone(request, watch))
        try:
            async with asyncio.timeout(longest):
                async for event in follow(context, job.id, owner, watch):
                    job = event.body if isinstance(event.body, Job) else job
        except TimeoutError:
            raise StillWorking(id=job.id, seconds=f"{longest:g}") from None
        finally:
            gone.cancel()
        if gone.done() and not gone.cancelled():
            raise ClientDisconnect
    if not job.state.is_final:
        raise ShuttingDown
    return job


async def _gone(request: Request, watch: Watch) -> None:
    """Stop waiting for a client that hung up."""
    while not await request.is_disconnected():
        await asyncio.sleep(GONE_LOOK_S)
    watch.close()
