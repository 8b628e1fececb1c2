"""A page of which a part did not come through: it loads itself again, and not for ever."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route

from browsing import Watched, opened
from live import Live

PARTS = ["words/en.js", "js/create/stage.js", "js/dom.js", "js/main.js"]


def cut(watched: Watched, part: str, times: int) -> list[str]:
    """Break the first requests for a file off; the list of all that were made for it."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) <= times:
            route.abort()
        else:
            route.continue_()

    watched.page.route(f"**/assets/{part}", answer)
    return asked


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_lost_is_asked_for_again(made: Browser, served: Live, part: str) -> None:
    """Words, a module deep down, one that all need, the first one."""
    with opened(made, "about:blank", strict=False) as watched:
        asked = cut(watched, part, 2)
        watched.page.goto(served.url)
        watched.page.locator("button.generate").wait_for()
        assert len(asked) > 2
        assert watched.page.evaluate("sessionStorage.getItem('unstill.again')") is None


def test_a_part_that_never_comes_is_said_at_last(made: Browser, served: Live) -> None:
    """Three times is enough; then there is a sentence, and a button to try once more."""
    with opened(made, "about:blank", strict=False) as watched:
        asked = cut(watched, "js/create/stage.js", 1000)
        watched.page.goto(served.url)
        watched.page.wait_for_function("() => Number(sessionStorage.getItem('unstill.again')) > 3")
        watched.page.get_by_role("button", name="Load again").wait_for()
        assert "did not load" in watched.page.inner_text("main")
        assert len(asked) >= 4
