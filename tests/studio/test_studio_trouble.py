"""When it is not easy: a full queue, a slow line, an answer that is lost, and no mouse."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from browsing import Watched
from live import PATIENCE_S, PHOTO, Live
from telling import (
    PHONE_DARK,
    PLAYS,
    TASTES,
    WIDE_LIGHT,
    Taste,
    arrived,
    generate,
    give,
    held_up,
    listened,
    prompt,
    running,
)

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

WISH = "pan left, 1 second"
SLOW = {"offline": False, "latency": 100, "downloadThroughput": -1, "uploadThroughput": 6000}
"""A line on which a small picture takes some seconds: throughputs in bytes a second."""
FOCUSED = "element => document.activeElement === element && element.matches(':focus-visible')"
IS_PAUSED = "paused => document.querySelector('.player video').paused === paused"
MOST_TABS = 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, engines: str) -> Iterator[Live]:
    """A server where one video may wait, and no more."""
    settings = {"UNSTILL_QUEUE_LIMIT": "1", "UNSTILL_STAGE_S": "300", "UNSTILL_LEASE_S": "60"}
    with Live(tmp_path_factory.mktemp("narrow") / "data", engines, **settings) as live:
        yield live.start()


def refusal(live: Live, language: str) -> str:
    """What the server says to one more video, in a language."""
    with live.client(headers={"Accept-Language": language}) as client:
        files = {"input_reference": ("a.png", PHOTO, "image/png")}
        error = client.post("/v1/videos", data={"prompt": "pan left"}, files=files).json()["error"]
    assert error["code"] == "queue_full", error
    return str(error["message"])


@contextmanager
def full(live: Live) -> Iterator[None]:
    """While this lasts there is no room; at its end there is."""
    first = live.create("wait", num_frames=40).raise_for_status().json()["id"]
    until(live, first, "in_progress")
    with held_up(live):
        second = live.create("hold").raise_for_status().json()["id"]
        yield
    live.settled(first)
    live.settled(second)


def until(live: Live, video: str, state: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while (job := live.get(video))["state"] != state:
        assert time.monotonic() < end, f"it never was {state}: {job}"


# --- No room


@pytest.mark.parametrize(
    ("taste", "by_itself"), [(WIDE_LIGHT, False), (PHONE_DARK, True)], ids=["en asked again", "zh by itself"]
)
def test_a_full_queue(served: Live, visit: Visit, picture: Path, taste: Taste, by_itself: bool) -> None:
    """It is said in the language of the page, nothing is lost, and there is a video once there is room: of
    what the form says by then."""
    watched, before = visit(**taste), len(served.all())
    page = watched.page
    page.clock.install()
    give(watched, picture)
    prompt(watched).fill(WISH)
    still = page.locator(".stage .picture")
    shown = str(still.get_attribute("src"))
    with full(served):
        generate(watched)
        trouble = page.get_by_role("alert").filter(has_text=refusal(served, str(taste["language"])))
        expect(trouble).to_contain_text(watched.words["error.by_itself"])
        stop_the_clock(page)
        expect(prompt(watched)).to_have_value(WISH)
        expect(still).to_have_attribute("src", shown)
    wish = WISH
    if by_itself:
        wish = "pan right, 1 second"
        prompt(watched).fill(wish)
        page.clock.fast_forward("01:00")
    else:
        trouble.get_by_role("button", name=watched.words["error.again"], exact=True).click()
    page.clock.resume()
    arrived(watched)
    expect(trouble).to_have_count(0)
    page.wait_for_function(PLAYS)
    assert [job["prompt"] for job in served.all()[before:]] == ["wait", "hold", wish]


def stop_the_clock(page: Page) -> None:
    """So that nothing is asked again before one looks."""
    page.clock.pause_at(page.evaluate("() => Date.now() + 100") / 1000)


# --- A bad line


@pytest.mark.parametrize("taste", TASTES)
def test_a_slow_line(served: Live, visit: Visit, picture: Path, taste: Taste) -> None:
    """One sees that it is being sent; pressing again, whichever way, makes no second video."""
    watched, before = visit(**taste), len(served.all())
    page = watched.page
    give(watched, picture)
    prompt(watched).fill(WISH)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    with listened(watched, "/v1/videos") as sent:
        generate(watched)
        sending = page.get_by_role(
            "button", name=re.compile("^" + re.escape(watched.words["create.sending"]))
        )
        expect(sending).to_be_disabled()
        sending.click(force=True)
        prompt(watched).press("Control+Enter")
        expect(sending).to_be_visible()
        video = arrived(watched)
        line.send("Network.emulateNetworkConditions", {**SLOW, "latency": 0, "uploadThroughput": -1})
        page.wait_for_function(PLAYS)
    assert [job["id"] for job in served.all()[before:]] == [video]
    assert len(sent) == 1


def test_sending_can_be_stopped(served: Live, visit: Visit, tmp_path: Path) -> None:
    """One sees how far it is. Stopped in the middle, nothing is made or said to be wrong; the form is as it
    was."""
    watched, before = visit(), len(served.all())
    page = watched.page
    heavy = tmp_path / "heavy.png"
    Image.effect_noise((1400, 1000), 90).save(heavy)
    give(watched, heavy)
    prompt(watched).fill(WISH)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {**SLOW, "uploadThroughput": 60_000})
    generate(watched)
    expect(page.locator(".generate")).to_contain_text("%")
    halt = page.locator(".go").get_by_role("button", name=watched.words["app.cancel"], exact=True)
    halt.click()
    go = page.get_by_role("button", name=watched.words["create.generate"], exact=True)
    expect(go).to_be_enabled()
    expect(halt).to_be_hidden()
    expect(prompt(watched)).to_have_value(WISH)
    expect(page.get_by_role("alert")).to_have_count(0)
    line.send("Network.emulateNetworkConditions", {**SLOW, "latency": 0, "uploadThroughput": -1})
    go.click()
    video = arrived(watched)
    assert [job["id"] for job in served.all()[before:]] == [video]


def test_an_answer_that_is_lost(served: Live, visit: Visit, picture: Path) -> None:
    """The line breaks when all is sent and made: asked again by itself, it is one video."""
    watched, before = visit(), len(served.all())
    page = watched.page
    give(watched, picture)
    prompt(watched).fill(WISH)
    line = page.context.new_cdp_session(page)
    answers: list[int] = []

    def answered(paused: dict[str, Any]) -> None:
        answers.append(paused["responseStatusCode"])
        which = {"requestId": paused["requestId"]}
        if len(answers) == 1:
            line.send("Fetch.failRequest", {**which, "errorReason": "ConnectionReset"})
        else:
            line.send("Fetch.continueRequest", which)

    line.on("Fetch.requestPaused", answered)
    line.send("Fetch.enable", {"patterns": [{"urlPattern": "*/v1/videos", "requestStage": "Response"}]})
    with listened(watched, "/v1/videos") as sent:
        generate(watched)
        expect(page.get_by_text(watched.words["error.offline"], exact=True)).to_be_visible()
        expect(prompt(watched)).to_have_value(WISH)
        video = arrived(watched)
    page.wait_for_function(PLAYS)
    assert [job["id"] for job in served.all()[before:]] == [video]
    assert len(answers) == len(sent) == 2
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    watched.complaints = [said for said in watched.complaints if "net::ERR_" not in said]  # Chromium's own


# --- Without a mouse


def go_to(watched: Watched, target: Locator) -> None:
    """Press Tab until it has the focus, and shows it."""
    for _ in range(MOST_TABS):
        if target.evaluate(FOCUSED):
            return
        watched.page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {target}")


def test_keys_alone(served: Live, visit: Visit) -> None:
    """The list of keys, an example, a sentence, a video, a pause, a dialog and out of it."""
    served.settled(served.create("hold").raise_for_status().json()["id"])
    watched, before = visit(), len(served.all())
    page, words, keys = watched.page, watched.words, watched.page.keyboard
    dialog = page.get_by_role("dialog")
    page.locator("button.example").first.wait_for()
    keys.press("?")
    expect(dialog).to_contain_text(words["app.key_generate"])
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    go_to(watched, page.get_by_role("button", name=words["create.example_coffee"]))
    keys.press("Enter")
    expect(prompt(watched)).to_have_value(words["create.example_coffee_prompt"])
    expect(prompt(watched)).to_be_focused()
    keys.press("Control+A")
    keys.type(WISH)
    keys.press("Control+Enter")
    expect(running(watched)).to_be_visible()
    expect(page.locator(".running .headline")).to_be_focused()
    page.wait_for_function(PLAYS)
    (job,) = served.all()[before:]
    assert served.settled(job["id"])["prompt"] == WISH
    expect(page.locator(".done .headline")).to_be_focused()
    page.wait_for_function(IS_PAUSED, arg=False)
    keys.press("Space")
    page.wait_for_function(IS_PAUSED, arg=True)
    further = page.get_by_role("button", name=words["done.extend"], exact=True)
    go_to(watched, further)
    keys.press("Enter")
    expect(dialog.get_by_label(words["done.extend_what"])).to_be_focused()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(further).to_be_focused()
    keys.press("j")
    assert arrived(watched, job["id"]) == served.all()[before - 1]["id"]
    keys.press("k")
    assert arrived(watched, served.all()[before - 1]["id"]) == job["id"]
