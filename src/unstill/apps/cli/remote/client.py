"""HTTP to one server: no redirects, no proxies on this computer, bounded answers, every failure typed."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from unstill.apps.cli.remote.errors import (
    BadAddress,
    ConnectionLost,
    NoServer,
    NotTrusted,
    NotUnstill,
    ServerMoved,
    said,
)
from unstill.apps.cli.remote.place import find
from unstill.domain.errors import Language, UnstillError
from unstill.settings import Settings
from unstill.settings.addresses import check_proxies
from unstill.version import __version__

MOST_JSON = 16 * 2**20
"""Bytes of an answer in JSON: a page of a hundred videos has under 3 MB."""
CONNECT_S, READ_S, WRITE_S = 10.0, 60.0, 60.0
"""Seconds to a connection, and between two pieces of an answer or an upload."""
LONGEST_RETRY_S = 30.0
AWAY = (502, 503, 504)
"""Statuses by which a proxy says that the server behind it is not there."""
Files = Mapping[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Reply:
    """A JSON object and its headers."""

    body: dict[str, Any]
    headers: Mapping[str, str]


class Remote:
    """One server. Close it, or use it in a `with`."""

    def __init__(
        self, asked: str | None, settings: Settings, language: Language, *, operator: bool = False
    ) -> None:
        """Raises `BadAddress`, `NoServerHere`; see `find`."""
        self._asked, self._settings, self._language, self._operator = asked, settings, language, operator
        self.place = find(asked, settings, operator=operator)
        self._client: httpx.Client | None = None

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def look_again(self) -> bool:
        """Whether the server is elsewhere by now, or has another secret, as after a new start."""
        try:
            place = find(self._asked, self._settings, operator=self._operator)
        except UnstillError:
            return False
        moved = place != self.place
        self.close()  # a connection that broke is not used again
        self.place = place
        return moved

    def get(self, path: str, **params: object) -> Reply:
        given = {name: value for name, value in params.items() if value is not None}
        return self._json("GET", path, params=given)

    def post(
        self,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Raises as `open`."""
        return self._json("POST", path, data=form, files=files, headers=headers)

    def delete(self, path: str) -> Reply:
        return self._json("DELETE", path)

    @contextlib.contextmanager
    def open(self, method: str, path: str, **more: Any) -> Iterator[httpx.Response]:
        """A good answer whose body is still to be read, by `iter_raw`.

        Raises:
            NoServer, ConnectionLost, NotTrusted: no answer, or not all of it.
            NotUnstill, ServerMoved: an answer that no server of ours gives.
            ServerRefused, ServerFailed: what the server said.
        """
        try:
            with self._connected().stream(method, self.place.url + path, **more) as response:
                if response.status_code != 200:
                    raise self._refusal(response)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise self.strange("its answer is packed", "它的应答经过压缩")
                yield response
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self._problem(error) from error

    def _json(self, method: str, path: str, **more: Any) -> Reply:
        with self.open(method, path, **more) as response:
            raw = self._bounded(response)
            return Reply(self._object(raw), response.headers)

    def _bounded(self, response: httpx.Response) -> bytes:
        raw = bytearray()
        for piece in response.iter_raw():
            raw += piece
            if len(raw) > MOST_JSON:
                limit = MOST_JSON // 2**20
                raise self.strange(f"its answer is larger than {limit} MiB", f"它的应答超过 {limit} MiB")
        return bytes(raw)

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.strange("its answer is no JSON object", "它的应答不是 JSON 对象")
        return found

    def _connected(self) -> httpx.Client:
        if self._client is None:
            headers = {
                "User-Agent": f"unstill/{__version__}",
                "Accept-Language": self._language,
                "Accept-Encoding": "identity",  # so that an answer is as large as what came over the wire
            }
            if self.place.secret:
                headers["Authorization"] = f"Bearer {self.place.secret}"
            if not self.place.local:
                check_proxies()
            self._client = httpx.Client(
                headers=headers,
                follow_redirects=False,
                trust_env=not self.place.local,
                verify=self._trust(),
                timeout=httpx.Timeout(READ_S, connect=CONNECT_S, write=WRITE_S),
            )
        return self._client

    def _trust(self) -> ssl.SSLContext | bool:
        if not self.place.url.startswith("https:"):
            return False  # nothing to verify; reading the certificates of the world takes a while
        try:
            return httpx.create_ssl_context()
        except OSError as error:  # SSL_CERT_FILE
            raise NotTrusted(url=self.place.url, reason=error.strerror or "SSL_CERT_FILE") from error

    def _refusal(self, response: httpx.Response) -> UnstillError:
        status = response.status_code
        if 300 <= status < 400:
            location = response.headers.get("location", "?")[:200]
            return ServerMoved(url=self.place.url, location=location)
        try:
            told = self._object(self._bounded(response)).get("error")
        except NotUnstill:
            told = None
        if isinstance(told, dict) and isinstance(told.get("message"), str):
            return said(told, status, _after_s(response.headers))
        if status in AWAY:
            return NoServer(url=self.place.url, local=self.place.local)
        return self.strange(f"HTTP {status}", f"HTTP {status}")

    def strange(self, what: str, what_zh: str) -> NotUnstill:
        """The error for an answer that is none of ours."""
        return NotUnstill(url=self.place.url, what=what, what_zh=what_zh)

    def _problem(self, error: Exception) -> UnstillError:
        """httpx's failure as one of ours."""
        url = self.place.url
        safety = next((e for e in _chain(error) if isinstance(e, ssl.SSLError)), None)
        if safety is not None and isinstance(error, httpx.ConnectError):
            reason = getattr(safety, "verify_message", None) or safety.reason or "SSL"
            return NotTrusted(url=url, reason=str(reason).replace("_", " ").lower())
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            return NoServer(url=url, local=self.place.local)
        if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)):
            return BadAddress(param="--server", value=repr(url)[:80])
        if isinstance(error, httpx.RemoteProtocolError) and not _ended_early(error):
            return self.strange("it does not speak HTTP", "它不是 HTTP 服务")
        return ConnectionLost(url=url)


def _ended_early(error: Exception) -> bool:
    return any(word in str(error).lower() for word in ("disconnected", "closed connection", "terminated"))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _after_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After, where it is a number of seconds."""
    text = headers.get("retry-after", "")
    return min(LONGEST_RETRY_S, float(text)) if text.isascii() and text.isdigit() and len(text) < 9 else None
