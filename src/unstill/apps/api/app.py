"""The app: routes, the layer around them, and the one shape of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from unstill.apps.api import (
    advice,
    backup,
    content,
    docs,
    errors,
    health,
    inspect,
    keys,
    loras,
    metrics,
    model_weights,
    models,
    news,
    prompts,
    videos,
)
from unstill.apps.api.boundary import Boundary
from unstill.apps.api.context import ApiSettings, Context
from unstill.core.crew import Crew
from unstill.core.jobs import VideoService
from unstill.core.keys import KeyStore
from unstill.core.prompts import Interpreter
from unstill.domain.errors import UnstillError
from unstill.version import __version__

ABOUT = """A picture and a sentence go in, a video comes out. Speaks the videos dialect of the openai client:
point `base_url` at `/v1` of this server. Errors have one shape, in the language of `Accept-Language`."""


class Api(FastAPI):
    """FastAPI, but nothing is ever answered with 422."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _without_422(super().openapi())
        return self.openapi_schema


def create_app(
    service: VideoService,
    settings: ApiSettings | None = None,
    *,
    crew: Crew | None = None,
    keys_store: KeyStore | None = None,
    interpreter: Interpreter | None = None,
) -> FastAPI:
    """Everything under /v1, health, metrics and docs. The guard goes around it, the studio beside it.

    Call ``service.drain()`` when the server is told to stop: it lets go of streams and waiting requests,
    which would hold it up.
    """
    api = Api(title="unstill", version=__version__, description=ABOUT, docs_url=None, redoc_url=None)
    tally = metrics.Tally(service.store, crew)
    service.events.listen(tally.see)
    api.state.context = Context(
        service, settings or ApiSettings(), tally, crew, keys_store, service.pulls, interpreter
    )  # fmt: skip
    # Fixed addresses before {video_id}.
    for part in (
        news, inspect, videos, content, models, model_weights, loras, advice, prompts, keys, backup, health,
        metrics, docs,
    ):  # fmt: skip
        api.include_router(part.router)
    api.add_exception_handler(UnstillError, errors.on_ours)
    api.add_exception_handler(HTTPException, errors.on_http)
    api.add_exception_handler(RequestValidationError, errors.on_invalid)
    api.add_middleware(Boundary)
    return api


def _without_422(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for call in path.values():
            call["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document
