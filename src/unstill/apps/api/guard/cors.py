"""Cross-origin sharing, only for pages named in the settings. Without any, not one header is sent."""

from __future__ import annotations

from unstill.apps.api.guard.answer import Header
from unstill.apps.api.guard.headers import Scope, value
from unstill.apps.api.guard.settings import GuardSettings

METHODS = b"GET, HEAD, POST, DELETE, OPTIONS"
ACCEPTED = b"authorization, content-type, idempotency-key, last-event-id, range, x-api-key, x-request-id"
EXPOSED = (
    b"content-disposition, content-range, etag, openai-poll-after-ms, retry-after, "
    b"x-request-id, x-should-retry, x-video-id"
)
MAX_AGE_S = b"600"


def shared(scope: Scope, settings: GuardSettings) -> list[Header]:
    """What an answer to a configured foreign page carries. Cookies are not shared: such pages use keys."""
    origin = value(scope["headers"], b"origin")
    if not settings.origins or origin not in settings.origins:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"origin"),
    ]


def preflight(scope: Scope, settings: GuardSettings) -> list[Header] | None:
    """The answer to a browser's question before a request; None for any other request."""
    asked = value(scope["headers"], b"access-control-request-method")
    if scope["method"] != "OPTIONS" or asked is None or not shared(scope, settings):
        return None
    return [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", ACCEPTED),
        (b"access-control-max-age", MAX_AGE_S),
    ]
