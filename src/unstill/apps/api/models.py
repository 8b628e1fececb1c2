"""GET /v1/models, and POST /v1/plans: what can be made here, and what one request would cost."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import context_of, language_in
from unstill.apps.api.dialect import LAST_FIELDS, ask_of, flag_in, number_in
from unstill.apps.api.model_weights import weights_of
from unstill.apps.api.packed import packed
from unstill.core.choosing import USUAL, candidates
from unstill.core.plan import Plan, find_card
from unstill.core.services import Services
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language
from unstill.domain.request import VideoRequest

router = APIRouter(prefix="/v1", tags=["models"])
Recommend = Annotated[bool, Query(description="Say of each what it would take here.")]
CARD_FACTS = ("id", "licence", "download_bytes", "standing")
"""What a candidate repeats of its card."""


@router.get("/models", summary="List models", responses=schema.replies(schema.ModelList))
async def models(request: Request, recommend: Recommend = False) -> Response:
    """Every model that can be used here, the default first, with its limits, defaults and options.

    With `recommend` each also has a `recommendation`: what a clip in its own settings would take on this
    server's computer, whether "auto" may choose it and why not, and its `rank` among all, 1 for the best."""
    context, language = context_of(request), language_in(request)

    def shown() -> list[dict[str, Any]]:
        services = context.service.services
        cards = [card for family in services.families for card in family.cards]
        told = [_model(request, card, card is cards[0], language) for card in cards]
        if recommend:
            suiting = recommendations(services, language)
            told = [{**one, "recommendation": suiting[one["id"]]} for one in told]
        return told

    return packed(request, {"object": "list", "data": await context.read(shown)})


@router.get("/models/{model_id}", summary="Look at a model", responses=schema.replies(schema.Model, 404))
async def model(request: Request, model_id: str) -> JSONResponse:
    """One model."""
    context, language = context_of(request), language_in(request)

    def shown() -> dict[str, Any]:
        families = context.service.services.families
        card = find_card(model_id, families)[1]
        return _model(request, card, card is find_card(None, families)[1], language)

    return JSONResponse(await context.read(shown))


def recommendations(services: Services, language: Language) -> dict[str, dict[str, Any]]:
    """By model: what a clip of no particular request would take here."""
    found = candidates(VideoRequest(), services, USUAL)
    told = ((one, one.to_json(language)) for one in found)
    return {
        one.card.id: {
            **{name: value for name, value in facts.items() if name not in CARD_FACTS},
            "fits": one.plan is not None and one.plan.fits,
            "rank": rank,
        }
        for rank, (one, facts) in enumerate(told, 1)
    }


def _model(request: Request, card: ModelCard, default: bool, language: Language) -> dict[str, Any]:
    return {
        **card.to_json(language),
        "object": "model",
        "created": 0,
        "owned_by": card.family,
        "kind": card.kind,
        "default": default,
        "description": card.about[language],
        "weights": weights_of(request, card),
    }


@router.post(
    "/plans", summary="What a request would make and cost", openapi_extra=schema.PLAN,
    responses=schema.replies(schema.PlanReply, 404),
)  # fmt: skip
async def plan(request: Request) -> JSONResponse:
    """Takes the fields of a create; `width` and `height` are the picture's here, which itself is not sent.

    `last_image` says whether there is a picture for the last frame, which is not sent either. `seconds` asks
    for a length, and in the reply is the length that would be made. Without a `seed` one is
    drawn each time."""
    context, language = context_of(request), language_in(request)
    async with body_of(request) as body:
        width, height = (number_in(body.values, name) for name in ("width", "height"))
        for name in ("width", "height"):
            body.values.pop(name)
        last = "last_image" in body.values and flag_in(body.values, "last_image")
        ask = ask_of(body, context.service.services, language, prompt=False, besides=LAST_FIELDS[1:])

    def planned() -> dict[str, Any]:
        return _planned(context.service.plan(ask, width, height, last=last), language)

    return JSONResponse(await context.read(planned))


def _planned(made: Plan, language: Language) -> dict[str, Any]:
    return {
        "object": "plan",
        "kind": made.card.kind,
        "size": f"{made.width}x{made.height}",
        **made.to_json(language),
    }
