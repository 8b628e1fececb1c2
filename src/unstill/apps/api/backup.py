"""POST /v1/backup: the job database as one file, while the server works."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from unstill.apps.api import schema
from unstill.apps.api.context import context_of, operators_only
from unstill.apps.api.files import send_once
from unstill.core.pictures import TEMPORARY

MEDIA_TYPE = "application/vnd.sqlite3"

router = APIRouter(prefix="/v1/backup", tags=["system"])


@router.post(
    "", summary="Copy the job database", response_class=Response,
    responses=schema.replies(MEDIA_TYPE, 507),
)  # fmt: skip
async def backup(request: Request) -> Response:
    """For the operator: every job as it was at one moment, in one SQLite file. The pictures and videos are
    files in the data folder and not in it."""
    operators_only(request)
    context = context_of(request)
    path = context.service.data / TEMPORARY / f"backup-{secrets.token_hex(8)}.db"
    name = f"unstill-backup-{datetime.now(UTC):%Y%m%d-%H%M%S}.db"
    try:
        await context.make(lambda: context.service.store.backup(path))
        return await context.read(lambda: send_once(path, MEDIA_TYPE, name))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
