"""Choosing among many models: for me, one that is here, or one of those that can be had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browsing import PATIENCE_MS, PHONE, WIDE, Watched
from live import Live
from telling import generate, give, prompt

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

expect.set_options(timeout=PATIENCE_MS)
FAR = "wan2.2-ti2v-5b"


def unfold(watched: Watched) -> None:
    watched.page.locator(".composer > .fold > summary").click()
    watched.page.locator("#model-auto").wait_for()


def test_choose_for_me_says_which_and_why(served: Live, visit: Visit, picture: Path) -> None:
    """The first entry; before the video in its cost, afterwards in the video's notes."""
    watched, before = visit(), len(served.all())
    on, words = watched.page, watched.words
    unfold(watched)
    first = on.locator(".pick-model").first
    expect(first).to_contain_text(words["models.auto"])
    expect(first).to_contain_text(words["models.auto_about"])
    first.locator("input").check()
    expect(on.locator(".remarks")).to_contain_text("was chosen")
    named = words["models.auto_now"].split("{")[0]
    expect(first).to_contain_text(named)
    expect(on.locator("#set-num_inference_steps")).to_have_count(0)  # each model has its own
    give(watched, picture)
    prompt(watched).fill("push in")
    generate(watched)
    expect(on.locator(".remarked")).to_contain_text("was chosen")
    (job,) = served.all()[before:]
    assert served.settled(job["id"])["state"] == "completed"
    title = on.locator(f"label:has(#model-{job['model']}) strong").inner_text()
    assert named + title in first.inner_text()


def test_what_is_here_stands_before_what_can_be_had(served: Live, visit: Visit) -> None:
    """Those without files here are under a fold, each with its download, licence and whether it suits this
    computer; one that is picked is offered."""
    watched = visit()
    on, words = watched.page, watched.words
    with served.client() as client:
        models = client.get("/v1/models", params={"recommend": True}).json()["data"]
    far = [one["id"] for one in models if (one["weights"] or {}).get("state") == "missing"]
    near = [one["id"] for one in models if one["id"] not in far]
    assert {"motion", "testcard"} <= set(near)
    assert FAR in far
    unfold(watched)
    fold = on.locator("details.others")
    expect(fold.locator("summary")).to_have_text(words["models.more"].format(n=len(far)))
    beside = on.locator(".models > .pick-model > input").filter(visible=True)
    assert beside.evaluate_all("all => all.map(one => one.value)") == ["auto", *near]
    fold.locator("summary").click()
    expect(fold.locator(".suits, .suits-not")).to_have_count(len(far))
    by_rank = sorted(far, key=lambda id_: next(m["recommendation"]["rank"] for m in models if m["id"] == id_))
    assert fold.locator("input").evaluate_all("all => all.map(one => one.value)") == by_rank
    line = on.locator(f"label:has(#model-{FAR.replace('.', chr(92) + '.')})")
    told = next(one for one in models if one["id"] == FAR)
    expect(line).to_contain_text(told["description"])
    expect(line).to_contain_text("Apache-2.0")
    expect(line).to_contain_text("21.2 GB")
    if not told["recommendation"]["usable"]:
        expect(line).to_contain_text(
            words["models.suits_not"].format(reason=told["recommendation"]["reason"])
        )
    limited = next(one for one in models if one["licence_limits"] and one["id"] in far)
    expect(fold).to_contain_text(limited["licence_limits"])
    line.click()
    expect(on.locator(".offer")).to_contain_text(told["title"])
    expect(on.locator("#set-size")).to_have_value("704p")
    expect(on.locator("#set-num_frames")).to_have_value("121")


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits_the_screen(visit: Visit, size: tuple[int, int], scheme: str) -> None:
    """In Chinese as in English nothing is wider than the screen; the fold scrolls by itself."""
    for language in ("zh-CN", "zh-TW", "en-US"):
        watched = visit(language=language, size=size, scheme=scheme)
        unfold(watched)
        watched.page.locator("details.others > summary").click()
        watched.page.locator(".suits, .suits-not").first.wait_for()
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        box = watched.page.locator("details.others > .models")
        assert box.evaluate(
            "one => one.clientHeight < one.scrollHeight && one.scrollWidth <= one.clientWidth"
        )


def test_quality_fits_the_model(served: Live, visit: Visit) -> None:
    """A quick look asks for what the model can do: frames on its grid, steps within its limits."""
    watched = visit()
    on, words = watched.page, watched.words
    unfold(watched)
    on.locator("details.others > summary").click()
    for model, frames in (
        ("ltx-video-13b-distilled", "65"),
        ("wan2.2-i2v-a14b", "41"),
        ("cogvideox-5b", "49"),
    ):
        on.locator(f"[id='model-{model}']").check()
        on.get_by_role("button", name=words["preset.quick"], exact=True).click()
        expect(on.locator("#set-num_frames")).to_have_value(frames)
        expect(on.locator(".estimate .error-text")).not_to_have_text(words["plan.thinking"])
        expect(on.locator(".estimate")).to_contain_text(frames)
