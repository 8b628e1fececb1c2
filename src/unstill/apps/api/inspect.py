"""POST /v1/videos/inspect: what a video of ours says about itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import context_of
from unstill.domain.errors import MissingArgument

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.post(
    "/inspect", summary="Read the settings in a video", openapi_extra=schema.INSPECT,
    responses=schema.replies(schema.Settings, 507),
)  # fmt: skip
async def inspect(request: Request) -> JSONResponse:
    """For a file that unstill made: the request it was made from, its model, size, seed and notes."""
    context = context_of(request)
    async with body_of(request) as body:
        upload = await body.upload("video", context.settings.max_video_bytes)
        if upload is None:
            raise MissingArgument(param="video", argument="video", example="-F video=@clip.mp4")
        found = await context.make(lambda: context.service.inspect(upload))
    return JSONResponse({"object": "video.settings", "settings": dict(found.settings)})
