"""HTTP for models' files: ranges, redirects followed by hand, and a token that goes to one host alone."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from unstill.adapters.weights.halt import Halt
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.refusal import About, broken, going_round, odd, refused
from unstill.domain.errors import BadSetting
from unstill.domain.source_errors import RedirectRefused
from unstill.settings.addresses import check_proxies
from unstill.version import __version__

MOST_HOPS = 10
MOST_JSON_BYTES = 16 * 2**20
REDIRECTS = (301, 302, 303, 307, 308)
Origin = tuple[str, str, int | None]
"""Scheme, host, port."""


@dataclass(frozen=True)
class Errand:
    """One request: ``token`` is sent as long as the address is at ``url``'s own origin."""

    url: str
    about: About
    token: str | None = None
    start: int = 0
    """First byte that is wanted."""
    end: int | None = None
    """Last byte; None for all the rest."""


class Wire:
    """One HTTP client for one fetch; usable from several threads."""

    def __init__(self, patience: Patience, halt: Halt) -> None:
        """Raises `BadSetting` for certificates that cannot be read and proxies that are none."""
        check_proxies()
        self._halt = halt
        self._client = httpx.Client(
            headers={"User-Agent": f"unstill/{__version__}", "Accept-Encoding": "identity"},
            follow_redirects=False,
            timeout=httpx.Timeout(patience.read_s, connect=patience.connect_s, pool=None),
            verify=_trust(),
        )

    def close(self) -> None:
        self._client.close()

    @contextlib.contextmanager
    def open(self, errand: Errand) -> Iterator[tuple[httpx.Response, About]]:
        """An answer of 200, 206 or 416 whose body is still to be read, and who gave it in the end.

        Raises:
            SourceFailed: one of its leaves; also when the body breaks off while the block reads it.
        """
        url, about = errand.url, errand.about
        seen: set[str] = set()
        while True:
            self._halt.check()
            if url in seen or len(seen) >= MOST_HOPS:
                raise going_round(about)
            seen.add(url)
            about = about.at(host_of(url))
            try:
                with self._client.stream("GET", url, headers=_headers(errand, url)) as response:
                    if response.status_code not in REDIRECTS:
                        yield self._good(response, about), about
                        return
                    url = _next(url, response.headers.get("location", ""), about)
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
                raise broken(error, about) from error

    def _good(self, response: httpx.Response, about: About) -> httpx.Response:
        status = response.status_code
        if status not in (200, 206, 416):
            raise refused(status, response.headers, about)
        if response.headers.get("content-encoding", "identity") not in ("identity", ""):
            raise odd(about, "it packs what it sends", "它压缩了内容")
        return response

    def json(self, errand: Errand) -> Any:
        """A bounded JSON answer. Raises as `open`."""
        with self.open(errand) as (response, about):
            if int(response.headers.get("content-length") or 0) > MOST_JSON_BYTES:
                raise odd(about, "its answer is far too long", "应答过长")
            raw = bytearray()
            for piece in response.iter_raw():
                raw += piece
                if len(raw) > MOST_JSON_BYTES:
                    raise odd(about, "its answer is far too long", "应答过长")
                self._halt.check()
        try:
            return json.loads(bytes(raw))
        except (ValueError, RecursionError):
            raise odd(about, "its answer is no JSON", "应答不是 JSON") from None


@cache
def _trust() -> ssl.SSLContext:
    """The certificates of the world, read once: that takes a while."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise BadSetting(
            name="SSL_CERT_FILE", value=os.environ.get("SSL_CERT_FILE", "unset"),
            expected="a file of certificates", expected_zh="证书文件",
            source="the environment", source_zh="环境变量",
        ) from error  # fmt: skip


def _headers(errand: Errand, url: str) -> dict[str, str]:
    headers = {}
    if errand.start or errand.end is not None:
        headers["Range"] = f"bytes={errand.start}-{'' if errand.end is None else errand.end}"
    if errand.token and origin(url) == origin(errand.url):
        headers["Authorization"] = f"Bearer {errand.token}"
    return headers


def _next(url: str, location: str, about: About) -> str:
    """Where a redirect leads. Raises `RedirectRefused` for what nobody should follow."""
    scheme = urlsplit(url).scheme
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        usable = bool(location and parts.hostname and parts.scheme in ("http", "https"))
        usable = usable and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise _not_followed(about, "it leads nowhere", "目标地址无效")
    if scheme == "https" and parts.scheme != "https":
        raise _not_followed(about, "it leaves the encrypted connection", "会离开加密连接")
    return target


def _not_followed(about: About, reason: str, reason_zh: str) -> RedirectRefused:
    return RedirectRefused(host=about.host, file=about.file, reason=reason, reason_zh=reason_zh)


def origin(url: str) -> Origin:
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or usual


def host_of(url: str) -> str:
    """A host as it is shown; with the port where that is unusual."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url
