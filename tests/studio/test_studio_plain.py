"""What is plain to see: in colours of one's own, much enlarged, without a server, without words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from browsing import WIDE
from live import Live

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

BARE = """() => [...document.querySelectorAll("button, .input, textarea, .pick-model")]
  .filter((one) => one.checkVisibility() && !one.matches(".link, .example"))
  .filter((one) => ["none", "0px"].includes(getComputedStyle(one).borderTopStyle)
    || getComputedStyle(one).borderTopWidth === "0px").map((one) => one.outerHTML.slice(0, 80))"""
CUT = """() => [...document.querySelectorAll(".estimate span")].filter((one) => {
  const [own, room] = [one.getBoundingClientRect(), one.closest(".estimate").getBoundingClientRect()];
  return own.width && (own.left < room.left - 1 || own.right > room.right + 1 || own.bottom > innerHeight);
}).map((one) => one.textContent)"""
BLANK = "\u200b\u2060 \u3164"


def counted(visit: Visit, script: str, language: str = "en") -> Any:
    """What a script makes of the page's module `i18n`: ago, moment, size, t."""
    page = visit(language=language).page
    page.locator("#top nav").wait_for()
    return page.evaluate(
        f"async () => {{ const i18n = await import('/assets/js/i18n.js'); return {script} }}"
    )


def test_in_forced_colours_controls_have_edges(visit: Visit) -> None:
    """And what is pressed is seen."""
    page = visit("/", size=WIDE).page
    page.emulate_media(forced_colors="active")
    page.locator(".fold > summary").first.click()
    page.locator('[data-chip="orbit"]').click()
    expect(page.locator('[data-chip="orbit"]')).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(BARE) == []
    ground = "one => getComputedStyle(one).backgroundColor"
    pressed, other = (
        page.locator(f'[data-chip="{name}"]').evaluate(ground) for name in ("orbit", "pan_left")
    )
    assert pressed != other


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
@pytest.mark.parametrize("width", [320, 390])
def test_the_estimate_is_whole_on_a_small_screen(visit: Visit, language: str, width: int) -> None:
    """It takes a second line rather than end within a word."""
    watched = visit("/", language=language, size=(width, 640))
    watched.page.locator(".estimate").wait_for()  # it knows its language
    expect(watched.page.locator(".estimate")).to_contain_text(watched.words["plan.fits"])
    assert watched.page.evaluate(CUT) == []


def test_sizes_are_those_of_the_limits(visit: Visit) -> None:
    """The limit of 20 MiB is one number wherever it is said."""
    watched = visit()
    expect(watched.page.locator(".invite")).to_contain_text("20 MB")
    said = "[20 * 2 ** 20, 21.5 * 2 ** 20, 12 * 2 ** 30, 1010 * 2 ** 10].map(i18n.size)"
    assert counted(visit, said) == ["20 MB", "21.5 MB", "12 GB", "1 MB"]


def test_a_wrong_clock_makes_a_date(visit: Visit) -> None:
    """What is still to come was not a while ago."""
    later, earlier = "Date.now() / 1000 + 400 * 86400", "Date.now() / 1000 - 190"
    shown = (
        f"[i18n.ago({later}) === i18n.moment({later}), i18n.ago({earlier}), i18n.ago(Date.now() / 1000 + 20)]"
    )
    assert counted(visit, shown) == [True, "3 minutes ago", "this minute"]


def test_spaces_stand_between_scripts(visit: Visit) -> None:
    """Not between Chinese and Chinese."""
    shown = '["I2VGen-XL", "镜头运动"].map((model) => i18n.t("plan.use_model", { model }))'
    assert counted(visit, shown, "zh-CN") == ["改用 I2VGen-XL", "改用镜头运动"]


def test_a_description_nobody_can_see_is_none(visit: Visit, served: Live) -> None:
    """Marks without width give a video no name."""
    video = served.create(BLANK).raise_for_status().json()["id"]
    served.settled(video)
    watched = visit("/#/library")
    tile = watched.page.locator(f".tile[data-id={video}]")
    expect(tile.locator(".caption")).to_contain_text(watched.words["library.no_prompt"])


def test_the_mark_needs_no_server(visit: Visit) -> None:
    """It is drawn; another view's header has it while nothing can be fetched."""
    page = visit().page
    mark = page.get_by_role("img", name="unstill")
    expect(mark).to_be_visible()
    assert page.locator("#top img").count() == 0
    assert mark.locator("path").count() == 2
