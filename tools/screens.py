"""Takes the pictures of the studio in `docs/screens/`: its states, in both languages, sizes and schemes.

    pip install playwright && apt install chromium
    python tools/screens.py                       # all of them
    python tools/screens.py --only done --to DIR  # those whose name begins so, somewhere else

It starts a server of its own on a free port with a folder of its own, makes a few short videos from the
bundled examples, and drives a browser through the page.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "src" / "unstill" / "assets" / "examples"
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--hide-scrollbars"]
WIDE, PHONE = (1440, 900), (390, 844)
MOST_BYTES = 44_000
KEPT_WIDTH = 1200
PATIENCE_S = 180.0
VIDEOS = (
    ("coffee", "orbit around the cup, floating dust", 36),
    ("astronaut", "push in gently, hand-held", 36),
    ("rocket", "pull back, snow", 36),
    ("coffee", "镜头缓缓推近，光斑浮动", 36),
    ("astronaut", "pan left", 36),
    ("rocket", "push in slowly, clouds drifting", 48),
)
"""Picture, prompt, frames; the last is the one that `done` shows."""
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include>/etc/fonts/fonts.conf</include>
<selectfont><rejectfont><pattern>
<patelt name="family"><string>DejaVu Sans</string></patelt>
</pattern></rejectfont></selectfont>
<match><edit name="family" mode="prepend_first"><string>Noto Sans CJK SC</string></edit></match>
</fontconfig>"""
"""What system-ui is, where no desktop has chosen it: a font with both scripts."""
PLAYS = "() => [...document.querySelectorAll('video')].some(v => v.readyState >= 2 && v.currentTime > 0.6)"

Words = dict[str, str]
Story = Callable[[Page, Words], None]


@dataclass(frozen=True)
class Shot:
    """One picture: where it begins, what is done there, and as whom."""

    name: str
    path: str
    story: Story
    language: str
    size: tuple[int, int]
    scheme: str


# --- what is done on the page


def nothing(_page: Page, _words: Words) -> None:
    """The page as it opens."""


def ready(page: Page, words: Words) -> None:
    """A bundled picture with its prompt, and what that will take."""
    page.get_by_role("img", name=words["create.example_rocket"]).click()
    page.get_by_text(words["plan.fits"]).first.wait_for()
    page.mouse.move(0, 0)


def running(page: Page, words: Words) -> None:
    """Half of a video that takes a while."""
    ready(page, words)
    page.get_by_label(words["create.prompt"], exact=True).fill(words["create.example_rocket_prompt"])
    page.get_by_role("button", name=words["create.generate"], exact=True).click()
    page.locator(".running").wait_for()
    page.wait_for_function(
        "() => Number(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')) >= 45"
    )


def done(page: Page, _words: Words) -> None:
    """A video that plays."""
    page.wait_for_function(PLAYS)


def compare(page: Page, words: Words) -> None:
    """Two that play together."""
    done(page, words)
    page.get_by_role("button", name=words["done.compare"], exact=True).click()
    page.locator("dialog .small-stage").nth(1).wait_for()
    page.wait_for_timeout(1200)


def bad_picture(page: Page, words: Words) -> None:
    """A file that is no picture."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=words["create.pick"], exact=True).click()
    chooser.value.set_files({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"these are no pixels"})
    page.get_by_text("notes.jpg").first.wait_for()


def settings(page: Page, words: Words) -> None:
    """The folded part, open, with another model."""
    ready(page, words)
    page.locator(".fold > summary").click()
    page.locator("#model-i2vgen-xl").click()
    page.wait_for_timeout(800)


def licence(page: Page, words: Words) -> None:
    """Before a model's files are fetched."""
    settings(page, words)
    page.evaluate("scrollTo(0, 0)")
    page.locator(".offer button").first.click()
    page.locator("dialog[open]").wait_for()


def offline(page: Page, words: Words) -> None:
    """A server that does not answer, and what to do."""
    ready(page, words)
    page.route("**/v1/videos", lambda route: route.abort())
    page.get_by_role("button", name=words["create.generate"], exact=True).click()
    page.locator(".trouble").wait_for()


def shots(latest: str) -> list[Shot]:
    """All that are taken; `latest` is the video to show."""
    english, chinese = "en-US", "zh-CN"
    video = f"#/v/{latest}"
    return [
        Shot("empty-en-wide-light", "#/", nothing, english, WIDE, "light"),
        Shot("empty-zh-phone-dark", "#/", nothing, chinese, PHONE, "dark"),
        Shot("ready-zh-wide-light", "#/", ready, chinese, WIDE, "light"),
        Shot("ready-en-phone-light", "#/", ready, english, PHONE, "light"),
        Shot("done-en-wide-light", video, done, english, WIDE, "light"),
        Shot("done-zh-phone-light", video, done, chinese, PHONE, "light"),
        Shot("compare-zh-wide-dark", video, compare, chinese, WIDE, "dark"),
        Shot("library-en-wide-dark", "#/library", nothing, english, WIDE, "dark"),
        Shot("library-zh-phone-light", "#/library", nothing, chinese, PHONE, "light"),
        Shot("system-zh-wide-light", "#/system", nothing, chinese, WIDE, "light"),
        Shot("system-en-phone-dark", "#/system", nothing, english, PHONE, "dark"),
        Shot("settings-en-wide-dark", "#/", settings, english, WIDE, "dark"),
        Shot("licence-zh-phone-light", "#/", licence, chinese, PHONE, "light"),
        Shot("picture-zh-wide-light", "#/", bad_picture, chinese, WIDE, "light"),
        Shot("error-en-phone-light", "#/", offline, english, PHONE, "light"),
        Shot("running-en-wide-dark", "#/", running, english, WIDE, "dark"),
        Shot("running-zh-phone-light", "#/", running, chinese, PHONE, "light"),
    ]


