"""GET /v1/models, and POST /v1/plans: what can be made here, and what one request would cost."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import Context, context_of, language_in
from unstill.apps.api.dialect import ask_of, number_in
from unstill.apps.api.model_weights import weights_of
from unstill.core.asking import Ask
from unstill.core.plan import find_card
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language

router = APIRouter(prefix="/v1", tags=["models"])


@router.get("/models", summary="List models", responses=schema.replies(schema.ModelList))
async def models(request: Request) -> JSONResponse:
    """Every model that can be used here, the default first, with its limits, defaults and options."""
    context, language = context_of(request), language_in(request)

    def shown() -> list[dict[str, Any]]:
        cards = [card for family in context.service.services.families for card in family.cards]
        return [_model(request, card, card is cards[0], language) for card in cards]

    return JSONResponse({"object": "list", "data": await context.read(shown)})


@router.get("/models/{model_id}", summary="Look at a model", responses=schema.replies(schema.Model, 404))
async def model(request: Request, model_id: str) -> JSONResponse:
    """One model."""
    context, language = context_of(request), language_in(request)

    def shown() -> dict[str, Any]:
        families = context.service.services.families
        card = find_card(model_id, families)[1]
        return _model(request, card, card is find_card(None, families)[1], language)

    return JSONResponse(await context.read(shown))


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

    `seconds` asks for a length, and in the reply is the length that would be made. Without a `seed` one is
    drawn each time."""
    context, language = context_of(request), language_in(request)
    async with body_of(request) as body:
        width, height = (number_in(body.values, name) for name in ("width", "height"))
        for name in ("width", "height"):
            body.values.pop(name)
        ask = ask_of(body, context.service.services, language, prompt=False)
    return JSONResponse(await context.read(lambda: _planned(context, ask, width, height, language)))


def _planned(context: Context, ask: Ask, width: int, height: int, language: Language) -> dict[str, Any]:
    made = context.service.plan(ask, width, height)
    return {
        "object": "plan",
        "kind": made.card.kind,
        "size": f"{made.width}x{made.height}",
        **made.to_json(language),
    }
