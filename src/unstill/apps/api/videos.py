"""/v1/videos: making, looking, settling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema, views
from unstill.apps.api.body import Body, body_of
from unstill.apps.api.context import Context, context_of, idempotency_key, language_in, owner_of
from unstill.apps.api.dialect import LAST_FIELDS, PICTURE_FIELDS, ask_of, picture_in
from unstill.apps.api.errors import LEAST, MOST
from unstill.core.asking import Ask
from unstill.core.inbox import Upload
from unstill.domain.errors import InvalidField, Language, MissingArgument
from unstill.domain.job import Job, State
from unstill.domain.service_errors import Unsupported

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.post(
    "", summary="Make a video", openapi_extra=schema.CREATE,
    responses=schema.replies(schema.Video, 404, 409, 507),
)  # fmt: skip
async def create(request: Request) -> JSONResponse:
    """A picture and a sentence, and any setting that is to differ from the model's own.

    The names of openai's client are taken, those of vLLM-Omni and SGLang, and our own. Unknown fields are
    named in `notes`. With an `Idempotency-Key` a repeated request gives the video there is.
    """
    return await _shown(request, await make(request))


async def make(request: Request) -> Job:
    """Store the job that a create asks for."""
    context, owner, key = context_of(request), owner_of(request), idempotency_key(request)
    async with body_of(request) as body:
        pictures = (*PICTURE_FIELDS, *LAST_FIELDS)
        ask = ask_of(body, context.service.services, language_in(request), besides=pictures)
        picture = await picture_in(body, context)
        last = await picture_in(body, context, LAST_FIELDS)
        return await context.make(lambda: context.service.create(ask, picture, owner, key, last))


@router.get("", summary="List videos", responses=schema.replies(schema.VideoList, 404))
async def page(
    request: Request,
    after: Annotated[str | None, Query(max_length=200, description="The last id of the page before.")] = None,
    limit: Annotated[int, Query(ge=LEAST, le=MOST)] = 20,
    order: Annotated[Literal["asc", "desc"], Query(description="By age; desc is newest first.")] = "desc",
    state: Annotated[list[State] | None, Query(description="Only these.")] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    q: Annotated[str, Query(max_length=200, description="Words of the prompt.")] = "",
) -> JSONResponse:
    """Newest first unless asked otherwise; pages go on from `after`."""
    context, owner, language = context_of(request), owner_of(request), language_in(request)

    def look() -> dict[str, Any]:
        found = context.service.page(
            owner,
            after=after,
            limit=limit,
            newest_first=order == "desc",
            states=state or (),
            text=q,
            model=model,
        )
        data = [views.video(context.service, job, language) for job in found.jobs]
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": found.more}

    return JSONResponse(await context.read(look))


@router.post(
    "/extensions", summary="Go on from a video's last frame", openapi_extra=schema.EXTEND,
    responses=schema.replies(schema.Video, 404, 409, 507),
)  # fmt: skip
async def extend(request: Request) -> JSONResponse:
    """One new file: the source, and behind its last frame `seconds` of new video.

    In the request `seconds` is the length of the new part; in the reply it is the length of the whole, as in
    openai's own API. `video` is `{"id": ...}` (in a form `video[id]`), or a file that was downloaded from
    here and is still kept. Prompt, negative prompt, seed, options, steps and guidance may differ from the
    source's; all other settings are the source's, and `notes` names those that were sent in vain. Where
    `num_frames` is given it says how many frames are new.
    """
    context, owner, key = context_of(request), owner_of(request), idempotency_key(request)
    async with body_of(request) as body:
        services, language = context.service.services, language_in(request)
        ask = ask_of(body, services, language, besides=("video",), derived=True)
        source = await _source(body, context)
        job = await context.make(lambda: context.service.extend(source, ask, owner, key))
    return await _shown(request, job)


async def _source(body: Body, context: Context) -> str | Upload:
    """The video that is meant: its id, or itself."""
    video = body.values.get("video")
    named = video.get("id") if isinstance(video, dict) else video
    if isinstance(named, str):
        return named
    if named is not None:
        raise InvalidField(param="video", value=repr(named)[:80], expected="an id", expected_zh="视频编号")
    upload = await body.upload("video", context.settings.max_video_bytes)
    if upload is None:
        raise MissingArgument(param="video", argument="video", example='video={"id": "video_..."}')
    return upload


@router.post(
    "/edits", summary="Not offered", openapi_extra=schema.EDIT, responses=schema.replies(schema.Video)
)
async def edit() -> JSONResponse:
    """No model here edits a video; the answer says so."""
    raise Unsupported(what="POST /v1/videos/edits", what_zh="编辑视频")


@router.post(
    "/characters",
    summary="Not offered",
    openapi_extra=schema.EDIT,
    responses=schema.replies(schema.Video),
)
async def characters() -> JSONResponse:
    """No model here keeps characters; the answer says so."""
    raise Unsupported(what="POST /v1/videos/characters", what_zh="保存人物")


@router.get("/characters/{character_id}", summary="Not offered", responses=schema.replies(schema.Video))
async def character(character_id: str) -> JSONResponse:  # noqa: ARG001 part of the address
    """No model here keeps characters; the answer says so."""
    raise Unsupported(what="GET /v1/videos/characters", what_zh="查询人物")


@router.get("/{video_id}", summary="Look at a video", responses=schema.replies(schema.Video, 404))
async def retrieve(request: Request, video_id: str) -> JSONResponse:
    """How far it is, or how it ended. `openai-poll-after-ms` says when to ask again."""
    return await _do(request, lambda c, owner: c.service.get(video_id, owner))


@router.delete("/{video_id}", summary="Delete a video", responses=schema.replies(schema.VideoDeleted, 404))
async def delete(request: Request, video_id: str) -> JSONResponse:
    """Hides it, and cancels it where it is not finished; `restore` undoes that until it is purged."""
    context, owner = context_of(request), owner_of(request)
    job = await context.read(lambda: context.service.delete(video_id, owner))
    return JSONResponse({"id": job.id, "object": "video.deleted", "deleted": True})


@router.post(
    "/{video_id}/remix", summary="The same again, under another prompt", openapi_extra=schema.REMIX,
    responses=schema.replies(schema.Video, 404, 409, 507),
)  # fmt: skip
async def remix(request: Request, video_id: str) -> JSONResponse:
    """Keeps picture and settings; the seed is drawn anew unless one is given, as other fields may be."""
    context, owner, key = context_of(request), owner_of(request), idempotency_key(request)
    async with body_of(request) as body:
        ask: Ask = ask_of(body, context.service.services, language_in(request), derived=True)
    job = await context.make(lambda: context.service.remix(video_id, ask, owner, key))
    return await _shown(request, job)


@router.post("/{video_id}/cancel", summary="Stop a video", responses=schema.replies(schema.Video, 404, 409))
async def cancel(request: Request, video_id: str) -> JSONResponse:
    """One that waits is cancelled at once; one in progress stops at its next frame or step."""
    return await _do(request, lambda c, owner: c.service.cancel(video_id, owner))


@router.post("/{video_id}/restore", summary="Undo a delete", responses=schema.replies(schema.Video, 404))
async def restore(request: Request, video_id: str) -> JSONResponse:
    """As long as it is not purged."""
    return await _do(request, lambda c, owner: c.service.restore(video_id, owner))


async def _do(request: Request, call: Callable[[Context, str], Job]) -> JSONResponse:
    context, owner = context_of(request), owner_of(request)
    return await _shown(request, await context.read(lambda: call(context, owner)))


async def _shown(request: Request, job: Job) -> JSONResponse:
    context, language = context_of(request), language_in(request)
    shown = await context.read(lambda: views.video(context.service, job, language))
    return JSONResponse(shown, headers=headers_of(shown, language))


def headers_of(shown: dict[str, Any], language: Language) -> dict[str, str]:
    headers: dict[str, str] = {"Content-Language": language}
    if shown["status"] in ("queued", "in_progress"):
        headers["openai-poll-after-ms"] = str(views.poll_after_ms(shown))
    return headers
