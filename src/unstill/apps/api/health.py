"""Whether the server lives and can work, and what it is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from unstill.apps.api import bundle, facts, schema
from unstill.apps.api.context import context_of, is_operator, operators_only, owner_of
from unstill.apps.api.errors import NotReadyYet, answer
from unstill.apps.api.language import language_of

router = APIRouter()


@router.get("/healthz", tags=["health"], summary="The process lives", responses=schema.replies(schema.Facts))
async def healthz() -> JSONResponse:
    """Answers as long as the event loop turns; looks at nothing else."""
    return JSONResponse({"status": "ok", "service": "unstill"})


@router.get("/readyz", tags=["health"], summary="Videos can be made", responses=schema.replies(schema.Facts))
async def readyz(request: Request, detail: bool = False) -> JSONResponse:
    """The store can be written, the disk has room, a worker was heard of lately, and nothing is stopping.
    With ``detail`` operators also get what the doctor sees; it does not change the answer."""
    context = context_of(request)
    found = await context.read(lambda: facts.checks(context))
    told: dict[str, object] = {"checks": found}
    if detail and is_operator(request):
        language = language_of(request.headers.raw, context.settings.language)
        told["doctor"] = await context.read(lambda: facts.seen(context, language))
    wrong = [name for name, check in found.items() if not check["ok"]]
    if wrong:
        return answer(NotReadyYet(what=", ".join(wrong)), request.scope, {"status": "not_ready", **told})
    return JSONResponse({"status": "ready", **told})


@router.get(
    "/v1/system", tags=["system"], summary="The server in numbers", responses=schema.replies(schema.Facts)
)
async def system(request: Request) -> JSONResponse:
    """Machine, disk, queue, limits and workers."""
    context = context_of(request)
    owner = owner_of(request)
    return JSONResponse(await context.read(lambda: facts.system(context, owner)))


@router.get(
    "/v1/doctor", tags=["system"], summary="What is right and wrong", responses=schema.replies(schema.Facts)
)
async def doctor(request: Request) -> JSONResponse:
    """What the doctor sees of this computer, each with its fix; the machine; the versions of what matters.
    ``readiness`` has the checks of /readyz. ``checks`` name folders: for a key of one's own it is empty."""
    context = context_of(request)
    language, owner = language_of(request.headers.raw, context.settings.language), owner_of(request)
    return JSONResponse(await context.read(lambda: facts.doctor(context, language, owner)))


@router.post(
    "/v1/support-bundle", tags=["system"], summary="A file for a bug report", response_class=Response,
    responses=schema.replies("application/zip", 403),
)  # fmt: skip
async def support_bundle(request: Request) -> Response:
    """A zip of versions, settings without secrets, checks and the last lines of the log. No prompts."""
    operators_only(request)
    context = context_of(request)
    packed = await context.read(lambda: bundle.packed(context))
    named = {"Content-Disposition": 'attachment; filename="unstill-support.zip"'}
    return Response(packed, media_type="application/zip", headers=named)
