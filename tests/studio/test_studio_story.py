"""From a picture to a video that plays, in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from live import Live
from telling import PLAYS, TASTES, Taste, generate, give, held_up, prompt, running

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]


@pytest.mark.parametrize("taste", TASTES)
def test_a_picture_becomes_a_video(served: Live, visit: Visit, picture: Path, taste: Taste) -> None:
    """Picture, sentence, Generate, progress; left and opened again in between, it is there; it plays."""
    before, wish = len(served.all()), "push in, then pan left"
    watched = visit(**taste)
    on, words = watched.page, watched.words
    give(watched, picture)
    prompt(watched).fill(wish)
    expect(on.get_by_text(words["plan.fits"]).first).to_be_visible()
    generate(watched)
    expect(running(watched)).to_be_visible()
    with held_up(served):
        on.reload()
        expect(running(watched)).to_be_visible()
        expect(on).to_have_title(re.compile(r"\d ?%"))
        (job,) = served.all()[before:]
        assert job["state"] == "in_progress"
    on.wait_for_function(PLAYS)
    done = served.settled(job["id"])
    assert (done["state"], done["prompt"]) == ("completed", wish)
    assert len(served.all()) == before + 1
    expect(on.get_by_text(words["done.motion"]).first).to_be_visible()


def test_what_is_no_picture_is_said(served: Live, visit: Visit, tmp_path: Path) -> None:
    """By its name, with what can be used instead; nothing is made of it."""
    (tmp_path / "notes.jpg").write_bytes(b"these are no pixels")
    watched, before = visit(), len(served.all())
    give(watched, tmp_path / "notes.jpg")
    expect(watched.page.get_by_text("notes.jpg").first).to_be_visible()
    assert len(served.all()) == before


def test_a_video_is_cancelled(served: Live, visit: Visit, picture: Path) -> None:
    """The page says so, and the server agrees."""
    watched, before = visit(), len(served.all())
    give(watched, picture)
    prompt(watched).fill("orbit, 20 seconds")
    generate(watched)
    expect(running(watched)).to_be_visible()
    watched.page.get_by_role("button", name=watched.words["app.cancel"], exact=True).click()
    expect(watched.page.get_by_text(watched.words["done.cancelled"]).first).to_be_visible()
    (job,) = served.all()[before:]
    assert served.settled(job["id"])["state"] == "cancelled"


def test_a_server_that_is_killed_and_comes_back(served: Live, visit: Visit, picture: Path) -> None:
    """In the middle of a video: the open page waits, joins it again and shows it playing."""
    watched, before = visit(), len(served.all())
    give(watched, picture)
    prompt(watched).fill("push in, snow")
    generate(watched)
    expect(running(watched)).to_be_visible()
    with held_up(served):
        served.kill()
    watched.page.wait_for_timeout(500)
    served.start()
    watched.page.wait_for_function(PLAYS)
    (job,) = served.all()[before:]
    assert served.settled(job["id"])["state"] == "completed"
    watched.complaints = [said for said in watched.complaints if "net::ERR_" not in said]  # Chromium's own
