"""GET /v1/advice: what may be wrong with a video, and what to change for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.context import context_of, language_in, owner_of
from unstill.core.plan import find_card
from unstill.domain.advice import ADVICE, Advice, Made
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language
from unstill.domain.job import Job

FARTHER = 1.5
"""Times the way that the camera has gone, where it went too short a way."""
QUICKER_SIZE, QUICKER_SIDE = "512p", 512

CAMERA: Mapping[str, Mapping[Language, str]] = {
    "little_motion": {
        "en": "Let the camera travel farther, or name a larger move in the prompt.",
        "zh": "加大镜头幅度，或在描述里换一个更大的镜头运动。",
    },
    "blurred": {
        "en": "Take a larger or sharper picture: the camera shows no more than there is.",
        "zh": "换一张更大、更清楚的图片：镜头拍不出图片里没有的细节。",
    },
    "too_slow": {
        "en": "Choose a smaller size or fewer frames.",
        "zh": "减小尺寸或减少帧数。",
    },
    "off_prompt": {
        "en": "The camera, weather and light move; people and things do not. "
        "Name a move: push in, pan left, orbit.",
        "zh": "能动的是镜头、天气和光影，人和物不会动。请写明镜头，例如推近、左摇、环绕。",
    },
}
"""What to say of a video without a model's imagination; the rest holds for both."""

router = APIRouter(prefix="/v1", tags=["videos"])


class AdviceItem(BaseModel):
    """One complaint and its remedy."""

    id: Literal["little_motion", "blurred", "out_of_memory", "too_slow", "off_prompt"]
    symptom: str
    advice: str
    changes: dict[str, Any] = Field(description="Fields to set; empty where the prompt is to change.")


class AdviceList(BaseModel):
    object: Literal["list"]
    data: list[AdviceItem]


@router.get("/advice", summary="What to change about a video", responses=schema.replies(AdviceList, 404))
async def advice(
    request: Request,
    video: Annotated[str, Query(max_length=200, description="The id of the video at hand.")],
) -> JSONResponse:
    """For each usual complaint, what to do and which settings to change, coming from those of the video."""
    context, owner, language = context_of(request), owner_of(request), language_in(request)

    def found() -> list[dict[str, Any]]:
        job = context.service.get(video, owner)
        card = find_card(job.model, context.service.services.families)[1]
        return [_said(one, job, card, language) for one in ADVICE]

    return JSONResponse({"object": "list", "data": await context.read(found)})


def _said(one: Advice, job: Job, card: ModelCard, language: Language) -> dict[str, Any]:
    said = {**one.to_json(language), "changes": dict(changes(one, job, card))}
    if not card.generative and one.id in CAMERA:
        said["advice"] = CAMERA[one.id][language]
    return said


def changes(advice: Advice, job: Job, card: ModelCard) -> Mapping[str, object]:
    """What to set; the camera's own settings where the model is a camera."""
    if card.generative:
        return advice.changes(_made(job), card)
    return _camera(advice, job, card)


def _made(job: Job) -> Made:
    plan = job.plan
    return Made(
        guidance_scale=plan.get("guidance_scale"),
        num_inference_steps=plan.get("num_inference_steps"),
        short_side=_short_side(job),
        num_frames=plan["num_frames"],
    )


def _camera(advice: Advice, job: Job, card: ModelCard) -> Mapping[str, object]:
    """Steps and guidance mean nothing to a camera: the way it goes does, and the size."""
    strength = card.options.get("strength")
    if advice.id == "little_motion" and strength is not None and strength.limits is not None:
        options = dict(job.request.get("options") or {})
        now = float(options.get("strength", strength.default))
        farther = min(strength.limits.high, round(max(now, 0.1) * FARTHER, 2))
        return {"options": {**options, "strength": farther}} if farther > now else {}
    if advice.id == "too_slow" and _short_side(job) > QUICKER_SIDE:
        return {"size": QUICKER_SIZE}
    return advice.changes(_made(job), card) if advice.id == "out_of_memory" else {}


def _short_side(job: Job) -> int:
    return min(int(job.plan["width"]), int(job.plan["height"]))
