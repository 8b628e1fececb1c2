"""What the guard is told. Every number is a setting; the defaults are design 6's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from unstill.domain.errors import Language

MEBIBYTE = 2**20
FORM_OVERHEAD = MEBIBYTE
"""Room for the fields, names and boundaries around an uploaded file."""


@dataclass(frozen=True)
class UploadRoute:
    """A path that takes more than small JSON. Bytes of a whole body."""

    path: str
    """A regular expression for the whole path."""
    form: int
    json: int
    """Data URLs are a third longer than the picture in them."""
    pair: bool = False
    """Whether there may be two pictures."""


def upload_routes(
    picture_bytes: int = 20 * MEBIBYTE, video_bytes: int = 100 * MEBIBYTE
) -> tuple[UploadRoute, ...]:
    """The routes that take pictures and those that take videos. A form may bring two pictures; JSON, which is
    held in memory as a whole, has the room of one for both."""
    small, large = 2 * picture_bytes + FORM_OVERHEAD, video_bytes + FORM_OVERHEAD
    return (
        UploadRoute(r"/v1/videos(/sync)?", small, picture_bytes * 4 // 3 + FORM_OVERHEAD, pair=True),
        UploadRoute(r"/v1/videos/(extensions|inspect|edits)", large, MEBIBYTE),
    )


@dataclass(frozen=True)
class ConnectionLimits:
    """What one socket, and all of them, may cost."""

    connections: int = 900
    """Open at once; with files and the store this stays under the usual limit of 1,024 handles."""
    patience_s: float = 12.0
    """Seconds for a whole request head, from the first byte or the last answer on. 12, so that every slow
    client is gone after 15 with room for a busy machine."""
    linger_s: float = 2.0
    """Seconds a client has to read an early answer before its unread upload is cut off."""
    linger_bytes: int = MEBIBYTE
    """Bytes of that upload thrown away meanwhile."""
    unread_s: float = 600.0
    """Seconds a client may leave an answer unread. Players that pause stop reading for minutes."""


@dataclass(frozen=True)
class GuardSettings:
    """The rules for one server."""

    bind: str = "127.0.0.1"
    """The address listened on."""
    hosts: tuple[str, ...] = ()
    """Further names this server is reached by; "*" allows every Host."""
    origins: tuple[str, ...] = ()
    """Foreign pages ("https://example.org") that may use the API; without any there are no CORS headers."""
    auth: Literal["none", "keys"] = "none"
    claimable: bool = False
    """Whether the first browser to open the page gets a session: for containers."""
    link_token: str | None = field(default=None, repr=False)
    """What the one-click link carries: ``/?link=TOKEN`` starts a session. New with every start."""
    operator: str | None = field(default=None, repr=False)
    """A secret taken wherever a key is and meaning the operator, whose jobs are `NOBODY`'s: for the command
    line on the same machine. Not empty, at most 512 characters."""
    language: Language = "en"
    """For clients that name none."""
    cookie: str = "unstill_session"
    page: str = "/"
    public: tuple[str, ...] = ("/", "/healthz", "/readyz", "/favicon.ico", "/assets/")
    """Paths without keys and rates: the page's own files, and health. A final slash takes all below it."""
    uploads: tuple[UploadRoute, ...] = upload_routes()
    body_bytes: int = MEBIBYTE
    """The largest body of every other route."""
    streams_at_once: int = 64
    """Event streams and waiting requests (`/sync`) of one key, or of one address where there are no keys:
    connections must be left for others."""
    uploads_at_once: int = 16
    """Bodies over `body_bytes` that may be on their way in at the same time."""
    body_patience_s: float = 12.0
    """Seconds of waiting for a body before it must have come at `body_rate` on average."""
    body_rate: float = 16 * 1024
    """Bytes a second."""
    rate_per_s: float = 50.0
    burst: int = 500
    """Requests of one key, or of one address where there are no keys: so many at once, then so many a
    second."""
    connection: ConnectionLimits = ConnectionLimits()

    def is_public(self, path: str) -> bool:
        return any(
            path == known or (len(known) > 1 and known.endswith("/") and path.startswith(known))
            for known in self.public
        )

    def body_limit(self, path: str, content_type: str) -> int:
        """Bytes that a request to ``path`` may carry."""
        for route in self.uploads:
            if re.fullmatch(route.path, path):
                return route.form if content_type.lower().startswith("multipart/") else route.json
        return self.body_bytes

    def together(self, path: str, content_type: str) -> bool:
        """Whether the limit of a body counts for two pictures that may be in it."""
        form = content_type.lower().startswith("multipart/")
        return not form and any(route.pair and re.fullmatch(route.path, path) for route in self.uploads)
