"""Files on their way out: videos, their small pictures, and the pictures they were made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from unstill.apps.api import schema
from unstill.apps.api.context import context_of, owner_of
from unstill.apps.api.files import send_file
from unstill.domain.job import Job

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
}
VIDEOS = ["video/mp4", "video/webm", "image/gif", "image/webp", "image/jpeg"]
"""What `content` may be; JPEG is for the thumbnail and the sprite sheet."""
Variant = Annotated[Literal["video", "thumbnail", "spritesheet"], Query(description="Which file.")]
Which = Annotated[Literal["first", "last"], Query(description="The picture, or the one for the last frame.")]

NAME_LENGTH = 40
"""Characters of the prompt in a file's name."""

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.get(
    "/{video_id}/content", summary="Download", response_class=Response,
    responses={**schema.replies(VIDEOS, 404, 409), **schema.partly(VIDEOS)},
)  # fmt: skip
async def content(request: Request, video_id: str, variant: Variant = "video") -> Response:
    """The finished file, its thumbnail (JPEG) or its sprite sheet (JPEG), with ranges and ETag."""
    return await _file(request, video_id, variant)


@router.get(
    "/{video_id}/input", summary="The picture it was made from", response_class=Response,
    responses={**schema.replies("image/png", 404), **schema.partly(["image/png"])},
)  # fmt: skip
async def picture(request: Request, video_id: str, which: Which = "first") -> Response:
    """The picture as pixels (PNG); nothing else of the upload is kept."""
    context, owner, last = context_of(request), owner_of(request), which == "last"
    path = await context.read(lambda: context.service.input(video_id, owner, last=last))
    return await _send(request, path, f"{video_id}{'.last' if last else ''}{path.suffix}")


async def whole_video(request: Request, job: Job, owner: str) -> Response:
    """The finished file of a job that is known."""
    return await _file(request, job.id, "video", owner)


async def _file(request: Request, video_id: str, variant: str, owner: str | None = None) -> Response:
    context, whose = context_of(request), owner_of(request) if owner is None else owner
    path = await context.read(lambda: context.service.content(video_id, variant, whose))
    job = await context.read(lambda: context.service.get(video_id, whose))
    return await _send(
        request, path, f"{_name(job)}{'' if variant == 'video' else '.' + variant}{path.suffix}"
    )


def _name(job: Job) -> str:
    """What a saved file is called: the prompt's first words, and enough of the id to tell two apart."""
    words = re.sub(r"[\W_]+", "-", str(job.request.get("prompt") or "")[:NAME_LENGTH]).strip("-")
    return f"{words}-{job.id[-6:]}" if words else job.id


async def _send(request: Request, path: Path, name: str) -> Response:
    context, kind = context_of(request), MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    root, tag = context.service.storage.root.resolve(), path.name  # a name never gets another content
    return await context.read(lambda: send_file(request, path, kind, name, root=root, inline=True, etag=tag))
