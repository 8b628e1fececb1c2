"""What people do on the page, for the stories that tests tell; and what it shows, asked in its own words."""

from __future__ import annotations

import base64
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Request, expect

from browsing import PATIENCE_MS, PHONE, WIDE, Watched
from live import Live

PLAYS = (
    "() => [...document.querySelectorAll('video')].some(v => v.readyState >= 2 && v.videoWidth && !v.error)"
)
ALL_PLAY = """n => {
  const all = [...document.querySelectorAll('dialog video')];
  const plays = v => v.readyState >= 2 && v.videoWidth && !v.error && v.currentTime > 0;
  return all.length === n && all.every(plays);
}"""
DROPPED = """([content, name, type]) => {
  const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, {type}));
  return carried;
}"""
Taste = dict[str, Any]
"""Language, screen and scheme, as `visit` takes them."""
WIDE_LIGHT: Taste = {"language": "en-US", "size": WIDE, "scheme": "light"}
PHONE_DARK: Taste = {"language": "zh-CN", "size": PHONE, "scheme": "dark"}
TASTES = [pytest.param(WIDE_LIGHT, id="en wide light"), pytest.param(PHONE_DARK, id="zh phone dark")]
expect.set_options(timeout=PATIENCE_MS)


# --- What people do


def give(watched: Watched, file: Path) -> None:
    """Choose a file, as with the button."""
    with watched.page.expect_file_chooser() as chooser:
        press(watched, "create.pick")
    chooser.value.set_files(file)


def drop(watched: Watched, name: str, content: bytes, kind: str = "video/mp4") -> None:
    """Let a file go over the page."""
    packed = base64.b64encode(content).decode()
    carried = watched.page.evaluate_handle(DROPPED, [packed, name, kind])
    for event in ("dragenter", "dragover", "drop"):
        watched.page.dispatch_event("main", event, {"dataTransfer": carried})


def press(watched: Watched, key: str) -> None:
    """The one button that bears these words."""
    watched.page.get_by_role("button", name=watched.words[key], exact=True).click()


def prompt(watched: Watched) -> Locator:
    return watched.page.get_by_label(watched.words["create.prompt"], exact=True)


def generate(watched: Watched) -> None:
    press(watched, "create.generate")


def running(watched: Watched) -> Locator:
    """What is there while a video is made."""
    return watched.page.get_by_text(watched.words["run.stays"])


# --- What the page shows, and asks


def setting(watched: Watched, name: str) -> Locator:
    """A field of the settings, which are unfolded for it."""
    fold = watched.page.locator("details.fold:not(.others)")
    if fold.get_attribute("open") is None:
        fold.locator("> summary").click()
    return watched.page.locator(f"#set-{name}")


def said(watched: Watched, key: str, **facts: object) -> str:
    """A text with its facts: `said(watched, "done.seed", seed=7)`."""
    return re.sub(r"\{(\w+)\}", lambda found: str(facts[found[1]]), watched.words[key])


def on_stage(watched: Watched) -> str:
    """The id of the video that the address names."""
    return watched.page.url.rpartition("/#/v/")[2]


def arrived(watched: Watched, before: str = "") -> str:
    """Wait until the stage is for another video; its id."""
    watched.page.wait_for_url(lambda url: url.rpartition("/#/v/")[2] not in (before, url))
    return on_stage(watched)


@contextmanager
def listened(watched: Watched, path: str, method: str = "POST") -> Iterator[list[Request]]:
    """The requests of one kind while this lasts."""
    heard: list[Request] = []

    def hear(request: Request) -> None:
        if request.method == method and request.url.partition("?")[0].endswith(path):
            heard.append(request)

    watched.page.on("request", hear)
    try:
        yield heard
    finally:
        watched.page.remove_listener("request", hear)


# --- What is there beforehand


def made(live: Live, prompt: str = "pan left", **fields: Any) -> str:
    """A finished video of a small picture; its id."""
    job = live.settled(live.create(prompt, **fields).raise_for_status().json()["id"])
    assert job["state"] == "completed", job
    return str(job["id"])


@contextmanager
def held_up(live: Live) -> Iterator[None]:
    """While this lasts the worker does nothing."""
    workers = live.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
