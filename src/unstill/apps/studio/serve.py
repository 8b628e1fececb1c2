"""The page and its files: / and /assets/..., each with an ETag, none with anything of a person's in it.

An address must be that of a file in the package, letter for letter, so that there is no path to walk.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from unstill.apps.encodings import takes_gzip

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
"""What is served; a file of another kind is not."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The page's Content-Security-Policy: everything from here, nothing inline."""
FRESHNESS = {".jpg": "public, max-age=86400"}
"""The rest is asked for again each time, and answered with 304 while it is the same."""
PACKED = (".html", ".css", ".js", ".svg")
"""Text, which travels at a third of its size."""
INDEX, ICON, EXAMPLES = "index.html", "favicon.svg", "examples/"

router = APIRouter(include_in_schema=False)
# The routes are coroutines: a first visit asks for 60 small files, and a thread for each would be slower.


@router.get("/")
async def page(request: Request) -> Response:
    """The studio."""
    return _file(request, INDEX, {"Content-Security-Policy": POLICY})


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """For browsers that ask for it by themselves."""
    return _file(request, ICON)


@router.get("/assets/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """A script, a style sheet, the words of a language, an example picture. 404 for any other name."""
    return _file(request, "" if name == INDEX else name)


@cache
def inventory() -> Mapping[str, Traversable]:
    """Every file of the page by its name below /assets/."""
    own, pictures = files("unstill.apps.studio") / "page", files("unstill") / "assets" / "examples"
    return dict([*_walk(own, ""), *_walk(pictures, EXAMPLES)])


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif _suffix(entry.name) in MEDIA_TYPES:
            yield prefix + entry.name, entry


def _file(request: Request, name: str, more: Mapping[str, str] | None = None) -> Response:
    found = inventory().get(name)
    if found is None:
        raise HTTPException(404)
    body, suffix = found.read_bytes(), _suffix(name)
    tag = hashlib.sha256(body).hexdigest()[:20]
    headers = {
        "Cache-Control": FRESHNESS.get(suffix, "no-cache"),
        "X-Content-Type-Options": "nosniff",
        **(more or {}),
    }
    if suffix in PACKED:
        headers["Vary"] = "Accept-Encoding"
        if takes_gzip(request.headers.get("accept-encoding", "")):
            body, tag = _packed(body), f"{tag}-gzip"
            headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{tag}"'
    if headers["ETag"] in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPES[suffix], headers=headers)


@lru_cache(maxsize=256)
def _packed(body: bytes) -> bytes:
    """The same bytes each time, as the ETag promises."""
    return gzip.compress(body, mtime=0)


def _tags(header: str) -> list[str]:
    """The entity tags of If-None-Match, weak ones as strong (RFC 9110, section 13.1.2)."""
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def _suffix(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""
