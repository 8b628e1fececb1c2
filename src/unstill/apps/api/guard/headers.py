"""Request headers as the guard reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Scope = dict[str, Any]
Raw = Iterable[tuple[bytes, bytes]]


def values(headers: Raw, name: bytes) -> list[str]:
    """Every value of a header; ``name`` in lower case, as ASGI gives names."""
    return [value.decode("latin-1") for key, value in headers if key == name]


def value(headers: Raw, name: bytes) -> str | None:
    return next(iter(values(headers, name)), None)


def cookie(headers: Raw, name: str) -> str | None:
    """The value of a cookie, or None."""
    for part in ";".join(values(headers, b"cookie")).split(";"):
        key, _, found = part.strip().partition("=")
        if key == name:
            return found.strip('"')
    return None


def has_body(headers: Raw) -> bool:
    """Whether the client says that a body follows."""
    return bool(values(headers, b"transfer-encoding")) or declared_length(headers) > 0


def declared_length(headers: Raw) -> int:
    """Content-Length, 0 without one. The server has refused anything but digits; another might not."""
    text = value(headers, b"content-length") or "0"
    return int(text[:20]) if text.isascii() and text.isdigit() else 0
