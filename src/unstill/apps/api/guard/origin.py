"""Who is asking: the Host a request names, and the page it comes from.

A page of another site can make a browser send requests here, and by rebinding its own name even read the
answers. Host shows the second, Origin and Sec-Fetch-Site (Fetch Metadata, W3C) the first.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from unstill.apps.api.guard.headers import Raw, Scope, value, values
from unstill.apps.api.guard.settings import GuardSettings
from unstill.domain.service_errors import ForeignHost, ForeignOrigin, MalformedRequest

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHOWN = 100
"""Characters of a stranger's header that a message repeats."""


def check_framing(headers: Raw) -> None:
    """No request whose end two readers may see in different places (RFC 9112, section 6.3).

    Raises:
        MalformedRequest
    """
    if values(headers, b"content-length") and values(headers, b"transfer-encoding"):
        raise MalformedRequest


def check_path(scope: Scope) -> None:
    """No path that a browser or a program would not send: none leads upwards, out of a drive, or nowhere.

    Raises:
        MalformedRequest: also for the full address of a proxy's request and for CONNECT.
    """
    path = str(scope["path"])
    if path == "*" and scope["method"] == "OPTIONS":
        return
    parts = path.replace("\\", "/").split("/")
    doubly = re.search(r"%(2e|2f|5c|00|25)", path, re.IGNORECASE)  # encoded once more than it should be
    if path[:1] != "/" or ".." in parts or "\\" in path or doubly or not path.isprintable():
        raise MalformedRequest
    if any(re.match(r"\.{2,}[;. ]?|[a-z]:$", part, re.IGNORECASE) for part in parts):
        raise MalformedRequest


def check_host(headers: Raw, settings: GuardSettings) -> None:
    """Raises `ForeignHost` unless there is one Host and it is ours."""
    found = values(headers, b"host")
    if "*" in settings.hosts:
        return
    parsed = split_host(found[0]) if len(found) == 1 else None
    if parsed is None or not _is_ours(parsed[0], settings):
        raise ForeignHost(host=_shown(found[0] if found else ""))


def check_origin(scope: Scope, settings: GuardSettings) -> None:
    """Raises `ForeignOrigin` for requests that another site's page caused.

    Any Origin must be ours or configured, whatever the method. Without one a browser still says the
    relation: only a person following a link (a GET that opens a page) may come from elsewhere.
    """
    headers: Raw = scope["headers"]
    origins = values(headers, b"origin")
    if origins:
        if len(origins) > 1 or not (is_same_origin(origins[0], headers) or origins[0] in settings.origins):
            raise ForeignOrigin(origin=_shown(origins[0]))
        return
    relation = (value(headers, b"sec-fetch-site") or "none").strip().lower()
    if relation in ("same-origin", "none"):
        return
    opens_page = value(headers, b"sec-fetch-mode") == "navigate" and (
        value(headers, b"sec-fetch-dest") in (None, "document")
    )
    if scope["method"] not in _SAFE_METHODS or not opens_page:
        raise ForeignOrigin(origin=relation if relation in ("cross-site", "same-site") else "elsewhere")


def is_same_origin(origin: str, headers: Raw) -> bool:
    """Whether an Origin's host and port are those of the Host header. The scheme is not compared: behind a
    proxy that ends TLS it is not known here."""
    try:
        parts = urlsplit(origin)
        port = str(parts.port or _DEFAULT_PORTS.get(parts.scheme, ""))
    except ValueError:
        return False
    host = split_host(value(headers, b"host") or "")
    if host is None or parts.scheme not in _DEFAULT_PORTS or parts.hostname is None:
        return False
    return (parts.hostname.rstrip("."), port) == (host[0], host[1] or _DEFAULT_PORTS[parts.scheme])


def split_host(text: str) -> tuple[str, str | None] | None:
    """Name or address in lower case without brackets, and port; None for what is no Host."""
    match = _HOST.fullmatch(text.strip())
    return (match[1].lower().strip("[]").rstrip("."), match[2]) if match else None


def _is_ours(name: str, settings: GuardSettings) -> bool:
    if name == "localhost" or name in (settings.bind, *(host.lower() for host in settings.hosts)):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # Rebinding needs a name, so a bare address is harmless where every address is listened on.
    return address.is_loopback or _is_any(settings.bind)


def _is_any(bind: str) -> bool:
    return bind in ("", "0.0.0.0", "::")  # noqa: S104 compared, not bound


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:SHOWN]) or '""'
