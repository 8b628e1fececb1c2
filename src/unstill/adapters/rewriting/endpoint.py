"""One request to one host: no redirects, little patience, a bounded answer."""

from __future__ import annotations

import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from unstill.adapters.rewriting.deadline import Deadline
from unstill.domain.prompt_errors import RewriteFailed
from unstill.domain.request import PROMPT_LIMIT
from unstill.settings.addresses import check_proxies
from unstill.version import __version__

CONNECT_S, PATIENCE_S = 10.0, 120.0
"""Until somebody answers; until the whole answer is there."""
MOST_BYTES = 256 * 1024
MOST_TOKENS = 4096
"""A model that thinks first does so within them."""
SHOWN = 200
"""Characters of what a host says in a message of ours."""
_BEGINS, _ENDS = "<think>", "</think>"
_MARKS = (
    ("```", "```"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
    ("“", "”"),
    ("‘", "’"),
    ("「", "」"),
    ("『", "』"),
)


class Endpoint:
    """A server that speaks OpenAI's chat completions, at ``url`` ("http://127.0.0.1:11434/v1")."""

    def __init__(self, url: str, model: str, key: str | None = None, patience_s: float = PATIENCE_S) -> None:
        base = url.rstrip("/")
        self.url = base if base.endswith("/chat/completions") else f"{base}/chat/completions"
        self.model, self._key, self._patience_s = model, key, patience_s

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def rewrite(self, task: str, prompt: str) -> str:
        """See `unstill.core.rewriting.Rewriter`. The prompt is all of the person's that is sent."""
        words = [{"role": "system", "content": task}, {"role": "user", "content": prompt}]
        asked = {"model": self.model, "messages": words, "max_tokens": MOST_TOKENS, "stream": False}
        return self._prompt_in(self._answer(asked))

    def _answer(self, asked: dict[str, Any]) -> bytes:
        headers = {"User-Agent": f"unstill/{__version__}", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        late = self._failed(f"no answer within {self._patience_s:g} s",
                            f"{self._patience_s:g} 秒内没有应答")  # fmt: skip
        if not _is_here(self.url):
            check_proxies()
        with Deadline(self._patience_s) as deadline:
            try:
                with (
                    self._client() as client,
                    client.stream(
                        "POST", self.url, json=asked, headers=headers, extensions={"trace": deadline.trace}
                    ) as reply,
                ):
                    body = self._bounded(reply)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                if deadline.over or isinstance(error, httpx.TimeoutException):
                    raise late from error
                raise self._failed(f"it cannot be reached ({type(error).__name__})",
                                   f"无法连接（{type(error).__name__}）") from error  # fmt: skip
            if deadline.over:  # a body without a length looks whole when it is cut
                raise late
        if reply.is_redirect:
            where = _shown(urlsplit(reply.headers.get("location", "")).netloc or "itself")
            raise self._failed(f"it sends us on to {where}, where prompts do not go",
                               f"它把请求转向 {where}，描述不会发到那里")  # fmt: skip
        if reply.status_code != 200:
            said = self._said(body)
            raise self._failed(f"HTTP {reply.status_code}{said}", f"HTTP {reply.status_code}{said}")
        return body

    def _client(self) -> httpx.Client:
        limits = httpx.Timeout(self._patience_s, connect=min(CONNECT_S, self._patience_s))
        return httpx.Client(timeout=limits, follow_redirects=False, trust_env=not _is_here(self.url))

    def _bounded(self, reply: httpx.Response) -> bytes:
        """The whole body, unless it is too large."""
        body = bytearray()
        for part in reply.iter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise self._failed("its answer is far too long", "应答过长")
        return bytes(body)

    def _prompt_in(self, body: bytes) -> str:
        """What the language model wrote: without its thoughts, and without marks around it."""
        try:
            text = json.loads(body)["choices"][0]["message"]["content"]
        except (ValueError, RecursionError, LookupError, TypeError):
            raise self._failed("its answer is no chat completion", "应答不是 chat completion") from None
        text = _without_marks(_without_thoughts(text)) if isinstance(text, str) else ""
        text = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
        if not text:
            raise self._failed("its answer is empty", "应答为空")
        if len(text) > PROMPT_LIMIT:
            raise self._failed(f"its prompt is longer than {PROMPT_LIMIT} characters",
                               f"改写后的描述超过 {PROMPT_LIMIT} 个字符")  # fmt: skip
        return text

    def _said(self, body: bytes) -> str:
        """A refusal's own words, in brackets, without the key."""
        try:
            error = json.loads(body)["error"]
            text = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, RecursionError, LookupError, TypeError):
            return ""
        hidden = text.replace(self._key, "***") if self._key else text
        return f" ({_shown(hidden)})"

    def _failed(self, reason: str, reason_zh: str) -> RewriteFailed:
        return RewriteFailed(host=self.host, reason=reason, reason_zh=reason_zh)


def _without_thoughts(text: str) -> str:
    """What follows the last thought; nothing where one has not ended."""
    said = text.rpartition(_ENDS)[2]
    return "" if _BEGINS in said else said


def _without_marks(text: str) -> str:
    """Without the marks that stand around all of it, and not within."""
    text = text.strip()
    for begin, end in _MARKS:
        inner = text[len(begin) : -len(end)]
        around = len(text) >= len(begin + end) and text.startswith(begin) and text.endswith(end)
        if around and begin not in inner and end not in inner:
            text = inner.strip()
    return text


def _is_here(url: str) -> bool:
    """Whether this computer is meant: no proxy has a word in that."""
    name = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:SHOWN])
