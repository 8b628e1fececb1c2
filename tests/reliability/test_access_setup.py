"""How a person gets into a server of theirs: a key shown once, a link, a claim; and when nobody does."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from keyed import added, bearer, create, log_files, unstill
from live import Live

PAGE = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}


def test_beyond_this_computer_a_key_is_made_and_shown_once(live: Callable[..., Live]) -> None:
    """It stands on the terminal at the first start, in no log, and only as a digest in a file of the owner's
    alone; it opens the server at the next start, too."""
    server = live().start("--host", "0.0.0.0")
    shown = re.findall(r"uns_[A-Za-z0-9_-]{32}", server.said())
    assert len(shown) == 1
    with server.client() as client:
        assert client.get("/v1/videos").status_code == 401
        assert client.get("/v1/videos", headers=bearer(shown[0])).status_code == 200
    for name in ("keys.json", "pepper", "server.json"):
        path = server.data / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert shown[0].encode() not in path.read_bytes()
    for path in (server.data / "logs").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shown[0] not in log_files(server)
    assert server.stop() == 0
    server.start("--host", "0.0.0.0")
    assert re.findall(r"uns_[A-Za-z0-9_-]{32}", server.said()) == shown
    with server.client(headers=bearer(shown[0])) as client:
        assert client.get("/v1/videos").status_code == 200


def test_without_any_key_only_when_told_so(live: Callable[..., Live]) -> None:
    """UNSTILL_AUTH=none lets everybody in, and says what that means."""
    server = live(UNSTILL_AUTH="none").start("--host", "0.0.0.0")
    assert "anybody who reaches this computer can use it" in server.said()
    with server.client() as client:
        assert create(client).status_code == 200
    assert "uns_" not in server.said()


def test_a_first_key_counts_from_the_next_start(live: Callable[..., Live]) -> None:
    """A server that was started without keys says so when one is added; then it asks for it."""
    server = live().start()
    made = unstill(server, "keys", "add", "late")
    with server.client() as client:
        assert client.get("/v1/videos").status_code == 200
    assert server.stop() == 0
    server.start()
    with server.client() as client:
        assert client.get("/v1/videos").status_code == 401
        assert client.get("/v1/videos", headers=bearer(made["secret"])).status_code == 200


def link_of(server: Live) -> str:
    found = re.search(r"/\?link=([A-Za-z0-9_-]+)", server.said())
    assert found is not None
    return found[1]


def test_the_link_on_the_terminal_lets_a_browser_in(live: Callable[..., Live]) -> None:
    """One click gives a cookie that scripts and other sites cannot use; the browser is the operator's. The
    link is no longer one at the next start, the cookie still is."""
    server = live(UNSTILL_AUTH="keys").start()
    link = link_of(server)
    assert link not in log_files(server)
    with server.client() as browser:
        assert browser.get("/v1/videos").status_code == 401
        opened = browser.get(f"/?link={link}", headers=PAGE)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in opened.headers["set-cookie"]
        assert create(browser).status_code == 200
        assert browser.get("/v1/keys").status_code == 200
        cookie = browser.cookies["unstill_session"]
    assert cookie not in server.said() + (server.data / "sessions.json").read_text()
    assert server.stop() == 0
    server.log.unlink()
    server.start()
    assert link_of(server) != link
    with server.client(cookies={"unstill_session": cookie}) as browser, server.client() as stranger:
        assert browser.get("/v1/videos").status_code == 200
        assert "set-cookie" not in stranger.get(f"/?link={link}", headers=PAGE).headers
        assert stranger.get("/v1/videos").status_code == 401


@pytest.mark.parametrize("claim", ["true", "false"])
def test_the_first_browser_claims_where_that_is_set(live: Callable[..., Live], claim: str) -> None:
    """In a container the first page that is opened is the owner's; after it, and without the setting, none
    gets in so, not even over a restart."""
    server = live(UNSTILL_AUTH="keys", UNSTILL_CLAIM=claim).start()
    with server.client() as program, server.client() as first, server.client() as second:
        program.get("/", headers={"Accept": "*/*"})
        assert program.get("/v1/videos").status_code == 401
        first.get("/", headers=PAGE)
        assert first.get("/v1/videos").status_code == (200 if claim == "true" else 401)
        second.get("/", headers=PAGE)
        assert second.get("/v1/videos").status_code == 401
    assert server.stop() == 0
    server.start()
    with server.client() as late:
        late.get("/", headers=PAGE)
        assert late.get("/v1/videos").status_code == 401


def test_keys_that_cannot_be_trusted_stop_the_start(live: Callable[..., Live]) -> None:
    """A damaged key file opens nothing to anybody: the server says what is wrong and leaves it as it is."""
    server = live()
    added(server, "a")
    path = Path(server.data, "keys.json")
    path.write_bytes(path.read_bytes()[:-20])
    left = path.read_bytes()
    server.start(wait=False)
    assert server.process is not None
    assert server.process.wait(60) != 0
    assert "keys.json" in server.said()
    assert "Traceback" not in server.said().partition("keys.json")[2]
    assert path.read_bytes() == left
