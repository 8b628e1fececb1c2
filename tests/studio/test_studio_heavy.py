"""A photo that was small as it was sent and is heavy as it is kept: its next video needs no second upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from live import Live
from telling import PLAYS, arrived, generate, give, prompt

if TYPE_CHECKING:
    from conftest import Visit  # type: ignore[attr-defined]

LIMIT_MEBIBYTES = 0.05


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, engines: str) -> Iterator[Live]:
    """A server that takes but little pictures."""
    data = tmp_path_factory.mktemp("heavy") / "data"
    with Live(data, engines, UNSTILL_MAX_PICTURE_MEBIBYTES=str(LIMIT_MEBIBYTES)) as live:
        yield live.start()


def test_the_picture_of_a_video_is_used_again(served: Live, visit: Visit, picture: Path) -> None:
    """The page is opened anew, so that all it has is the server's copy; the two share one picture."""
    watched = visit()
    give(watched, picture)
    prompt(watched).fill("pan left, 1 second")
    generate(watched)
    first = arrived(watched)
    served.settled(first)
    with served.client() as client:
        kept = len(client.get(f"/v1/videos/{first}/input").content)
    assert picture.stat().st_size < LIMIT_MEBIBYTES * 2**20 < kept
    again = visit(f"/#/v/{first}")
    again.page.wait_for_function(PLAYS)
    prompt(again).fill("pan right, 1 second")
    generate(again)
    second = arrived(again, first)
    assert served.settled(second)["state"] == "completed"
    assert served.get(second)["input"] == served.get(first)["input"]
