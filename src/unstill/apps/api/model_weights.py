"""Models' files over HTTP, for the operator: fetch them, watch that, stop it, remove them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import Context, context_of, language_in, operators_only, owner_of
from unstill.core.at_hand import fetched_card
from unstill.core.pulls import PullView
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import InvalidField, Language
from unstill.domain.job import NOBODY
from unstill.domain.service_errors import Unsupported

LOOK_S = 0.25
"""How often a watcher looks how far it is."""

router = APIRouter(prefix="/v1/models", tags=["models"])


class PullDesk(Protocol):
    """Who does the fetching. `unstill.core.pulls.Pulls` fits."""

    def start(self, card: ModelCard, *, accept_licence: bool, update: bool = False) -> PullView: ...

    def view(self, card: ModelCard) -> PullView: ...

    def cancel(self, card: ModelCard) -> PullView: ...

    def remove(self, card: ModelCard) -> int: ...


@router.post(
    "/{model_id}/pull", summary="Fetch a model's files", openapi_extra=schema.PULL,
    responses=schema.replies(schema.Pull, 400, 404, 409),
)  # fmt: skip
async def pull(request: Request, model_id: str) -> JSONResponse:
    """Answers at once; `accept_licence` says that the operator has read the licence (`licence` and
    `licence_notes` of the model). While one is under way, this looks at it."""
    desk, card = await _asked(request, model_id)
    async with body_of(request) as body:
        accept, update = (_flag(body.values, name) for name in ("accept_licence", "update"))
    view = await context_of(request).read(lambda: desk.start(card, accept_licence=accept, update=update))
    return JSONResponse(_shown(view, language_in(request)))


@router.get("/{model_id}/pull", summary="How far a fetch is", responses=schema.replies(schema.Pull, 404))
async def look(request: Request, model_id: str) -> JSONResponse:
    """The fetch that is under way, or how the last one since the server's start ended."""
    desk, card = await _asked(request, model_id)
    return JSONResponse(_shown(desk.view(card), language_in(request)))


@router.get(
    "/{model_id}/pull/events", summary="Watch a fetch", response_class=EventSourceResponse,
    responses=schema.replies("text/event-stream", 404),
)  # fmt: skip
async def events(request: Request, model_id: str) -> EventSourceResponse:
    """Server-sent events: `progress`, and at the end `done`; each a Pull."""
    desk, card = await _asked(request, model_id)
    desk.view(card)
    context, language = context_of(request), language_in(request)
    stream = _stream(context, desk, card, language)
    return EventSourceResponse(stream, ping=context.settings.heartbeat_s, send_timeout=30)


@router.post("/{model_id}/pull/cancel", summary="Stop a fetch", responses=schema.replies(schema.Pull, 404))
async def cancel(request: Request, model_id: str) -> JSONResponse:
    """It ends soon; what has come is kept for the next time."""
    desk, card = await _asked(request, model_id)
    return JSONResponse(_shown(desk.cancel(card), language_in(request)))


@router.delete(
    "/{model_id}",
    summary="Remove a model's files",
    responses=schema.replies(schema.ModelDeleted, 400, 404, 409),
)
async def remove(request: Request, model_id: str) -> JSONResponse:
    """Those that were fetched here; the model stays in the list."""
    desk, card = await _asked(request, model_id)
    freed = await context_of(request).make(lambda: desk.remove(card))
    return JSONResponse({"id": card.id, "object": "model.deleted", "deleted": True, "freed_bytes": freed})


def weights_of(request: Request, card: ModelCard) -> dict[str, Any] | None:
    """A model's files in JSON, None for a model without any; the paths only for the operator. Blocks."""
    if card.repo is None:
        return None
    facts = context_of(request).service.services.weights.facts(card)
    return facts.to_json(language_in(request), private=owner_of(request) == NOBODY)


async def _asked(request: Request, model_id: str) -> tuple[PullDesk, ModelCard]:
    """The desk and the card. Raises `NotAllowed`, `UnknownModel`, `Unsupported`."""
    operators_only(request)
    context = context_of(request)
    services = context.service.services
    card = await context.read(lambda: fetched_card(model_id, services))
    if context.pulls is None:
        raise Unsupported(what="/v1/models/{model_id}/pull", what_zh="下载模型")
    return context.pulls, card


async def _stream(
    context: Context, desk: PullDesk, card: ModelCard, language: Language
) -> AsyncIterator[ServerSentEvent]:
    revision = -1
    while not context.service.draining:
        view = desk.view(card)
        if view.revision != revision:
            revision = view.revision
            text = json.dumps(_shown(view, language), ensure_ascii=False, separators=(",", ":"))
            yield ServerSentEvent(text, event="done" if view.is_final else "progress")
        if view.is_final:
            return
        await asyncio.sleep(LOOK_S)


def _shown(view: PullView, language: Language) -> dict[str, Any]:
    progress = view.progress
    return {
        "object": "model.pull",
        "model": view.model,
        "state": view.state,
        "stage": progress.stage,
        "done_bytes": progress.done_bytes,
        "total_bytes": progress.total_bytes,
        "rate_bytes_s": round(progress.rate_bytes_s),
        "eta_s": None if progress.eta_s is None else round(progress.eta_s, 1),
        "source": progress.source,
        "started_at": int(view.started_at),
        "notes": [note.text(language) for note in view.notes],
        "error": view.error.to_json(language) if view.error else None,
        "weights": view.facts.to_json(language) if view.facts else None,
    }


def _flag(values: dict[str, Any], name: str) -> bool:
    """A tick box, of JSON or of a form. Raises `InvalidField`."""
    value = values.get(name, False)
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise InvalidField(
            param=name, value=repr(value)[:80], expected="true or false", expected_zh=" true 或 false"
        )
    return value
