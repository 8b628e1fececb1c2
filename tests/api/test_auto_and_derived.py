"""`model=auto` over HTTP, and what a remix and an extension do with pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from api_parts import Station, build, png

from testcard import TESTCARD
from two_pictures import TWO_PICTURES
from unstill.settings import Settings
from unstill.wiring import House

FIRST, LAST = png(seed=1), png(seed=2)
URL = "data:image/png;base64,AAAA"
Send = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder, entries = tmp_path_factory.mktemp("auto"), [TESTCARD, TWO_PICTURES]
    made = build(folder / "data", entries)
    made.service.services = House(Settings(models_dir=folder / "models"), entries=entries)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def send(web: httpx.Client) -> Send:
    """Create by form, wait until it is finished, and give the video."""

    def create(*, last: bool = True, key: str = "", **fields: object) -> dict[str, Any]:
        files = {"input_reference": ("a.png", FIRST)}
        if last:
            files["last_input_reference"] = ("z.png", LAST)
        headers = {"Idempotency-Key": key} if key else {}
        reply = web.post("/v1/videos", data={"prompt": "x", **fields}, files=files, headers=headers)
        assert reply.status_code == 200, reply.text
        made: dict[str, Any] = reply.json()
        while web.get(f"/v1/videos/{made['id']}").json()["state"] in ("queued", "in_progress"):
            time.sleep(0.01)
        return made

    return create


def test_auto_counts_the_length_and_says_once_what_was_chosen(send: Send) -> None:
    """20 s are more than "dream" makes, and no more than "testcard" does."""
    for spelled in ("auto", " AUTO "):
        made = send(last=False, model=spelled, seconds=20, prompt="pan")
        assert (made["model"], made["plan"]["num_frames"]) == ("testcard", 160)
        assert sum("was chosen" in said for said in made["notes"]) == 1
        assert "was chosen" in made["notes"][0]


def test_a_key_means_what_was_asked(send: Send) -> None:
    first = send(last=False, model="auto", key="one")
    assert send(last=False, model="AUTO", key="one")["id"] == first["id"]


def test_auto_that_nothing_does_says_so_of_no_model(web: httpx.Client, send: Send) -> None:
    reply = web.post(
        "/v1/plans", json={"prompt": "x", "model": "auto", "width": 64, "height": 48, "seconds": 1e6}
    )
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "out_of_range", "seconds")


def test_a_remix_says_that_pictures_are_kept(web: httpx.Client, send: Send) -> None:
    made = send(model="ends")
    sent = {"prompt": "again", "last_input_reference": URL, "input_reference": URL}
    again = web.post(f"/v1/videos/{made['id']}/remix", json=sent).json()
    assert again["last_input"]["name"] == "z.png"
    assert sum("keeps the pictures of its video" in said for said in again["notes"]) == 2
    chinese = {"Accept-Language": "zh"}
    again = web.post(f"/v1/videos/{made['id']}/remix", json=sent, headers=chinese).json()
    assert any("沿用原视频的图片" in said for said in again["notes"])


def test_a_remix_by_auto_goes_without_the_last_picture_where_it_must(web: httpx.Client, send: Send) -> None:
    """As with a named model: a step is of "testcard" alone, which takes no last picture."""
    made = send(model="ends")
    kept = web.post(f"/v1/videos/{made['id']}/remix", json={"prompt": "y", "model": "auto"}).json()
    assert (kept["model"], kept["last_input"]["name"]) == ("ends", "z.png")
    sent = {"prompt": "y", "model": "auto", "options": {"step": 3}}
    other = web.post(f"/v1/videos/{made['id']}/remix", json=sent).json()
    assert (other["model"], other["last_input"]) == ("testcard", None)
    assert any("last_image has no effect with testcard" in said for said in other["notes"])


def test_a_video_that_goes_to_a_last_picture_is_not_extended(web: httpx.Client, send: Send) -> None:
    """Said of the model at once; there is no picture that could be sent."""
    made = send(model="between")
    sent = {"prompt": "on", "seconds": 1, "video": {"id": made["id"]}}
    reply = web.post("/v1/videos/extensions", json=sent)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported")
    assert "goes to a last picture" in reply.json()["error"]["message"]


def test_auto_is_no_particular_model_for_a_prompt(web: httpx.Client) -> None:
    """A server without the translator or a rewriter answers as without a model."""
    for route in ("translate", "rewrite"):
        told = [
            web.post(f"/v1/prompts/{route}", json={"prompt": "a cat", **named})
            for named in ({}, {"model": "auto"}, {"model": " Auto "})
        ]
        assert len({(reply.status_code, reply.text) for reply in told}) == 1
        assert "unknown_model" not in told[0].text
