"""Pages of other sites, and paths that lead elsewhere, on every route that the server says it has."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from guard_server import everything, head, status

from hostile import faults
from live import PHOTO, Live

METHODS = ("get", "post", "delete", "put", "patch")
MORE_PATHS = (
    "/", "/docs", "/docs/", "/openapi.json", "/favicon.ico", "/assets/app.js", "/metrics", "/v1/session",
)  # fmt: skip
CANARY = "canary-7f3a1c-must-not-be-seen"
LEAKS = (CANARY.encode(), b"root:x:0:", b"SQLite format 3", b'"digest"')
"""What stands in files of the server and of the machine, and in no answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, engines: str) -> Iterator[Live]:
    """A server whose data folder, and the folder around it, hold things that are nobody's business."""
    base = tmp_path_factory.mktemp("pages")
    with Live(base / "data", engines) as server:
        server.start()
        for folder in (base, server.data, *(server.data / inner for inner in ("inputs", "outputs", "logs"))):
            folder.mkdir(exist_ok=True)
            for name in ("canary", "canary.txt", "canary.png", "canary.mp4"):
                (folder / name).write_text(CANARY)
        yield server


@pytest.fixture(scope="module")
def made(server: Live) -> str:
    """A finished video."""
    video: str = server.create().raise_for_status().json()["id"]
    assert server.settled(video)["state"] == "completed"
    return video


def routes(server: Live) -> list[tuple[str, str]]:
    """Method and path of everything there is, by the server's own document and beside it."""
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    known = [(method.upper(), path) for path, calls in paths.items() for method in calls if method in METHODS]
    assert len(known) > 20
    return [*known, *(("GET", path) for path in MORE_PATHS)]


def say(server: Live, raw: bytes) -> bytes:
    """Bytes as they are; everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(raw)
        return everything(client)


# --- pages of other sites

FOREIGN = {
    "another host": ("evil.example", ()),
    "a host that rebinds": ("localhost.evil.example:80", ()),
    "another origin": (None, ("Origin: http://evil.example",)),
    "no origin that can be named": (None, ("Origin: null",)),
    "our name at another port": (None, ("Origin: http://localhost:1",)),
    "two origins": (None, ("Origin: http://evil.example", "Origin: null")),
    "what the browser says": (None, ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")),
}
"""Host (None: ours) and further headers."""


@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_pages(server: Live, made: str, case: str) -> None:
    """403 on every route, API, docs and page, before a byte of the body that was announced is sent; and
    nothing has happened."""
    host, headers = FOREIGN[case]
    ours = f"localhost:{server.port}"
    before = server.all()
    for method, path in routes(server):
        path = path.replace("{video_id}", made)
        lines = (*headers, "Content-Length: 1000000", "Content-Type: multipart/form-data; boundary=x")
        answer = say(server, head(method, path, *lines, host=host or ours))
        assert status(answer) == 403, (method, path)
        assert b'"foreign_' in answer
        assert b"access-control" not in answer.lower()
        assert b"set-cookie" not in answer.lower()
    assert server.all() == before
    with server.client() as client:
        assert client.get(f"/v1/videos/{made}/content").status_code == 200


def test_our_own_page_is_not_foreign(server: Live) -> None:
    """The same routes, asked from here: none of them says 403, uploads included."""
    origin = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    with server.client(headers=origin) as client:
        for method, path in routes(server):
            if "backup" not in path:
                assert client.request(method, path).status_code != 403, (method, path)
        files = {"input_reference": ("a.png", PHOTO, "image/png")}
        answer = client.post("/v1/videos", data={"prompt": "x", "model": "testcard"}, files=files)
    assert answer.status_code == 200


# --- paths that lead elsewhere

UPWARDS = (
    "../", "..\\", "%2e%2e/", "%2e%2e%2f", "..%2f", "..%2F", "%2E%2E%5C", "..%5c", ".%2e/", "%2e./",
    "%252e%252e%252f", "..%252f", "..%255c", "....//", "....\\\\", "..;/", "..%00/", "%c0%ae%c0%ae/",
    "..%c0%af", "%c0%ae%c0%ae%c0%af", "%e0%80%ae%e0%80%ae/", "..%ef%bc%8f", "%ef%bc%8e%ef%bc%8e/",
    "%uff0e%uff0e/", "%e2%80%a5/", "..%09/", "..%20/", ".. /", "..%0d%0a/", "/../", "x/../../",
    "%2f..%2f", "..//", "./../",
)  # fmt: skip
ELSEWHERE = (
    "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "file:%2f%2f%2fetc/passwd",
    "C:\\Windows\\win.ini", "C:/Windows/win.ini", "C%3a%5cWindows%5cwin.ini", "\\\\?\\C:\\canary",
    "\\\\localhost\\c$\\canary",
    "%5c%5clocalhost%5cc$", "//localhost/canary", "CON", "NUL.png", "canary.txt::$DATA", "canary.",
    "canary%20", "canary", "canary.txt", "canary.png%00.jpg", "canary.mp4", "%63anary", "./canary.txt",
    "inputs/canary.png", "outputs/canary.mp4", "logs/canary", "keys.json", "pepper", "unstill.db",
    "server.json", "~/canary",
    "~root/.bashrc", "/proc/self/environ", "/proc/self/cwd/canary", "*", "canar?", "{video_id}",
    "%", "%zz", "", ".", "..", "...", "a" * 5000, "%2e", "%2e%2e",
)  # fmt: skip
TARGETS = ("canary.txt", "etc/passwd", "unstill.db", "keys.json", "data/canary", "outputs/canary.mp4")


def patterns() -> list[str]:
    """More than 200 ways to name a file that is not for the asker."""
    climbing = [
        up * depth + target
        for up, depth, target in itertools.product(UPWARDS, (1, 2, 8), TARGETS)
    ]  # fmt: skip
    return [*ELSEWHERE, *climbing[::3]]


def places(made: str) -> list[str]:
    """Where a path can be put: in place of an id, behind a folder, and as a query."""
    return [
        "/{}", "/assets/{}", "/docs/{}", "/v1/{}", "/v1/videos/{}", "/v1/videos/{}/content",
        "/v1/videos/{}/input",
        f"/v1/videos/{made}/{{}}", f"/v1/videos/{made}/content?variant={{}}", "/v1/videos/{}/events",
        "/v1/videos?after={}", "/v1/models/{}",
    ]  # fmt: skip


def answers(server: Live, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Ask for paths as they are written, each on a connection of its own."""
    for path in paths:
        raw = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        yield path, say(server, raw)


