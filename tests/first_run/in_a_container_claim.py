"""Who may use a fresh container, as two addresses see it: the first browser, the link in the log, a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from containers import Box, box, network, volume
from matrix import Ending, situation

GROUP = "A container: who may in"
WORKS = Ending(works=True)
VISIT = """
import json, sys, urllib.error, urllib.request
url, headers = sys.argv[1], json.loads(sys.argv[2])
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None
opener = urllib.request.build_opener(Stay, urllib.request.ProxyHandler({}))
try:
    answer = opener.open(urllib.request.Request(url, headers=headers), timeout=60)
except urllib.error.HTTPError as error:
    answer = error
cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
print(json.dumps({"status": answer.status, "cookie": cookie, "body": answer.read(2000).decode()}))
"""


@dataclass(frozen=True)
class Visit:
    """What one request got."""

    status: int
    cookie: str
    body: str


@dataclass
class Visitor:
    """A computer of its own on the server's network, and its browser, which keeps the cookie."""

    at: Box
    server: str
    cookie: str = ""

    def opens(self, path: str = "/") -> Visit:
        """As a browser does it."""
        seen = self._asks(path, {"Accept": "text/html", "Sec-Fetch-Dest": "document"})
        self.cookie = seen.cookie or self.cookie
        return seen

    def lists_videos(self, key: str = "") -> int:
        """The status of the answer; with a key, or with the cookie that the browser has."""
        return self._asks("/v1/videos", {"Authorization": f"Bearer {key}"} if key else {}).status

    def _asks(self, path: str, headers: dict[str, str]) -> Visit:
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        url = f"http://{self.server}:7860{path}"
        said = self.at.exec("python3", "-c", VISIT, url, json.dumps({**headers, **cookie}))
        assert said.code == 0, said.text
        return Visit(**json.loads(said.out))


@contextmanager
def _neighbours(*options: str) -> Iterator[tuple[Box, Visitor, Visitor]]:
    """A server and two computers, each with its own address."""
    with (
        network() as net,
        box("--network", net, *options, "IMAGE") as server,
        box("--network", net, "IMAGE", "sleep", "900") as one,
        box("--network", net, "IMAGE", "sleep", "900") as other,
    ):
        server.healthy()
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        first, second = (Visitor(at, server.inspect(form)) for at in (one, other))
        assert one.inspect(form) != other.inspect(form)
        yield server, first, second


@situation("container-first-browser", "The first browser becomes the operator; a second one is asked", GROUP)
def first_browser(room: Path) -> Ending:
    with _neighbours() as (_, first, second):
        assert first.lists_videos() == 401, "before any page was opened nobody is known"
        assert first.opens().status in (200, 302, 303, 307)
        assert first.cookie
        assert first.lists_videos() == 200
        second.opens()
        assert not second.cookie
        assert second.lists_videos() == 401
    return WORKS


@situation("container-link", "The link in the log lets another browser in", GROUP)
def link(room: Path) -> Ending:
    with _neighbours() as (server, first, second):
        first.opens()
        second.opens()
        assert second.lists_videos() == 401
        second.opens("/?link=wrong" + server.link)
        assert second.lists_videos() == 401
        second.opens(f"/?link={server.link}")
        assert second.lists_videos() == 200
        assert first.lists_videos() == 200
    return WORKS


@situation("container-key", "A program with the key from the log", GROUP)
def key(room: Path) -> Ending:
    """A wrong one is refused, also before anybody has claimed the server."""
    with _neighbours() as (server, first, second):
        assert second.lists_videos("uns_wrong") == 401
        assert second.lists_videos(server.key) == 200
        first.opens()
        assert first.lists_videos() == 200, "a key does not claim it"
        assert second.lists_videos(server.key) == 200
    return WORKS


@situation("container-claim-kept", "A container made anew on its volume remembers who claimed it", GROUP)
def claim_kept(room: Path) -> Ending:
    with volume() as data:
        with _neighbours("-v", f"{data}:/data") as (_, first, _second):
            first.opens()
            cookie = first.cookie
        with _neighbours("-v", f"{data}:/data") as (_, first, second):
            second.opens()
            assert second.lists_videos() == 401, "another one claimed it"
            first.cookie = cookie
            assert first.lists_videos() == 200
    return WORKS


@situation("container-auth-none", "UNSTILL_AUTH=none, for a network of one's own", GROUP)
def auth_none(room: Path) -> Ending:
    """Everybody may in, and the log warns of it."""
    with _neighbours("-e", "UNSTILL_AUTH=none") as (server, first, second):
        assert [first.lists_videos(), second.lists_videos()] == [200, 200]
        assert "Warning" in server.logs()
    return WORKS
