"""When the video is there: another take, more of it, its settings, advice, two side by side, the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from browsing import Watched
from live import Live
from telling import (
    ALL_PLAY,
    PHONE_DARK,
    PLAYS,
    TASTES,
    WIDE_LIGHT,
    Taste,
    arrived,
    drop,
    generate,
    listened,
    made,
    press,
    prompt,
    said,
    setting,
)

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

LOADED = "id => document.querySelector(`li.tile[data-id='${id}'] img`).naturalWidth > 0"
LONGER = "than => { const v = document.querySelector('.player video'); return v && v.duration > than; }"


def asked(live: Live, video: str) -> tuple[dict[str, Any], int]:
    """What a video was asked to be, and its seed."""
    request = dict(live.get(video)["request"])
    return request, request.pop("seed")


def content(live: Live, video: str, part: str = "content") -> bytes:
    with live.client() as client:
        return client.get(f"/v1/videos/{video}/{part}").raise_for_status().content


def status(live: Live, video: str, part: str = "") -> int:
    with live.client() as client:
        return client.get(f"/v1/videos/{video}{part}").status_code


def tile(watched: Watched, video: str) -> Locator:
    return watched.page.locator(f'li.tile[data-id="{video}"]')


# --- Another take, and more of it


@pytest.mark.parametrize("taste", TASTES)
def test_again_with_another_seed(served: Live, visit: Visit, taste: Taste) -> None:
    """A second job that differs in its seed alone, and plays."""
    first = made(served, "a cat", model="dream", num_frames=9, size="128x64", guidance_scale=7, seed=5)
    watched = visit(f"/#/v/{first}", **taste)
    watched.page.wait_for_function(PLAYS)
    press(watched, "done.again")
    second = arrived(watched, first)
    served.settled(second)
    expect(watched.page.locator(f'.player video[src*="{second}"]')).to_be_visible()
    watched.page.wait_for_function(PLAYS)
    (request, seed), (again, other) = asked(served, first), asked(served, second)
    assert again == request
    assert other != seed == 5
    assert served.get(second)["input"] == served.get(first)["input"]


def test_going_on_from_the_last_frame(served: Live, visit: Visit) -> None:
    """One asks for a second more, under another sentence; it becomes one longer film."""
    first = made(served, num_frames=8, fps=8)
    watched = visit(f"/#/v/{first}", **PHONE_DARK)
    watched.page.wait_for_function(PLAYS)
    press(watched, "done.extend")
    dialog = watched.page.get_by_role("dialog")
    dialog.get_by_label(watched.words["done.extend_what"]).fill("hold")
    dialog.get_by_label(watched.words["done.extend_seconds"]).fill("1")
    dialog.get_by_role("button", name=watched.words["create.generate"], exact=True).click()
    second = arrived(watched, first)
    job = served.settled(second)
    assert (job["state"], job["extended_from_video_id"], job["prompt"]) == ("completed", first, "hold")
    watched.page.wait_for_function(PLAYS)
    watched.page.wait_for_function(LONGER, arg=1.5)


def test_its_settings_come_back(served: Live, visit: Visit) -> None:
    """Into a form that knew nothing of them; what is made from it is asked for in the same way."""
    first = made(served, "pan right", num_frames=12, fps=6, seed=77, interpolate=2, **{"options[step]": 3})
    watched = visit(f"/#/v/{first}")
    expect(setting(watched, "num_frames")).not_to_have_value("12")
    for name in ("interpolate", "upscale"):
        expect(setting(watched, name)).to_have_value("1")
    press(watched, "done.use")
    expect(setting(watched, "num_frames")).to_have_value("12")
    expect(setting(watched, "fps")).to_have_value("6")
    expect(setting(watched, "seed")).to_have_value("77")
    expect(setting(watched, "interpolate")).to_have_value("2")
    expect(setting(watched, "options-step")).to_have_value("3")
    expect(watched.page.locator("#model-testcard")).to_be_checked()
    expect(prompt(watched)).to_have_value("pan right")
    generate(watched)
    second = arrived(watched, first)
    assert asked(served, second) == asked(served, first)
    assert served.settled(second)["state"] == "completed"


def test_two_side_by_side(served: Live, visit: Visit) -> None:
    """From the stage and from the library; both play, another can be put beside, and Esc ends it."""
    first, second, third = (made(served, words) for words in ("pan left", "hold", "pan right"))
    watched = visit(f"/#/v/{first}", **PHONE_DARK)
    page = watched.page
    press(watched, "done.compare")
    page.wait_for_function(ALL_PLAY, arg=2)
    page.get_by_label(watched.words["done.compare_with"], exact=True).select_option(second)
    expect(page.locator(f'dialog video[src*="{second}"]')).to_be_visible()
    page.wait_for_function(ALL_PLAY, arg=2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{served.url}/#/library")
    for video in (first, third):
        tile(watched, video).hover()
        tile(watched, video).get_by_role("checkbox").check()
    page.get_by_role("link", name=watched.words["done.compare"], exact=True).click()
    page.wait_for_function(ALL_PLAY, arg=2)
    for video in (first, third):
        expect(page.locator(f'dialog video[src*="{video}"]')).to_be_visible()


# --- What to change


@pytest.mark.parametrize("taste", TASTES)
def test_an_advice_says_what_it_changes_and_does(served: Live, visit: Visit, taste: Taste) -> None:
    """Nothing changes while one looks; then the form and the plan do, or a second video is made at once."""
    first = made(served, "pan left", model="motion")
    watched = visit(f"/#/v/{first}", **taste)
    strength = setting(watched, "options-strength")
    expect(strength).to_have_value("1")
    press(watched, "advice.little_motion")
    change = said(
        watched, "advice.change", name=watched.words["settings.strength"], **{"from": "1", "to": "1.5"}
    )
    expect(watched.page.get_by_role("listitem").filter(has_text=change)).to_be_visible()
    expect(strength).to_have_value("1")
    with watched.page.expect_request(lambda request: strength_planned(request) == 1.5):
        press(watched, "advice.only_set")
    expect(strength).to_have_value("1.5")

    fresh = f"**/v1/videos/{first}"  # shown as it was known, and asked for again: what is open stays open
    held: list[Route] = []
    watched.page.route(fresh, lambda route: held.append(route))
    watched.page.goto(f"{served.url}/#/v/{first}")
    press(watched, "advice.little_motion")
    expect(watched.page.get_by_text(change, exact=True)).to_be_visible()
    with watched.page.expect_response(fresh):
        held.pop().continue_()
    press(watched, "advice.apply")
    second = arrived(watched, first)
    (request, seed), (again, same) = asked(served, first), asked(served, second)
    assert (again.pop("options"), same) == ({"strength": 1.5}, seed)
    assert again == {name: value for name, value in request.items() if name != "options"}
    assert served.settled(second)["state"] == "completed"
    expect(strength).to_have_value("1.5")


def strength_planned(request: Request) -> float | None:
    """What a request for a plan asks of the camera; nothing for any other request."""
    if not request.url.endswith("/v1/plans"):
        return None
    options: dict[str, float] = (request.post_data_json or {}).get("options") or {}
    return options.get("strength")


# --- The library


@pytest.mark.parametrize("taste", TASTES)
def test_posters_are_found_again(served: Live, visit: Visit, taste: Taste) -> None:
    """By a word of the description, by state, by model; and where nothing matches there is a way back."""
    harbour = made(served, "pan left, a harbour at dawn")
    dream = made(served, "a fox", model="dream", num_frames=9, size="128x64")
    stopped = served.create("doze, harbour", num_frames=200).raise_for_status().json()["id"]
    with served.client() as client:
        client.post(f"/v1/videos/{stopped}/cancel").raise_for_status()
    served.settled(stopped)
    watched = visit("/#/library", **taste)
    page = watched.page
    for video in (harbour, dream, stopped):
        expect(tile(watched, video)).to_be_visible()
    page.wait_for_function(LOADED, arg=harbour)
    search = page.get_by_role("searchbox")
    search.fill("Harbour at dawn")
    expect(tile(watched, dream)).to_have_count(0)
    expect(tile(watched, stopped)).to_have_count(0)
    expect(tile(watched, harbour)).to_be_visible()
    search.fill("")
    expect(tile(watched, dream)).to_be_visible()
    state(watched, "cancelled")
    expect(tile(watched, harbour)).to_have_count(0)
    expect(tile(watched, stopped)).to_be_visible()
    state(watched, "all")
    page.get_by_label(watched.words["library.model"], exact=True).select_option("dream")
    expect(tile(watched, harbour)).to_have_count(0)
    expect(tile(watched, dream)).to_be_visible()
    search.fill("harbour")
    expect(page.get_by_text(watched.words["library.none_found"], exact=True)).to_be_visible()
    press(watched, "library.show_all")
    for video in (harbour, dream, stopped):
        expect(tile(watched, video)).to_be_visible()


def state(watched: Watched, name: str) -> None:
    watched.page.locator(".states label").filter(has_text=watched.words[f"library.state_{name}"]).click()


def test_deleted_and_brought_back(served: Live, visit: Visit) -> None:
    """At once, with a way back; who does not take it has deleted the video for everybody."""
    name = "hold, and nothing else"
    video, other = made(served, name), made(served, "pan left")
    watched = visit("/#/library")
    page = watched.page
    tile(watched, video).hover()
    page.get_by_role("button", name=said(watched, "library.more_name", name=name), exact=True).click()
    page.get_by_role("menuitem", name=watched.words["library.delete"], exact=True).click()
    expect(tile(watched, video)).to_have_count(0)
    expect(page.get_by_text(said(watched, "library.deleted", name=name)).first).to_be_visible()
    assert status(served, video) == 404
    press(watched, "app.undo")
    expect(tile(watched, video)).to_be_visible()
    assert status(served, video) == 200

    tile(watched, video).get_by_role("link").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text(said(watched, "library.deleted", name=name)).first).to_be_visible()
    page.reload()
    expect(tile(watched, other)).to_be_visible()
    expect(tile(watched, video)).to_have_count(0)
    assert [status(served, video, part) for part in ("", "/content", "/input")] == [404, 404, 404]


# --- A video that comes back as a file


@pytest.mark.parametrize(
    ("kept", "place", "taste"),
    [(True, "/", WIDE_LIGHT), (False, "/", PHONE_DARK), (False, "/#/library", WIDE_LIGHT)],
    ids=["of the library", "deleted", "deleted, dropped on the library"],
)
def test_a_video_gives_its_settings_back(
    served: Live, visit: Visit, kept: bool, place: str, taste: Taste
) -> None:
    """And its picture: the one it was made of where the library has it, else its own first frame; it says
    which."""
    video = made(served, "pan right, back again", num_frames=10, fps=5, seed=9, **{"options[step]": 3})
    film = content(served, video)
    if not kept:
        with served.client() as client:
            client.delete(f"/v1/videos/{video}").raise_for_status()
    watched = visit(place, **taste)
    watched.page.get_by_role("heading", level=1).first.wait_for(state="attached")
    drop(watched, "found.mp4", film)
    which = "create.picture_back" if kept else "create.picture_frame"
    expect(watched.page.get_by_text(watched.words[which])).to_be_visible()
    expect(watched.page.get_by_text(watched.words["create.settings_back"])).to_be_visible()
    caption = said(watched, "create.picture_of", name="a.png", width=64, height=48)
    expect(watched.page.get_by_text(caption, exact=True)).to_be_visible()
    expect(prompt(watched)).to_have_value("pan right, back again")
    expect(setting(watched, "num_frames")).to_have_value("10")
    expect(setting(watched, "fps")).to_have_value("5")
    expect(setting(watched, "seed")).to_have_value("9")
    before = len(served.all())
    generate(watched)
    watched.page.wait_for_function(PLAYS)
    job = served.all()[-1]
    assert len(served.all()) == before + 1
    assert (job["seed"], job["num_frames"], job["request"]["options"]) == (9, 10, {"step": 3})
    if kept:
        assert content(served, job["id"], "input") == content(served, video, "input")


def test_a_video_of_another_make_is_said(served: Live, visit: Visit) -> None:
    """In the language of the page, with what to do; the form stays as it was."""
    strange = b"\0\0\0\x18ftypmp42 of another make"
    with served.client(headers={"Accept-Language": "zh-CN"}) as client:
        answer = client.post("/v1/videos/inspect", files={"video": ("holiday.mp4", strange, "video/mp4")})
    watched = visit(**PHONE_DARK)
    prompt(watched).fill("my own words")
    drop(watched, "holiday.mp4", strange)
    toast = watched.page.locator(".toast").filter(has_text=answer.json()["error"]["message"])
    expect(toast).to_contain_text(answer.json()["error"]["hint"])
    expect(prompt(watched)).to_have_value("my own words")


# --- The picture of a video that is opened


def test_the_form_is_for_the_picture_of_the_video(served: Live, visit: Visit) -> None:
    """From the first plan on, though the picture is slow to come; and Generate waits for it."""
    video = made(served, "pan left")
    held: list[Route] = []
    watched = visit("/#/system")
    page = watched.page
    page.route(f"**/v1/videos/{video}/input", lambda route: held.append(route))
    with listened(watched, "/v1/plans") as plans:
        page.goto(f"{served.url}/#/v/{video}")
        page.wait_for_function(PLAYS)
        expect(page.get_by_text(watched.words["plan.fits"]).first).to_be_visible()
        expect(page.get_by_text(watched.words["plan.no_picture"])).to_have_count(0)
        assert {(plan.post_data_json["width"], plan.post_data_json["height"]) for plan in plans} == {(64, 48)}
    generate(watched)
    expect(page.get_by_role("button", name=watched.words["create.sending"], exact=True)).to_be_disabled()
    held.pop(0).continue_()
    second = arrived(watched, video)
    assert served.get(second)["input"] == served.get(video)["input"]
