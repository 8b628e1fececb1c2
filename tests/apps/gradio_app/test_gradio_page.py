"""The Gradio page: it makes videos, and reads no file that was not given to it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from browsing import browser, opened
from live import PHOTO, Live

if TYPE_CHECKING:
    from conftest import Page, Pages  # type: ignore[attr-defined]

PATIENCE_S = 120


@pytest.fixture(scope="module")
def page(pages: Pages, server: Live) -> Page:
    """Before the server that runs on the data folder, whose address it finds by itself."""
    made = pages("--data-dir", str(server.data))
    assert made.told["server"] == server.url
    return made


@pytest.fixture(scope="module")
def mounted(pages: Pages, server: Live, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The way that leaves Gradio's own check out."""
    program = str(Path(__file__).with_name("mounted_page.py"))
    return pages(server.url, str(tmp_path_factory.mktemp("uploads")), program=("-P", program))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of this computer that nobody uploaded."""
    path = tmp_path / "private.png"
    path.write_bytes(PHOTO)
    return path


class Visitor:
    """Somebody who speaks to the page without its buttons."""

    def __init__(self, page: Page) -> None:
        self.web = httpx.Client(base_url=f"{page.url}/gradio_api", timeout=PATIENCE_S, trust_env=False)

    def upload(self, content: bytes) -> str:
        (path,) = self.web.post("/upload", files={"files": ("a.png", content)}).raise_for_status().json()
        return str(path)

    def generate(self, picture: object) -> dict[str, Any]:
        """The last word on pressing the button with this for a picture; 8 frames."""
        data = [picture, "pan left", "", "512p", 8, 1, False]
        call = {"data": data, "fn_index": 0, "session_hash": "visitor"}
        joined = self.web.post("/queue/join", json=call)
        if joined.status_code != 200:
            return {"success": False, "output": {}}
        with self.web.stream("GET", "/queue/data", params={"session_hash": "visitor"}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:") and '"process_completed"' in line:
                    return dict(json.loads(line.removeprefix("data:")))
        raise AssertionError("it never ended")


@pytest.fixture
def visitor(page: Page) -> Iterator[Visitor]:
    made = Visitor(page)
    yield made
    made.web.close()


@pytest.fixture
def inside(mounted: Page) -> Iterator[Visitor]:
    made = Visitor(mounted)
    yield made
    made.web.close()


def file_data(path: object, **more: object) -> dict[str, object]:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


@pytest.mark.parametrize(
    ("language", "make", "settings", "says"),
    [("en-US", "Generate", "Settings", "not AI-generated"), ("zh-CN", "生成", "设置", "非 AI 生成")],
)
def test_a_picture_becomes_a_video(
    page: Page, server: Live, tmp_path: Path, language: str, make: str, settings: str, says: str
) -> None:
    """With the buttons, in the browser's language; what it is is said under it."""
    (tmp_path / "photo.png").write_bytes(PHOTO)
    before = len(server.all())
    with browser() as made, opened(made, page.url, language) as watched:
        on = watched.page
        on.locator("input[type=file]").first.set_input_files(tmp_path / "photo.png")
        on.locator("img[src*='/file=']").first.wait_for()
        on.get_by_role("textbox").first.fill("pan left")
        on.get_by_role("button", name=settings).click()
        on.locator("input[type=number]").first.fill("9")
        on.get_by_role("button", name=make, exact=True).click()
        on.wait_for_function(
            "() => { const v = document.querySelector('video'); return v && v.readyState >= 2 }"
        )
        words = on.wait_for_function(
            "says => [...document.querySelectorAll('textarea')].map(t => t.value).find(t => t.includes(says))",  # noqa: E501
            arg=says,
        )
        assert says in str(words.json_value())
    (job,) = server.all()[before:]
    assert (job["state"], job["prompt"], job["num_frames"]) == ("completed", "pan left", 9)


def test_an_upload_is_taken(visitor: Visitor, inside: Visitor, server: Live) -> None:
    """What the refusals below are held against: the same call with an uploaded picture makes a video."""
    for who in (visitor, inside):
        before = len(server.all())
        path = who.upload(PHOTO)
        for picture in (file_data(path), {"path": path}):
            last = who.generate(picture)
            assert last["success"] is True
            assert last["output"]["data"][0] is not None
        assert len(server.all()) == before + 2


