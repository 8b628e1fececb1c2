"""What strangers did to the page: odd addresses, storage that somebody else wrote, parts that do not come,
and changing one's mind."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from browsing import Watched, opened
from live import Live
from telling import PLAYS, drop, give, held_up, made, press, prompt, said

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

NO_ANSWER = re.compile(r".*/(v1|healthz).*")


def away(page: Page) -> None:
    """From now on the server does not answer."""
    page.route(NO_ANSWER, lambda route: route.abort())


def back(page: Page) -> None:
    page.unroute(NO_ANSWER)


# --- Words


def test_chips_know_a_chinese_prompt_after_a_reload(visit: Visit) -> None:
    """The models, which say who reads Chinese, come after the first drawing."""
    watched = visit(language="zh-CN")
    page = watched.page
    page.evaluate("""() => localStorage.setItem("unstill.settings", '{"prompt": "左摇，下雪"}')""")
    page.route("**/v1/models", lambda route: (page.wait_for_timeout(600), route.continue_()))
    page.reload()
    left = page.locator('[data-chip="pan_left"]')
    expect(left).to_have_attribute("aria-pressed", "true")
    left.click()
    expect(prompt(watched)).to_have_value("下雪")
    page.locator('[data-chip="push_in"]').click()
    expect(prompt(watched)).to_have_value("下雪，推近")


# --- When parts do not come


def test_rooms_can_be_entered_while_the_server_is_away(made: Browser, served: Live, picture: Path) -> None:
    """Without losing the picture; the page is not loaded again."""
    with opened(made, served.url, strict=False) as watched:
        page = watched.page
        give(watched, picture)
        page.wait_for_load_state("networkidle")
        away(page)
        page.evaluate("() => { window.same = true; location.hash = '#/library'; }")
        expect(page.locator("#notice")).to_be_visible()
        back(page)
        expect(page.locator("#notice")).to_be_hidden()
        page.evaluate("() => { location.hash = '#/'; }")
        expect(page.locator(".stage .picture")).to_be_visible()
        assert page.evaluate("() => window.same") is True


def test_a_video_opened_while_the_server_is_away_comes_when_it_is_back(made: Browser, served: Live) -> None:
    done = finished(served)
    with opened(made, served.url, strict=False) as watched:
        page = watched.page
        page.wait_for_load_state("networkidle")
        away(page)
        page.evaluate("id => { location.hash = `#/v/${id}`; }", done)
        expect(page.locator(".under").get_by_role("alert")).to_be_visible()
        back(page)
        page.wait_for_function(PLAYS)


@pytest.mark.parametrize("storage", [True, False], ids=["storage", "no storage"])
def test_a_script_that_never_comes_is_said(made: Browser, served: Live, *, storage: bool) -> None:
    """In words and with a way out, also where nothing can be remembered."""
    with opened(made, "about:blank", strict=False) as watched:
        page = watched.page
        page.route("**/js/api.js", lambda route: route.abort())
        if storage:
            page.context.add_init_script("sessionStorage.setItem('unstill.again', '3')")
        else:
            page.context.add_init_script(
                "for (const name of ['localStorage', 'sessionStorage'])"
                "Object.defineProperty(window, name, {get() { throw new DOMException('no'); }});"
            )
        page.goto(served.url)
        expect(page.get_by_role("heading", name="This page did not load.")).to_be_visible()
        page.unroute("**/js/api.js")
        page.get_by_role("button", name="Load again").click()
        expect(page.locator("textarea#prompt")).to_be_visible()


@pytest.mark.parametrize("path", ["#/v/..", "#/v/.", "#/v/%2e%2e%2f", "#/compare/../."])
def test_odd_addresses_are_those_of_no_video(visit: Visit, path: str) -> None:
    """They reach nothing beside the videos."""
    watched = visit(f"/{path}")
    expect(watched.page.get_by_role("alert")).to_have_text(watched.words["done.not_found"])
    asked = [url for url in watched.sent if "/v1/" in url and "/v1/videos/" not in url]
    assert not [url for url in asked if url.rstrip("/").endswith("/v1")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("settings", "5"), ("settings", '"abc"'), ("settings", "[1]"), ("settings", '{"prompt": 7}'),
     ("language", '"toString"'), ("language", '"__proto__"'), ("language", "{}"), ("theme", "[]"),
     ("folded", "null"), ("settings", json.dumps({"prompt": "x" * 2_000_000}))],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_storage_that_somebody_else_wrote(visit: Visit, name: str, value: str) -> None:
    """The page is there, and has an estimate."""
    watched = visit()
    watched.page.evaluate("([name, value]) => localStorage.setItem(`unstill.${name}`, value)", [name, value])
    watched.page.reload()
    expect(watched.page.locator(".estimate")).to_contain_text(re.compile(r"\d+ × \d+"))


# --- Changing one's mind


def finished(served: Live) -> str:
    return made(served, "pan left")


def test_a_video_in_the_making_is_deleted_and_taken_back(visit: Visit, served: Live) -> None:
    """It goes on meanwhile, for what is stopped cannot be taken back; without the undo it is stopped."""
    with held_up(served):
        kept, gone = (str(served.create(f"drift {n}").json()["id"]) for n in (1, 2))
        watched = visit("/#/library")
        delete(watched, "drift 1")
        press(watched, "app.undo")
        assert served.get(kept)["state"] in ("queued", "in_progress")
        delete(watched, "drift 2")
        assert served.get(gone)["state"] in ("queued", "in_progress")
        watched.page.goto("about:blank")  # the way back is closed with the page
    assert served.settled(kept)["state"] == "completed"
    assert gone not in {job["id"] for job in served.all()}


def delete(watched: Watched, name: str) -> None:
    page = watched.page
    page.get_by_role("button", name=said(watched, "library.more_name", name=name), exact=True).click()
    page.get_by_role("menuitem", name=watched.words["library.delete"], exact=True).click()
    expect(page.get_by_text(said(watched, "library.deleted", name=name)).first).to_be_visible()


def test_a_wrong_length_loses_no_words(visit: Visit, served: Live) -> None:
    """The dialog that asks how to go on stays, with what was typed in it."""
    watched = visit(f"/#/v/{finished(served)}")
    page = watched.page
    press(watched, "done.extend")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(watched.words["done.extend_what"]).fill("then look up at the sky")
    seconds = dialog.get_by_label(watched.words["done.extend_seconds"])
    for wrong in ("", "0", "-3", "9999"):
        seconds.fill(wrong)
        dialog.get_by_role("button", name=watched.words["create.generate"], exact=True).click()
        expect(dialog.get_by_label(watched.words["done.extend_what"])).to_have_value(
            "then look up at the sky"
        )
        assert seconds.evaluate("one => !one.checkValidity()")
    page.route("**/v1/videos/extensions", lambda route: route.fulfill(
        status=409, json={"error": {"message": "Not now", "hint": "Later", "code": "odd"}}
    ))  # fmt: skip
    seconds.fill("1")
    dialog.get_by_role("button", name=watched.words["create.generate"], exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("Not now Later")


def test_a_saved_video_is_called_what_it_shows(visit: Visit, served: Live) -> None:
    """Not by its number: in any script, and without what file systems choke on."""
    done = made(served, "云飘动, push/in: <slowly>\u202e?")
    watched = visit(f"/#/v/{done}")
    with watched.page.expect_download() as saved:
        watched.page.get_by_role("link", name=watched.words["done.download"]).click()
    assert saved.value.suggested_filename == f"云飘动-push-in-slowly-{done[-6:]}.mp4"


def test_a_new_key_is_not_closed_by_chance(visit: Visit) -> None:
    """It is shown this once; only its own button closes it."""
    watched = visit("/#/system")
    page = watched.page
    page.get_by_label(watched.words["keys.name"]).fill("laptop")
    press(watched, "keys.create")
    secret = page.get_by_role("dialog").get_by_label(watched.words["keys.secret"])
    expect(secret).to_have_value(re.compile("^uns_"))
    for _ in range(3):
        page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    expect(secret).to_be_visible()
    press(watched, "keys.kept")
    expect(page.get_by_role("dialog")).to_have_count(0)


# --- Pictures and videos that are not for here


@pytest.mark.parametrize(
    ("size", "key"), [((8200, 40), "create.too_large"), ((7000, 7000), "create.too_large"),
                      ((12, 300), "create.too_small")],
)  # fmt: skip
def test_a_picture_of_an_impossible_size(visit: Visit, size: tuple[int, int], key: str) -> None:
    """It is said before anything is sent, stays to be read, and goes when a good one comes."""
    watched = visit()
    packed = io.BytesIO()
    Image.new("RGB", size).save(packed, "PNG")
    drop(watched, "sky.png", packed.getvalue(), "image/png")
    told = watched.page.get_by_role("alert").filter(has_text="sky.png")
    width, height = size
    facts = {"name": "sky.png", "width": width, "height": height, "low": 16, "high": 8192, "most": 40}
    expect(told).to_contain_text(said(watched, key, **facts))
    packed = io.BytesIO()
    Image.new("RGB", (64, 64)).save(packed, "PNG")
    drop(watched, "good.png", packed.getvalue(), "image/png")
    expect(told).to_have_count(0)


@pytest.mark.parametrize(
    ("settings", "key"),
    [({"model": "none-such", "request": {"model": "none-such", "prompt": "drift"}}, "create.model_unknown"),
     ({"request": {"prompt": "drift"}, "unusable": ["request.seed"]}, "create.settings_damaged"),
     ({"request": {}, "prompt_left_out": True}, "create.prompt_left_out")],
    ids=["model", "damaged", "left out"],
)  # fmt: skip
def test_what_cannot_come_back_of_a_video_is_said(
    visit: Visit, settings: dict[str, object], key: str
) -> None:
    """And nothing that is no setting is kept."""
    watched = visit()
    page = watched.page

    def answer(route: Route) -> None:
        request = {**settings["request"], "input_reference": "/etc/passwd", "__proto__x": 1}  # type: ignore[dict-item]
        route.fulfill(json={"object": "video.settings", "settings": {**settings, "request": request}})

    page.route("**/v1/videos/inspect", answer)
    drop(watched, "old.mp4", b"not read here")
    expect(page.get_by_text(said(watched, key, model="none-such"))).to_be_visible()
    kept = json.loads(page.evaluate("() => localStorage.getItem('unstill.settings')"))
    assert set(kept) <= {"prompt"}
