"""/v1/keys: for the operator, who is whoever reaches this server without a key of somebody's."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from unstill.apps.api import schema
from unstill.apps.api.body import body_of
from unstill.apps.api.context import context_of, operators_only
from unstill.core.keys import Key, KeyStore
from unstill.domain.errors import InvalidField, MissingArgument
from unstill.domain.service_errors import Unsupported

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.get("", summary="List keys", responses=schema.replies(schema.KeyList))
async def keys(request: Request) -> JSONResponse:
    """Every key there ever was, oldest first, without secrets."""
    store = _store(request)
    found = await context_of(request).read(store.list)
    return JSONResponse({"object": "list", "data": [_shown(key) for key in found]})


@router.post("", summary="Make a key", openapi_extra=schema.KEY, responses=schema.replies(schema.KeyReply))
async def add(request: Request) -> JSONResponse:
    """The secret is shown in this answer and never again."""
    store = _store(request)
    async with body_of(request) as body:
        name = body.values.get("name")
    if name is None:
        raise MissingArgument(param="name", argument="name", example='{"name": "laptop"}')
    if not isinstance(name, str):
        raise InvalidField(param="name", value=repr(name)[:80], expected="text", expected_zh="文字")
    key, secret = await context_of(request).read(lambda: store.add(name))
    return JSONResponse({**_shown(key), "secret": secret}, headers={"Cache-Control": "no-store"})


@router.delete("/{key_id}", summary="Revoke a key", responses=schema.replies(schema.KeyReply, 404))
async def revoke(request: Request, key_id: str) -> JSONResponse:
    """It is refused from now on; its videos stay."""
    store = _store(request)
    key = await context_of(request).read(lambda: store.revoke(key_id))
    return JSONResponse(_shown(key))


def _store(request: Request) -> KeyStore:
    operators_only(request)
    store = context_of(request).keys
    if store is None:
        raise Unsupported(what="/v1/keys", what_zh="管理密钥")
    return store


def _shown(key: Key) -> dict[str, Any]:
    times = {"created_at": key.created_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at}
    whole = {name: None if at is None else int(at) for name, at in times.items()}
    return {"object": "key", "id": key.id, "name": key.name, **whole}
