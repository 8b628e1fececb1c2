"""A Chinese prompt for a model that reads English: its English is asked for, seen, changed, and used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browsing import PATIENCE_MS, PHONE, chromium, opened
from live import Live
from telling import generate, give, prompt

sys.path.append(str(Path(__file__).parents[1] / "adapters"))  # its language model serves here, too

from chat_model import ChatModel

expect.set_options(timeout=PATIENCE_MS)
CHOSEN = "localStorage.setItem('unstill.settings', JSON.stringify({model: 'dream', size: '64x64'}))"


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatModel]:
    made = ChatModel()
    yield made
    made.close()


@pytest.fixture(scope="module")
def rewriting(tmp_path_factory: pytest.TempPathFactory, engines: str, chat: ChatModel) -> Iterator[Live]:
    """A server whose settings name a language model, and that has no translator."""
    chromium()
    folder = tmp_path_factory.mktemp("rewriting")
    settings = {"UNSTILL_REWRITE_URL": chat.url, "UNSTILL_REWRITE_MODEL": "qwen"}
    with Live(folder / "data", engines, UNSTILL_MODELS_DIR=str(folder / "m"), **settings) as live:
        yield live.start()


@pytest.mark.parametrize(
    "taste", [{}, {"language": "zh-CN", "size": PHONE}, {"language": "zh-TW"}], ids=["en", "phone", "zh-TW"]
)
def test_english_is_offered_shown_and_used(
    made: Browser, rewriting: Live, chat: ChatModel, picture: Path, taste: dict
) -> None:
    """Translate appears beside a Chinese prompt alone, and says what it lacks; what was rewritten can be
    changed, goes to the model, and is dropped with the prompt that it is of. Unasked nothing goes out."""
    chat.asked.clear()
    with ExitStack() as stack:
        watched = stack.enter_context(opened(made, rewriting.url, **taste))
        watched.page.evaluate(CHOSEN)
        watched.page.reload()
        on, words, before = watched.page, watched.words, len(rewriting.all())
        translate = on.get_by_role("button", name=words["english.translate"], exact=True)
        rewrite = on.get_by_role("button", name=words["english.rewrite"], exact=True)
        line = on.get_by_label(words["english.goes"])
        give(watched, picture)
        expect(rewrite).to_be_hidden()
        prompt(watched).fill("a cat at the window")
        expect(rewrite).to_be_visible()
        expect(on.get_by_text(chat.host)).to_be_visible()
        expect(translate).to_be_hidden()
        prompt(watched).fill("一只猫坐在窗边")
        translate.click()
        expect(on.get_by_text("unstill models pull opus-mt-zh-en").first).to_be_visible()
        assert chat.asked == []
        rewrite.click()
        expect(line).to_have_value("A cat turns its head. The camera pushes in slowly.")
        expect(translate).to_be_hidden()
        line.fill("A cat turns its head.")
        with on.expect_response(
            lambda reply: reply.url.endswith("/v1/videos") and reply.request.method == "POST"
        ):
            generate(watched)
        (job,) = rewriting.all()[before:]
        assert (job["prompt"], job["model"]) == ("A cat turns its head.", "dream")
        prompt(watched).fill("一只狗")
        expect(line).to_be_hidden()
        expect(translate).to_be_visible()
        assert len(chat.asked) == 1
        assert chat.asked[0][2]["messages"][1]["content"] == "一只猫坐在窗边"
        rewriting.settled(job["id"])
