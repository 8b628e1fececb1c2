"""Long answers that hold nobody's secrets, packed for who takes them so."""

from __future__ import annotations

import gzip

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from unstill.apps.encodings import takes_gzip

WORTH_BYTES = 2_000


def packed(request: Request, content: object) -> Response:
    """The JSON of ``content``, by gzip where the request allows it and it saves something."""
    answer = JSONResponse(content, headers={"Vary": "Accept-Encoding"})
    body = bytes(answer.body)
    if len(body) < WORTH_BYTES or not takes_gzip(request.headers.get("accept-encoding", "")):
        return answer
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(gzip.compress(body, 6, mtime=0), media_type="application/json", headers=headers)
