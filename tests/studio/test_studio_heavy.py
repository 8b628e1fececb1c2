"""A photo that was small as it was sent and is heavy as it is kept: its next video needs no second upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from live import Live
from telling import PLAYS, TASTES, Taste, arrived, generate, give, prompt

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


@pytest.mark.parametrize("taste", TASTES)
def test_a_file_over_the_limit_is_said(served: Live, visit: Visit, tmp_path: Path, taste: Taste) -> None:
    """By its name, in the person's language, before anything is sent; the next one is taken."""
    heavy = tmp_path / "heavy.png"
    Image.effect_noise((300, 300), 90).convert("RGB").save(heavy)
    assert heavy.stat().st_size > LIMIT_MEBIBYTES * 2**20
    watched, before = visit(**taste), len(served.all())
    give(watched, heavy)
    advice = watched.words["create.too_heavy"].rpartition("}")[2].strip(" 。，")
    expect(watched.page.get_by_text(advice).first).to_contain_text("heavy.png")
    expect(watched.page.get_by_role("button", name=watched.words["create.pick"], exact=True)).to_be_visible()
    assert len(served.all()) == before


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example"}, {"Host": "localhost:1@evil.example"},
     {"Origin": "http://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_the_page_is_not_for_other_sites(served: Live, headers: dict[str, str]) -> None:
    """A name that was bound to this address by somebody else gets neither page nor script; another site's
    page can start nothing."""
    with served.client() as client:
        if "Host" in headers:
            for path in ("/", "/assets/js/main.js"):
                refused = client.get(path, headers=headers)
                assert refused.status_code in (400, 403, 421), path
                assert b"<script" not in refused.content
        else:
            sent = client.post("/v1/videos", data={"prompt": "x"}, headers=headers)
            assert sent.status_code == 403
            assert (
                client.get("/assets/js/main.js", headers=headers).headers.get("access-control-allow-origin")
                is None
            )
