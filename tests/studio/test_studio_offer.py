"""A model whose files are not here: offered, fetched once its licence is accepted, and a video that waits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from browsing import PATIENCE_MS, Watched, chromium, opened
from live import Live

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "weights"))  # its helpers serve here, too

from test_studio_story import PLAYS, generate, give, prompt  # noqa: E402

from hub_imitation import UNET, Imitation, imitation  # noqa: E402

MODEL = "dreams"
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def hub() -> Iterator[Imitation]:
    with imitation() as made:
        yield made


@pytest.fixture
def generous(tmp_path: Path, engines: str, hub: Imitation) -> Iterator[Live]:
    """A server with a model that is at the hub and not here."""
    chromium()
    info = tmp_path / "more" / "dreams-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dreams\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[unstill.engines]\ndreams = dreams:family\n")
    path = os.pathsep.join([engines, str(info.parent), str(TESTS / "weights"), str(TESTS)])
    settings = {"UNSTILL_SOURCE": "mirror", "HF_ENDPOINT": hub.url, "UNSTILL_MODELS_DIR": str(tmp_path / "m")}
    with Live(tmp_path / "data", path, **settings) as live:
        yield live.start()


@pytest.fixture
def page(made: Browser, generous: Live) -> Iterator[Watched]:
    with ExitStack() as stack:
        watched = stack.enter_context(opened(made, "about:blank", strict=False))
        yield watched
        watched.page.context.unroute_all(behavior="ignoreErrors")


def only(watched: Watched, generous: Live, **machine: Any) -> None:
    """Open the page where the fetched model is the one that generates, on a computer that has all this."""

    def models(route: Route) -> None:
        told = route.fetch().json()
        told["data"] = [one for one in told["data"] if one["id"] in ("motion", MODEL)]
        route.fulfill(json=told)

    def system(route: Route) -> None:
        told = route.fetch().json()
        told["machine"].update(machine)
        route.fulfill(json=told)

    watched.host = generous.url.removeprefix("http://")
    watched.page.context.route("**/v1/models", models)
    watched.page.context.route("**/v1/system", system)
    watched.page.goto(generous.url)


def accept(watched: Watched) -> None:
    """The licence is shown first, and the download cannot begin before it is accepted."""
    on, words = watched.page, watched.words
    dialog = on.get_by_role("dialog")
    expect(dialog.get_by_text("Odd-1.0", exact=True)).to_be_visible()
    expect(dialog.get_by_text("research only")).to_be_visible()
    start = dialog.get_by_role("button", name=words["offer.start"].split("{")[0])
    expect(start).to_be_disabled()
    dialog.get_by_label(words["offer.accept"]).check()
    start.click()


def test_with_a_graphics_card_the_model_is_the_first_offer(page: Watched, generous: Live) -> None:
    """Named with its size; after the download it is the chosen model."""
    only(page, generous, accelerator={"name": "A card", "total_bytes": 12 << 30, "free_bytes": 11 << 30})
    on, words = page.page, page.words
    expect(on.get_by_text(words["offer.line"].format(model="Dreams"))).to_be_visible()
    on.get_by_role("button", name="Get Dreams").click()
    accept(page)
    expect(on.get_by_text(words["offer.done"].format(model="Dreams"))).to_be_visible()
    with generous.client() as client:
        assert client.get(f"/v1/models/{MODEL}").json()["weights"]["state"] == "ready"
    assert generous.all() == []
    page.check()


def test_without_one_nothing_is_offered(page: Watched, generous: Live) -> None:
    """It would take hours."""
    only(page, generous, accelerator=None)
    expect(page.page.get_by_role("button", name=page.words["create.generate"], exact=True)).to_be_visible()
    assert page.page.get_by_role("button", name="Get Dreams").count() == 0


def test_a_video_waits_for_the_download_even_when_the_page_is_closed(
    page: Watched, generous: Live, hub: Imitation, picture: Path
) -> None:
    """Generate, accept, close the tab in the middle: the job waits, and is made once the files are here."""
    hub.fault(UNET, times=1, hang_at=100_000)
    only(page, generous, accelerator=None)
    on, words = page.page, page.words
    give(page, picture)
    prompt(page).fill("drift")
    choose(page)
    generate(page)
    accept(page)
    assert hub.hung.wait(60)
    expect(on.get_by_text(words["offer.then"]).first).to_be_visible()
    on.wait_for_function("async () => (await (await fetch('/v1/videos')).json()).data.length === 1")
    later = on.context.new_page()
    on.close()
    (job,) = generous.all()
    assert (job["model"], job["state"]) == (MODEL, "queued")
    hub.over.set()
    done = generous.settled(job["id"])
    assert done["state"] == "completed", done["error"]
    later.goto(f"{generous.url}/#/v/{job['id']}")
    later.wait_for_function(PLAYS)


def choose(watched: Watched) -> None:
    """The model, in the folded part, among those that can be had."""
    on, words = watched.page, watched.words
    on.get_by_text(words["settings.title"], exact=True).first.click()
    on.get_by_text(words["models.more"].format(n=1), exact=True).click()
    on.get_by_role("radio", name="Dreams").check()
