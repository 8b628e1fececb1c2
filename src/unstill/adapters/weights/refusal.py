"""What a hub's refusal means, as one of our errors."""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unstill.domain.source_errors import (
    AccessRefused,
    AskedTooOften,
    LineBroken,
    NotAtSource,
    OddListing,
    RedirectRefused,
    SourceFailed,
    SourceNotTrusted,
    SourceUnreachable,
    TokenRefused,
)

USUAL_WAIT_S = 30
"""Where a hub asks to wait and does not say how long."""
BUSY = (429, 503)


@dataclass(frozen=True)
class About:
    """What was asked for, for words."""

    file: str
    host: str
    page: str
    """Where a person reads the model's terms."""

    def at(self, host: str) -> About:
        return About(self.file, host, self.page)


def refused(status: int, headers: Mapping[str, str], about: About) -> SourceFailed:
    """The error for a status of 400 and above. Those that ask to come again later say when."""
    told = {"host": about.host, "file": about.file}
    code = headers.get("x-error-code", "")
    if status == 401 and code != "GatedRepo":
        return TokenRefused(**told)
    if status in (401, 403):
        return AccessRefused(page=about.page, **told)
    if status in (404, 410):
        return NotAtSource(**told)
    wait = wait_s(headers)
    if status == 429 or (status == 503 and wait is not None):
        return AskedTooOften(seconds=wait if wait is not None else USUAL_WAIT_S, **told)
    return SourceFailed(answer=f"HTTP {status}", **told)


def wait_s(headers: Mapping[str, str]) -> int | None:
    """Retry-After in seconds (RFC 9110, 10.2.3: a number, or a date)."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return int(text)
    try:
        until = email.utils.parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
    return None if until is None else max(0, round(until - time.time()))


def broken(error: Exception, about: About) -> SourceFailed:
    """A failure of the HTTP client (httpx's or the hub client's: told by name) as one of ours."""
    told = {"host": about.host, "file": about.file}
    kind = type(error).__name__
    safety = next((e for e in _chain(error) if isinstance(e, ssl.SSLError)), None)
    if safety is not None and kind == "ConnectError":
        reason = getattr(safety, "verify_message", None) or safety.reason or "SSL"
        return SourceNotTrusted(reason=str(reason).replace("_", " ").lower(), **told)
    if kind in ("ConnectError", "ConnectTimeout", "ProxyError"):
        return SourceUnreachable(**told)
    if kind == "TooManyRedirects":
        return going_round(about)
    if kind in ("InvalidURL", "UnsupportedProtocol", "DecodingError", "UnicodeError"):
        return odd(about, "its answer cannot be read", "无法读取它的应答")
    return LineBroken(**told)


def going_round(about: About) -> RedirectRefused:
    return RedirectRefused(
        host=about.host, file=about.file, reason="the redirects go in a circle", reason_zh="重定向形成了循环"
    )


def odd(about: About, reason: str, reason_zh: str) -> OddListing:
    return OddListing(host=about.host, file=about.file, reason=reason, reason_zh=reason_zh)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
