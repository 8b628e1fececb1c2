"""Long answers that hold nobody's secrets, packed for who takes them so."""

from __future__ import annotations

import gzip

from fastapi import Request
from fastapi.responses import JSONResponse, Response

WORTH_BYTES = 2_000


def packed(request: Request, content: object) -> Response:
    """The JSON of ``content``, by gzip where the request allows it and it saves something."""
    answer = JSONResponse(content, headers={"Vary": "Accept-Encoding"})
    body = bytes(answer.body)
    if len(body) < WORTH_BYTES or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return answer
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(gzip.compress(body, 6, mtime=0), media_type="application/json", headers=headers)


def _takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip without refusing it by a weight of 0."""
    for part in header.split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
