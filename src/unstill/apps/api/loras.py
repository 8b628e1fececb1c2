"""GET /v1/loras: the LoRA files that a request may name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.context import context_of

router = APIRouter(prefix="/v1", tags=["models"])


@router.get("/loras", summary="List LoRA files", responses=schema.replies(schema.LoraList))
async def loras(request: Request) -> JSONResponse:
    """Names for `loras`, with their sizes. The operator adds more with `unstill loras add` or `pull`."""
    context = context_of(request)

    def shown() -> list[dict[str, Any]]:
        shelf = context.service.services.weights.loras
        return [{"object": "lora", "name": one.name, "size_bytes": one.size_bytes} for one in shelf.list()]

    return JSONResponse({"object": "list", "data": await context.read(shown)})
