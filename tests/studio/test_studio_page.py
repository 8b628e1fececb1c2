"""The page as the server gives it: what each file is, who may load it, and that nothing else comes out."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from unstill.apps.studio import serve
from unstill.engines.motion.lexicon import understand

PAGE = Path(serve.__file__).parent / "page"
PATIENCE_S = 120.0
MOST_BYTES = 250_000
LANGUAGES = ("en", "zh-CN", "zh-TW")
WORD = re.compile(r'^ {2}"([a-z][a-z0-9_]*\.[a-z0-9_.]+)":\s*"(.*)",$', re.MULTILINE)

MOVES = {
    "push_in": "dolly_in", "pull_back": "dolly_out", "pan_left": "pan_left", "pan_right": "pan_right",
    "orbit": "orbit", "tilt_up": "tilt_up", "tilt_down": "tilt_down", "crane_up": "crane_up",
    "handheld": "handheld", "static": "static",
}  # fmt: skip
"""The chips that move the camera, and what the camera calls it; the others are effects of the same name."""
UPWARDS = (
    "../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "....//", "..;/", "%c0%ae%c0%ae/",
    "js/../../", "..%00/", "/../", "%2f..%2f", "./../", "..%ef%bc%8f", "examples/../../",
)  # fmt: skip
TARGETS = ("serve.py", "__init__.py", "etc/passwd", "page/index.html", "js", "examples", "LICENSES.md")
NOT_FILES = (
    "", "js", "js/", "css/", "examples", "examples/", "examples/LICENSES.md", "index.html", "JS/main.js",
    "js/main.js/", "js//main.js", "/js/main.js", "js/main.js%00", "js/main.js%20", "./js/main.js", "js/main",
    "%2fetc%2fpasswd", "/etc/passwd", "C:%5cwindows%5cwin.ini", "words/xx.js", "a" * 3000, "%zz",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that asks for a key."""
    base = tmp_path_factory.mktemp("studio")
    data = base / "data"
    command = [sys.executable, "-P", "-m", "unstill", "serve", "--data-dir", str(data), "--port", "0"]
    environ = {n: v for n, v in os.environ.items() if not n.startswith(("UNSTILL_", "XDG_", "LC_"))}
    more = {"HOME": str(base), "UNSTILL_AUTH": "keys", "UNSTILL_FREE_GIBIBYTES": "0", "LANG": "C.UTF-8"}
    with (base / "log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**environ, **more}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while not (data / "server.json").exists() or not _answers(_url(data)):
            assert server.poll() is None, (base / "log").read_text()
            assert time.monotonic() < end, (base / "log").read_text()
            time.sleep(0.05)
        yield _url(data)
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _url(data: Path) -> str:
    try:
        return str(json.loads((data / "server.json").read_bytes())["url"])
    except ValueError:  # being written
        return "http://127.0.0.1:9"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def web(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client


def raw(url: str, path: str) -> tuple[int, bytes]:
    """A GET of a path exactly as it is written."""
    parts = httpx.URL(url)
    connection = http.client.HTTPConnection(parts.host, parts.port, timeout=30)
    try:
        connection.putrequest("GET", path.replace("\\", "%5c"), skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


# --- what is given


@pytest.mark.parametrize(
    ("path", "kind", "file"),
    [
        ("/", "text/html; charset=utf-8", "index.html"),
        ("/assets/js/main.js", "text/javascript; charset=utf-8", "js/main.js"),
        ("/assets/css/tokens.css", "text/css; charset=utf-8", "css/tokens.css"),
        ("/assets/words/zh-CN.js", "text/javascript; charset=utf-8", "words/zh-CN.js"),
        ("/assets/favicon.svg", "image/svg+xml", "favicon.svg"),
        ("/favicon.ico", "image/svg+xml", "favicon.svg"),
        ("/assets/examples/rocket.jpg", "image/jpeg", "../../../assets/examples/rocket.jpg"),
    ],
)
def test_each_file_is_what_it_says(web: httpx.Client, path: str, kind: str, file: str) -> None:
    """Type, bytes, and no guessing at types."""
    answer = web.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content == (PAGE / file).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_the_page_may_load_nothing_but_its_own(web: httpx.Client) -> None:
    """A policy without inline script or style, without other hosts, and without frames around it."""
    policy = web.get("/").headers["content-security-policy"]
    rules = {name: set(values) for name, *values in (rule.split() for rule in policy.split(";"))}
    assert rules == {
        "default-src": {"'none'"}, "script-src": {"'self'"}, "style-src": {"'self'"},
        "img-src": {"'self'", "data:", "blob:"}, "media-src": {"'self'", "blob:"}, "connect-src": {"'self'"},
        "form-action": {"'self'"}, "base-uri": {"'none'"}, "frame-ancestors": {"'none'"},
    }  # fmt: skip


def test_what_is_the_same_is_not_sent_again(web: httpx.Client) -> None:
    """An ETag that goes with the bytes; 304 without a body for those who have them."""
    first = web.get("/assets/js/main.js")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for had in (tag, f"W/{tag}", f'"other", {tag}'):
        again = web.get("/assets/js/main.js", headers={"If-None-Match": had})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert web.get("/assets/js/main.js", headers={"If-None-Match": '"other"'}).content == first.content
    assert web.get("/assets/js/api.js").headers["etag"] != tag


@pytest.mark.parametrize("path", ["/", "/assets/js/main.js", "/favicon.ico"])
def test_head_tells_the_same_without_the_body(web: httpx.Client, path: str) -> None:
    """As RFC 9110 has it."""
    got, head = web.get(path), web.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers[name] == got.headers[name]


def test_other_methods_are_refused(web: httpx.Client) -> None:
    """The page's files are for reading; without a key nobody learns more than that."""
    for path in ("/", "/assets/js/main.js"):
        assert web.post(path).status_code == 405


# --- who may load it


def test_the_shell_loads_without_a_key_and_data_do_not(web: httpx.Client) -> None:
    """Somebody who is not signed in sees the page that says how to."""
    for name in serve.inventory():
        path = "/" if name == serve.INDEX else f"/assets/{name}"
        assert web.get(path).status_code == 200, path
    assert web.get("/v1/session").json() == {"auth": "keys", "signed_in": False, "via": None}
    for path in ("/v1/videos", "/v1/models", "/v1/system", "/v1/advice?video=x", "/assetsx", "/v1/keys"):
        assert web.get(path).status_code == 401, path


# --- what is not given


def test_no_path_leads_out_of_the_page(url: str) -> None:
    """200 ways to name another file: not found, or refused by the guard; never a byte of one."""
    ways = [up * depth + target for up in UPWARDS for depth in (1, 3) for target in TARGETS]
    ways += NOT_FILES
    assert len(ways) > 200
    for way in ways:
        status, body = raw(url, f"/assets/{way}")
        assert status in (400, 404), way
        assert b'"error"' in body, way
        assert b"root:" not in body
        assert b"APIRouter" not in body


def test_names_are_those_of_files_letter_for_letter() -> None:
    """Without the guard, too: the route knows names and no folders."""
    known = serve.inventory()
    assert {"index.html", "js/main.js", "css/tokens.css", "examples/coffee.jpg"} <= set(known)
    for name in known:
        assert re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\.(html|js|css|svg|jpg)", name)
    assert not any(name.endswith((".md", ".py")) for name in known)


# --- what is in it


def texts() -> dict[str, str]:
    return {
        str(path.relative_to(PAGE)): path.read_text("utf-8")
        for path in PAGE.rglob("*")
        if path.is_file() and path.suffix != ".jpg"
    }


def test_no_file_names_another_host() -> None:
    """No address outside, in code, styles or words; XML's own names are no addresses."""
    for name, text in texts().items():
        plain = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|url\(\s*['\"]?//|src=[\"']//|@import", plain), name


def test_the_whole_page_is_small(web: httpx.Client) -> None:
    """As it travels, with every view and every language; the example pictures come on request."""
    total = 0
    for name in serve.inventory():
        if name.startswith(serve.EXAMPLES) or name == serve.INDEX:
            continue
        with web.stream("GET", f"/assets/{name}", headers={"Accept-Encoding": "gzip"}) as answer:
            total += sum(len(part) for part in answer.iter_raw())
    assert 10_000 < total < MOST_BYTES


def test_every_example_has_a_small_picture() -> None:
    """Of one shape, and a tenth of its bytes: what tools/example_thumbs.py makes."""
    known = serve.inventory()
    examples = {name.removeprefix(serve.EXAMPLES) for name in known if name.startswith(serve.EXAMPLES)}
    small = {name.removeprefix("thumbs/") for name in known if name.startswith("thumbs/")}
    assert small == examples
    for name in small:
        body = known[f"thumbs/{name}"].read_bytes()
        assert Image.open(io.BytesIO(body)).size == (360, 240)
        assert len(body) < 20_000


def test_text_is_packed_for_those_who_take_it(web: httpx.Client) -> None:
    """The same bytes once unpacked, under an ETag of their own; plain for everybody else."""
    plain = web.get("/assets/js/main.js", headers={"Accept-Encoding": "identity"})
    packed = web.get("/assets/js/main.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    refused = web.get("/assets/js/main.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    picture = web.get("/assets/examples/rocket.jpg", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in picture.headers


def test_everything_that_is_named_is_there() -> None:
    """What the page links and what modules import."""
    files = texts()
    for name in re.findall(r'(?:src|href)="/assets/([^"]+)"', files["index.html"]):
        assert name in files, name
    for name, text in files.items():
        if not name.endswith(".js"):
            continue
        for target in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', text):
            found = (PAGE / name).parent.joinpath(target).resolve()
            assert found.is_file(), f"{name} imports {target}"


def test_the_shell_holds_no_inline_script_or_style() -> None:
    """The policy would stop it, and the page would be half there."""
    shell = texts()["index.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", shell)


def words(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((PAGE / "words").glob(f"{language}*.js")):
        if path.stem in (language, f"{language}_rooms"):
            found.update(WORD.findall(path.read_text("utf-8")))
    return found


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_every_word(language: str) -> None:
    """With the same facts in it, and in its own script."""
    english, other = words("en"), words(language)
    assert len(english) > 200
    assert set(other) == set(english)
    for key, text in english.items():
        facts, theirs = (set(re.findall(r"\{(\w+)", one)) for one in (text, other[key]))
        assert theirs <= facts, key
    assert not any("!" in text or "！" in text for text in (*english.values(), *other.values()))


def test_every_word_that_is_asked_for_exists() -> None:
    """Keys that stand in the code as they are."""
    known = words("en")
    for name, text in texts().items():
        if name.startswith("js/"):
            for key in re.findall(r'\bt\("([a-z]+\.[a-z0-9_]+)"', text):
                assert key in known, f"{name}: {key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chip_is_understood(language: str) -> None:
    """What a chip writes into the prompt, the camera does."""
    chips = re.findall(r'\["(\w+)", "([^"]+)"\],', texts()["js/create/chips.js"])
    assert len(chips) == 18
    said = words(language)
    for name, english in chips:
        understood = understand(english if language == "en" else said[f"move.{name}"])
        moves = () if understood.auto else tuple(understood.moves)
        effects = tuple(cue.id for cue in understood.effects)
        assert (moves, effects) == (((MOVES[name],), ()) if name in MOVES else ((), (name,))), name
