"""/docs: a page of our own that shows /openapi.json, without anything from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    return Response(_asset("docs.html"), media_type="text/html; charset=utf-8")


@router.get("/docs/docs.js")
async def script() -> Response:
    return Response(_asset("docs.js"), media_type="text/javascript; charset=utf-8")


@router.get("/docs/docs.css")
async def style() -> Response:
    return Response(_asset("docs.css"), media_type="text/css; charset=utf-8")


@cache
def _asset(name: str) -> bytes:
    return (files("unstill.apps.api") / "assets" / name).read_bytes()