def test_a_path_without_meta_is_refused(visitor: Visitor, photo: Path, server: Live) -> None:
    """The first hole: Gradio checks only what carries `meta`, and the handler got the rest."""
    before = len(server.all())
    for path in (photo, "/etc/passwd", f"{photo.parent}/../{photo.parent.name}/private.png"):
        assert visitor.generate({"path": str(path)})["success"] is False
    assert len(server.all()) == before


def test_a_path_is_refused_where_gradio_does_not_check(inside: Visitor, photo: Path, server: Live) -> None:
    """The second hole: mounted inside an application Gradio took any path, with `meta` and without."""
    before = len(server.all())
    for picture in (file_data(photo), {"path": str(photo)}, file_data("/etc/passwd")):
        assert inside.generate(picture)["success"] is False
    assert len(server.all()) == before


def test_other_ways_to_a_file(visitor: Visitor, photo: Path, server: Live) -> None:
    """A link inside the upload folder, an address, a folder, odd values: none is a picture."""
    before = len(server.all())
    folder = Path(visitor.upload(PHOTO)).parent
    (folder / "link.png").symlink_to(photo)
    assert photo.exists()
    for picture in (
        {"path": str(folder / "link.png")}, file_data(folder / "link.png"), file_data(folder), file_data(""),
        file_data(f"{server.url}/assets/favicon.svg"), {"path": f"{server.url}/v1/videos"},
        {"path": "file://" + str(photo)}, {"path": "\0"}, file_data(photo, url=f"file://{photo}"),
    ):  # fmt: skip
        assert visitor.generate(picture)["success"] is False, picture
    assert len(server.all()) == before


def test_no_file_is_given_out(page: Page, visitor: Visitor, photo: Path) -> None:
    """Nor documents of the interface."""
    for path in (photo, "/etc/passwd", "../../etc/passwd", Path(__file__)):
        assert visitor.web.get(f"/file={path}").status_code in (403, 404)
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert httpx.get(f"{page.url}{path}", trust_env=False).status_code == 404
    assert visitor.web.get("/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_an_upload_over_the_limit(visitor: Visitor) -> None:
    """It is stopped where it comes in."""
    assert visitor.web.post("/upload", files={"files": ("a.png", b"0" * (21 * 2**20))}).status_code == 413


def test_what_is_no_picture_is_said_in_words(visitor: Visitor) -> None:
    """The server's own words, and nothing of this computer."""
    last = visitor.generate(file_data(visitor.upload(b"no picture")))
    assert last["success"] is True
    video, words, _ = last["output"]["data"]
    assert video is None
    assert "picture" in words
    assert "Traceback" not in str(last)
    assert "/tmp" not in words


def test_a_server_of_its_own(pages: Pages, tmp_path: Path) -> None:
    """Without one running the command brings its own, which ends with it; Ctrl-C is no failure."""
    page = pages("--data-dir", str(tmp_path / "data"))
    server = page.told["server"]
    assert httpx.get(f"{server}/healthz", trust_env=False).json()["service"] == "unstill"
    made = Visitor(page)
    assert made.generate(file_data(made.upload(PHOTO)))["success"] is True
    made.web.close()
    assert len(list((tmp_path / "data" / "outputs").glob("*.mp4"))) == 1
    page.process.send_signal(signal.SIGINT)
    page.process.communicate(timeout=PATIENCE_S)
    assert page.process.returncode == 0
    for url in (page.url, server):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


def test_the_page_ends_with_a_server_of_its_own_that_is_killed(pages: Pages, tmp_path: Path) -> None:
    """It is not left behind."""
    page = pages("--data-dir", str(tmp_path / "data"))
    page.end()
    for _ in range(PATIENCE_S * 10):
        try:
            httpx.get(page.url, trust_env=False, timeout=1)
        except httpx.TransportError:
            break
    else:
        raise AssertionError("it is still there")


def test_without_the_extra(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    monkeypatch.setattr("unstill.apps.gradio_app.run.find_spec", lambda name: None)
    answer = cli("gradio")
    assert answer.code == 1
    assert "unstill[gradio]" in answer.err
