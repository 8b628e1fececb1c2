"""A real browser before a real server, and what it must not do there: speak to anybody else, or complain."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
"""What a story waits for anything before it says that it does not come."""
WIDE, PHONE = (1440, 900), (390, 844)
REFUSED = "Failed to load resource: the server responded with a status of "
"""How Chromium words an answer of 400 and above, which a story may have asked for."""


def chromium() -> str:
    """The browser's path; skips the test where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    return path


def ordinary() -> None:
    """Give a real-time priority back, should a machine have lent one: a browser and its driver, who inherit
    it, would let nobody else run on two cores."""
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(0) != os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Started and ended within one file of tests: its event loop would be in the way of others."""
    path = chromium()
    ordinary()
    # What is set for other programs here is not for a browser that speaks to 127.0.0.1 alone.
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=FLAGS, env=dict(environ))
        try:
            yield made
        finally:
            made.close()


@dataclass
class Watched:
    """A page, and what it did that nobody wanted."""

    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    """The address of every request."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", self._sent)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)

    def _sent(self, request: Request) -> None:
        self.sent.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.foreign.append(request.url)

    @cached_property
    def words(self) -> dict[str, str]:
        """What the page says in its language, by key: stories name keys, so that words may get better."""
        self.page.locator("#top nav").wait_for(state="attached")  # from then on it knows its language
        language = str(self.page.evaluate("document.documentElement.lang"))
        script = "async name => (await import(`/assets/words/${name}.js`)).default"
        found: dict[str, str] = self.page.evaluate(script, language)
        return found

    def check(self) -> None:
        assert self.foreign == [], f"the page spoke to others: {self.foreign}"
        assert self.complaints == [], f"the page complained: {self.complaints}"


@contextlib.contextmanager
def opened(
    made: Browser, url: str, language: str = "en-US", size: tuple[int, int] = WIDE, scheme: str = "light",
    *, strict: bool = True, reduced: bool = False,
) -> Iterator[Watched]:  # fmt: skip
    """The page as somebody with this language, screen and taste meets it; judged at the end."""
    width, height = size
    context = made.new_context(
        locale=language, viewport={"width": width, "height": height}, color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce" if reduced else "no-preference", has_touch=size == PHONE,
        is_mobile=size == PHONE,
    )  # fmt: skip
    try:
        watched = Watched(context.new_page(), urlsplit(url).netloc)
        watched.page.goto(url)
        yield watched
        if strict:
            watched.check()
    finally:
        context.close()
