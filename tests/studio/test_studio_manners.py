"""What the page weighs, whom it speaks to, and whether everybody can use it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page, Response

from browsing import PHONE, WIDE, Watched, opened
from live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from conftest import Visit  # type: ignore[attr-defined]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LIGHTEST = 250_000
"""Bytes of the page: everything it loads but the example pictures."""
PICTURES = (".jpg", ".png", ".webp")
DATA = ("fetch", "xhr", "eventsource")
"""Requests that are not for the page itself."""
MINOR = (None, "minor")
RUN_AXE = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("axe-core is not there: npm ci")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def video(served: Live) -> str:
    """One finished video, so that no page is empty."""
    made = served.create("pan left <b>fast</b>").raise_for_status().json()["id"]
    assert served.settled(made)["state"] == "completed"
    return str(made)


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("() => Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})))")


def faults(page: Page, axe: str) -> list[str]:
    """What axe-core finds above minor, each with its elements."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(RUN_AXE)
    return [
        f"{one['impact']} {one['id']}: {one['help']}\n   "
        + "\n   ".join(node["html"][:200] for node in one["nodes"])
        for one in found
        if one["impact"] not in MINOR
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("language", "size"), [("en-US", WIDE), ("zh-CN", PHONE)], ids=["en wide", "zh phone"]
)
def test_axe_finds_nothing(
    visit: Visit, video: str, axe: str, language: str, size: tuple[int, int], scheme: str
) -> None:
    """On every page: labels, contrast, roles, landmarks; nothing above minor."""
    watched = visit("/", language=language, size=size, scheme=scheme, reduced=True)
    for path in ("#/", "#/library", "#/system", f"#/v/{video}"):
        watched.page.goto(f"http://{watched.host}/{path}")
        settled(watched.page)
        assert faults(watched.page, axe) == [], path


@pytest.mark.parametrize(
    ("locale", "language"), [("en-GB", "en"), ("zh-CN", "zh-CN"), ("zh-TW", "zh-TW"), ("de-DE", "en")]
)
def test_it_speaks_the_browsers_language(visit: Visit, locale: str, language: str) -> None:
    """And says so, for those who read aloud; English where it does not know another."""
    watched = visit(language=locale)
    button = watched.page.get_by_role("button", name=watched.words["create.generate"], exact=True)
    button.wait_for()
    assert watched.page.evaluate("document.documentElement.lang") == language


@pytest.mark.parametrize("size", [(360, 640), PHONE, (768, 1024), WIDE, (2560, 1440)], ids=str)
def test_nothing_sticks_out(visit: Visit, video: str, size: tuple[int, int]) -> None:
    """From small phones to wide screens no page scrolls sideways."""
    watched = visit("/", language="zh-CN", size=size)
    for path in ("#/", "#/library", "#/system", f"#/v/{video}"):
        watched.page.goto(f"http://{watched.host}/{path}")
        settled(watched.page)
        wide = watched.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], path


def test_the_scheme_is_the_systems(visit: Visit) -> None:
    """Dark on light where that is wished, light on dark where that is."""
    bright = {}
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme).page
        settled(page)
        corner = Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": 300, "width": 4, "height": 4})))
        bright[scheme] = ImageStat.Stat(corner.convert("L")).mean[0]
    assert bright["light"] > 200
    assert bright["dark"] < 60


def test_what_it_weighs(made: Browser, served: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """Under 250 KB, from this server alone; how soon it paints is printed."""
    with opened(made, "about:blank") as watched:
        watched.host = urlsplit(served.url).netloc
        answers: list[Response] = []
        watched.page.on("response", lambda answer: answers.append(answer))
        watched.page.goto(served.url)
        settled(watched.page)
        weights = {
            urlsplit(answer.url).path: len(answer.body())
            for answer in answers
            if answer.request.resource_type not in DATA
        }
        paint = json.loads(watched.page.evaluate("JSON.stringify(performance.getEntriesByType('paint'))"))
    pictures = sum(size for path, size in weights.items() if path.endswith(PICTURES))
    page = sum(weights.values()) - pictures
    first = {entry["name"]: round(entry["startTime"]) for entry in paint}
    with capsys.disabled():
        print(f"\nthe studio: {page / 1000:.1f} KB, and {pictures / 1000:.1f} KB of example pictures, in")
        print(f"{len(weights)} files; first paint after {first.get('first-contentful-paint')} ms")
    assert "/" in weights
    assert page < LIGHTEST
    assert first


def test_hostile_words_are_text(visit: Visit, served: Live) -> None:
    """A prompt is shown as it was written, wherever it is shown; nothing in it becomes part of the page."""
    hostile = '<img src=x onerror="document.title=1">"\'><script>document.title=2</script>'
    made = served.create(hostile).raise_for_status().json()["id"]
    served.settled(made)
    watched: Watched = visit("/#/library")
    for path in ("#/library", f"#/v/{made}"):
        watched.page.goto(f"http://{watched.host}/{path}")
        settled(watched.page)
        watched.page.wait_for_function(  # or time out; a view that is there already asks the network late
            "text => document.body.innerText.includes(text) || [...document.querySelectorAll('textarea')]"
            ".some(one => one.value.includes(text))",
            arg=hostile[:20],
        )
        assert watched.page.locator("img[src=x]").count() == 0
        assert watched.page.title() not in ("1", "2")