# --- the server and its videos


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """A service of its own over `folder`; its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNSTILL_", "XDG_"))}
    command = [sys.executable, "-m", "unstill", "serve", "--data-dir", str(folder / "data"), "--port", "0"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command, env={**kept, "HOME": str(folder)}, stdout=log, stderr=log
        )
    try:
        yield _address(folder / "data" / "server.json")
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _address(told: Path) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, httpx.HTTPError):
            url = str(json.loads(told.read_bytes())["url"])
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return url
        time.sleep(0.1)
    raise SystemExit("the server does not start")


def make_videos(url: str) -> str:
    """The library that the pictures show; the id of the last."""
    latest = ""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for picture, prompt, frames in VIDEOS:
            fields = {"prompt": prompt, "num_frames": str(frames), "size": "512p"}
            if picture == "rocket":
                fields["size"] = "768p"
            files = {"image": (f"{picture}.jpg", (EXAMPLES / f"{picture}.jpg").read_bytes(), "image/jpeg")}
            latest = client.post("/v1/videos", data=fields, files=files).raise_for_status().json()["id"]
            _wait(client, latest)
        _stopped(client)
    return latest


def _stopped(client: httpx.Client) -> None:
    """One that was cancelled."""
    files = {"image": ("coffee.jpg", (EXAMPLES / "coffee.jpg").read_bytes(), "image/jpeg")}
    fields = {"prompt": "pull back, rain", "num_frames": "960"}
    made = client.post("/v1/videos", data=fields, files=files).raise_for_status().json()["id"]
    client.post(f"/v1/videos/{made}/cancel").raise_for_status()
    _wait(client, made)


def _wait(client: httpx.Client, video: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while client.get(f"/v1/videos/{video}").json()["state"] not in ("completed", "failed", "cancelled"):
        if time.monotonic() > end:
            raise SystemExit(f"{video} does not end")
        time.sleep(0.2)


# --- the pictures


def take(made: Browser, url: str, shot: Shot, folder: str) -> Image.Image:
    """Open the page, tell the story, and look."""
    width, height = shot.size
    context = made.new_context(
        locale=shot.language, viewport={"width": width, "height": height}, color_scheme=shot.scheme,  # type: ignore[arg-type]
        is_mobile=shot.size == PHONE, has_touch=shot.size == PHONE,
    )  # fmt: skip
    try:
        page = context.new_page()
        page.route(re.compile("/v1/(system|doctor)"), lambda route: _of_anybody(route, folder))
        page.goto(f"{url}/{shot.path}")
        page.locator("#top nav a").first.wait_for()
        language = page.evaluate("document.documentElement.lang")
        words = page.evaluate("async n => (await import(`/assets/words/${n}.js`)).default", language)
        page.wait_for_timeout(700)
        shot.story(page, words)
        page.wait_for_timeout(500)
        return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    finally:
        context.close()


def _of_anybody(route: Route, folder: str) -> None:
    """The facts of this computer, without its folders and the name of its kernel."""
    answer = route.fetch()
    said = answer.text().replace(platform.platform(terse=True), "Linux").replace(platform.release(), "6.12")
    route.fulfill(response=answer, body=said.replace(folder, "/home/you"))


def keep(picture: Image.Image, path: Path) -> int:
    """Write it as JPEG, as well as `KEPT_WIDTH` and `MOST_BYTES` allow; its size in bytes."""
    picture.thumbnail((KEPT_WIDTH, KEPT_WIDTH), Image.Resampling.LANCZOS)
    for quality in range(80, 30, -4):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() < MOST_BYTES:
            break
    path.write_bytes(out.getvalue())
    return out.tell()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "screens")
    parser.add_argument("--only", default="", help="those whose name begins so")
    parser.add_argument("--png", action="store_true", help="as they are, of any size")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        latest = make_videos(url)
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS, encoding="utf-8")
        environ = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
        made = playwright.chromium.launch(executable_path=path, args=FLAGS, env=dict(environ))
        for shot in shots(latest):
            if not shot.name.startswith(tuple(given.only.split(","))):
                continue
            picture = take(made, url, shot, folder)
            if given.png:
                picture.save(given.to / f"{shot.name}.png")
            else:
                print(shot.name, keep(picture, given.to / f"{shot.name}.jpg"))
        made.close()


if __name__ == "__main__":
    main()
