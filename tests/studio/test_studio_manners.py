"""What the page weighs, whom it speaks to, and whether everybody can use it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page

from browsing import PHONE, WIDE, Watched, opened
from live import Live

PAGE = Path(__file__).parents[2] / "src/unstill/apps/studio/page"

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from conftest import Visit  # type: ignore[attr-defined]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LIGHTEST = 250_000
"""Bytes of a first visit: page, pictures and answers."""
HEAVIEST_PICTURES = 60_000
PICTURES = (".jpg", ".png", ".webp")
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
    there = {"#/": ".estimate", "#/library": ".tile img", "#/system": "details.fine", f"#/v/{video}": "video"}
    for path, part in there.items():
        watched.page.goto(f"http://{watched.host}/{path}")
        watched.page.locator(part).first.wait_for()
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


def test_the_server_is_read_in_the_persons_script(visit: Visit, served: Live) -> None:
    """It writes one kind of Chinese; the page shows it in the other to who reads that, and leaves alone what
    people wrote themselves."""
    table = (PAGE / "words/traditional.js").read_text("utf-8")
    simplified = set(re.findall(r'const from = "([^"]+)"', table)[0])
    wish = "云飘动，镜头缓缓推近"
    served.settled(served.create(wish).json()["id"])
    watched = visit("/#/system", language="zh-TW")
    watched.page.locator("details.fine summary").click()
    watched.page.get_by_text("顯示卡").first.wait_for()
    assert simplified & set(watched.page.inner_text("main")) == set()
    watched.page.goto(f"{served.url}/#/library")
    watched.page.get_by_text(wish).first.wait_for()


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


@pytest.mark.parametrize("language", ["en-US", "zh-CN", "zh-TW"])
def test_what_it_weighs(
    made: Browser, served: Live, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    """A first visit, all that travels for it: under 250 KB, nothing twice, from this server alone."""
    with opened(made, "about:blank", language) as watched:
        watched.host = urlsplit(served.url).netloc
        weights = weighed(watched.page)
        watched.page.goto(served.url)
        settled(watched.page)
        paint = json.loads(watched.page.evaluate("JSON.stringify(performance.getEntriesByType('paint'))"))
    total, files = sum(weights.values()), [url for url in watched.sent if url.endswith(".js")]
    pictures = sum(size for url, size in weights.items() if url.endswith(PICTURES))
    first = {entry["name"]: round(entry["startTime"]) for entry in paint}
    with capsys.disabled():
        print(
            f"\nthe studio, {language}: {total / 1000:.1f} KB, of these {pictures / 1000:.1f} KB of pictures,"
        )
        print(f"{len(weights)} requests; first paint after {first.get('first-contentful-paint')} ms")
    assert len(weights) > 40
    assert 10_000 < pictures < HEAVIEST_PICTURES
    assert total < LIGHTEST
    assert len(files) == len(set(files))
    assert first


def weighed(page: Page) -> dict[str, int]:
    """Bytes that travel for each address from now on, heads of the answers included; it fills as they end."""
    session, urls = page.context.new_cdp_session(page), dict[str, str]()
    weights: dict[str, int] = {}

    def end(event: dict[str, Any]) -> None:
        url = urls[event["requestId"]]
        weights[url] = weights.get(url, 0) + int(event["encodedDataLength"])

    session.on(
        "Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]})
    )
    session.on("Network.loadingFinished", end)
    session.send("Network.enable")
    return weights


def test_a_video_on_its_way_has_no_heavy_poster(visit: Visit, served: Live) -> None:
    """The library shows what has no thumbnail without fetching the picture it is made from."""
    stopped = served.create("wait").raise_for_status().json()["id"]
    with served.client() as client:
        client.post(f"/v1/videos/{stopped}/cancel").raise_for_status()
    served.settled(stopped)
    watched = visit("/#/library")
    tile = watched.page.locator(f"[data-id={stopped}]")
    tile.wait_for()
    settled(watched.page)
    assert tile.locator("img").count() == 1
    assert not [url for url in watched.sent if url.endswith("/input")]


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
