"""POST /v1/prompts/translate and /rewrite: a prompt before and after, to be looked at. No video is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import context_of, language_in
from unstill.core.plan import find_card
from unstill.core.prompts import FIELDS, english, prompt_of
from unstill.core.rewriting import require_rewriter, rewritten
from unstill.domain.errors import InvalidField
from unstill.domain.request import is_auto
from unstill.domain.service_errors import Unsupported

router = APIRouter(prefix="/v1/prompts", tags=["prompts"])


@router.post(
    "/translate", summary="Put a prompt into English", openapi_extra=schema.TRANSLATE,
    responses=schema.replies(schema.Translation, 404, 409),
)  # fmt: skip
async def translate(request: Request) -> JSONResponse:
    """On this server's processor, by `opus-mt-zh-en`; `POST /v1/models/opus-mt-zh-en/pull` fetches its files.
    What is not mostly Chinese comes back as it is, and `notes` say so."""
    context = context_of(request)
    interpreter = context.interpreter
    if interpreter is None:
        raise Unsupported(what="POST /v1/prompts/translate", what_zh="翻译描述")
    async with body_of(request) as body:
        given = {name: text for name in FIELDS if (text := _text(body.values, name))}
        prompt_of(given.get("prompt", ""))
        model = _model(body.values)
    services = context.service.services
    reader = (await context.read(lambda: find_card(model, services.families)))[1] if model else None
    done = await context.make(lambda: english(given, interpreter, reader=reader))
    said = [note.text(language_in(request)) for note in done.notes]
    told = {"object": "prompt.translation", "model": interpreter.card.id, "before": given, "notes": said}
    return JSONResponse({**told, **done.texts})


@router.post(
    "/rewrite", summary="Have a prompt written anew", openapi_extra=schema.REWRITE,
    responses=schema.replies(schema.Rewriting, 404, 409, 502),
)  # fmt: skip
async def rewrite(request: Request) -> JSONResponse:
    """For the video model `model`, by the language model that this server's settings name (`rewrite_url`).
    The prompt is sent to that host, and nothing else is."""
    context = context_of(request)
    async with body_of(request) as body:
        text = prompt_of(_text(body.values, "prompt"))
        model = _model(body.values)
    services = context.service.services
    rewriter = require_rewriter(services)
    made = await context.make(lambda: rewritten(text, model, services))
    return JSONResponse(
        {"object": "prompt.rewriting", "prompt": made.prompt, "before": {"prompt": text}, "model": made.model,
         "by": rewriter.model, "host": rewriter.host}
    )  # fmt: skip


def _model(values: Mapping[str, Any]) -> str | None:
    """The model that a prompt is for; "auto" is none in particular."""
    model = _text(values, "model")
    return None if is_auto(model) else model or None


def _text(values: Mapping[str, Any], name: str) -> str:
    """A text among the fields, "" for none. Raises `InvalidField`, and `OutOfRange` where it is too long."""
    value = values.get(name, "")
    if not isinstance(value, str):
        raise InvalidField(param=name, value=repr(value)[:80], expected="text", expected_zh="文字")
    return prompt_of(value, name) if value.strip() else ""