def test_paths_lead_nowhere(server: Live, made: str) -> None:
    """Over 200 patterns in every place that takes a name: nothing of any file is in any answer, and none is a
    fault of ours."""
    found = patterns()
    assert len(found) >= 200
    asked = 0
    for place in places(made):
        for path, answer in answers(server, [place.format(pattern) for pattern in found]):
            asked += 1
            assert not any(leak in answer for leak in LEAKS), path
            assert status(answer) < 500, (path, answer)
    assert asked >= 200 * 12
    assert faults(server) == []


def test_the_canary_can_be_seen(server: Live) -> None:
    """Where it does leak the test would tell: the file is there, and the log lies beside it."""
    kept = [path for path in server.data.parent.rglob("canary*") if path.is_file()]
    assert len(kept) >= 16
    assert all(CANARY in path.read_text() for path in kept)


def named(path: Path) -> Iterator[tuple[str, object]]:
    """A path of the server in everything that may carry a picture."""
    for text in (str(path), path.as_uri(), f"../{path.name}", f"/proc/self/root{path}"):
        yield "input_reference", text
        yield "image", text
        yield "image_reference", {"image_url": text}
        yield "input_reference", {"image_url": {"url": text}}
        yield "input_reference", {"file_id": text}


def test_a_path_is_no_picture(server: Live, engines: str) -> None:
    """No field is read as a place on the server, be it a picture that it could open."""
    picture = server.data / "inputs" / "mine.png"
    picture.write_bytes(PHOTO)
    before = len(server.all())
    with server.client() as client:
        for field, value in named(picture):
            body = {"prompt": "pan left", "model": "testcard", field: value}
            forms = {**body, field: value if isinstance(value, str) else json.dumps(value)}
            for answer in (client.post("/v1/videos", json=body), client.post("/v1/videos", data=forms)):
                assert answer.status_code == 400, (field, value)
        body = {"prompt": "x", "seconds": "1", "video": str(picture)}
        answer = client.post("/v1/videos/extensions", json=body)
        assert answer.status_code == 404
    assert len(server.all()) == before


NAMES = ("../../escaped.png", "..\\..\\escaped.png", "/tmp/escaped.png", "escaped\x00.png", "." * 300)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_is_no_place(server: Live, name: str) -> None:
    """A picture is kept under the video's id, whatever its sender calls it."""
    files = {"input_reference": (name, PHOTO, "image/png")}
    before = {path for path in server.data.parent.rglob("*") if "logs" not in path.parts}
    with server.client() as client:
        answer = client.post("/v1/videos", data={"prompt": "pan left", "model": "testcard"}, files=files)
    if answer.status_code == 200:
        server.settled(answer.json()["id"])
        assert answer.json()["id"] in " ".join(server.inputs())
    else:
        assert answer.status_code == 400
    new = {path for path in server.data.parent.rglob("*") if "logs" not in path.parts} - before
    assert not any("escaped" in path.name for path in new)
    assert not Path("/tmp/escaped.png").exists()
