"""Keys, the page's session, and the claim of a new server, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import Server, serving

from unstill.adapters.key_store import KeyFile, SessionFile
from unstill.apps.api.guard import SESSION_PATH, GuardSettings

PAGE = {"Accept": "text/html"}


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path)


@pytest.fixture
def server(tmp_path: Path, keys: KeyFile) -> Iterator[Server]:
    settings = GuardSettings(auth="keys", claimable=True, link_token="link-token")
    with serving(tmp_path, settings, keys, SessionFile(tmp_path)) as server:
        yield server


OPERATOR = "operator-" + "s" * 32


@pytest.fixture
def operated(tmp_path: Path, keys: KeyFile) -> Iterator[Server]:
    """A server whose operator has a secret of his own."""
    settings = GuardSettings(auth="keys", operator=OPERATOR)
    with serving(tmp_path, settings, keys, SessionFile(tmp_path)) as server:
        yield server


def asks(server: Server, **headers: str) -> httpx.Response:
    return httpx.get(server.url + "/v1/x", headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_without_keys_every_bearer_is_ignored(tmp_path: Path) -> None:
    """Clients always send one."""
    with serving(tmp_path, GuardSettings()) as server:
        answer = asks(server, Authorization="Bearer sk-anything")
        assert (answer.json()["owner"], answer.json()["via"]) == ("", "none")


def test_a_key_opens_as_bearer_and_as_x_api_key(server: Server, keys: KeyFile) -> None:
    """The owner of what is made is the key's id."""
    key, secret = keys.add("laptop")
    for headers in (
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer {secret}"},
        {"X_Api_Key": secret},
    ):
        assert asks(server, **headers).json()["owner"] == key.id


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer uns_" + "a" * 32},
        {"Authorization": "Basic dTpw"},
        {"X_Api_Key": "x" * 10_000},
        {"Cookie": "unstill_session=ses_" + "b" * 32},
        {"Authorization": "Bearer \xe9"},
    ],
)
def test_anything_else_is_401(server: Server, keys: KeyFile, headers: dict[str, str]) -> None:
    keys.add("laptop")
    encoded = {k: v.encode("latin-1") for k, v in headers.items()}
    answer = httpx.get(server.url + "/v1/x", headers={k.replace("_", "-"): v for k, v in encoded.items()})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert server.app.calls == []


def test_a_revoked_key_is_refused_at_once(server: Server, keys: KeyFile, tmp_path: Path) -> None:
    """Also when the command line revoked it in another process, and with it its sessions."""
    key, secret = keys.add("laptop")
    with httpx.Client() as browser:
        assert browser.post(server.url + SESSION_PATH, headers={"X-Api-Key": secret}).json()["signed_in"]
        assert browser.get(server.url + "/v1/x").json() == {"bytes": 0, "owner": key.id, "via": "session"}
        KeyFile(tmp_path).revoke(key.id)
        assert asks(server, Authorization=f"Bearer {secret}").status_code == 401
        assert browser.get(server.url + "/v1/x").status_code == 401


def test_health_and_the_pages_own_files_are_free(server: Server) -> None:
    for path in ("/healthz", "/readyz", "/favicon.ico"):
        assert httpx.get(server.url + path).status_code == 200
    assert httpx.get(server.url + "/assets/none.js").status_code == 404
    for path in ("/assets", "/healthz/x", "/v1/healthz", "/metrics"):
        assert httpx.get(server.url + path).status_code == 401


def test_the_first_browser_claims_the_server(server: Server, tmp_path: Path) -> None:
    """It gets a session that pages of other sites and scripts cannot use; the next browser gets none."""
    with httpx.Client() as first, httpx.Client() as second:
        opened = first.get(server.url + "/", headers=PAGE)
        cookie = opened.headers["set-cookie"]
        assert opened.status_code == 200
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert first.get(server.url + "/v1/x").json() == {"bytes": 0, "owner": "", "via": "session"}
        assert "set-cookie" not in second.get(server.url + "/", headers=PAGE).headers
        assert second.get(server.url + "/v1/x").status_code == 401
        assert not second.get(server.url + SESSION_PATH).json()["signed_in"]
        assert first.get(server.url + SESSION_PATH).json() == {
            "auth": "keys",
            "signed_in": True,
            "via": "session",
        }
        secret = first.cookies["unstill_session"]
    assert secret not in (tmp_path / "sessions.json").read_text()
    assert SessionFile(tmp_path).owner(secret) == ""  # it outlives the server


def test_programs_and_prefetches_claim_nothing(server: Server) -> None:
    for headers in (
        {},
        {"Accept": "*/*"},
        {**PAGE, "Sec-Purpose": "prefetch"},
        {**PAGE, "Sec-Fetch-Dest": "empty"},
    ):
        assert "set-cookie" not in httpx.get(server.url + "/", headers=headers).headers


def test_the_link_lets_later_browsers_in(server: Server) -> None:
    """And leaves the address bar at once. A wrong one does nothing."""
    httpx.get(server.url + "/", headers=PAGE)
    assert "set-cookie" not in httpx.get(server.url + "/?link=wrong", headers=PAGE).headers
    with httpx.Client(follow_redirects=False) as browser:
        opened = browser.get(server.url + "/?link=link-token", headers=PAGE)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert browser.get(server.url + "/v1/x").status_code == 200
        assert not browser.delete(server.url + SESSION_PATH).json()["signed_in"]
        assert browser.get(server.url + "/v1/x").status_code == 401


def test_a_foreign_page_cannot_use_the_session(server: Server) -> None:
    """Whatever a browser's rules for cookies, Origin is looked at first."""
    with httpx.Client() as browser:
        browser.get(server.url + "/", headers=PAGE)
        answer = browser.post(server.url + "/v1/x", headers={"Origin": "http://localhost:1"})
        assert answer.json()["error"]["code"] == "foreign_origin"


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {OPERATOR}"}, {"X_Api_Key": OPERATOR}])
def test_the_operators_secret_means_the_operator(operated: Server, headers: dict[str, str]) -> None:
    """The command line on the same machine acts for nobody in particular, beside all keys."""
    answer = asks(operated, **headers).json()
    assert (answer["owner"], answer["via"]) == ("", "key")


@pytest.mark.parametrize(
    "secret", ["", OPERATOR[:-1], OPERATOR + "s", OPERATOR.upper(), OPERATOR[1:], "operator", "\xe9" * 9]
)
def test_nothing_but_the_whole_secret_does(operated: Server, keys: KeyFile, secret: str) -> None:
    """And keys go on to work as ever."""
    headers = {"Authorization": f"Bearer {secret}".rstrip().encode("latin-1")}
    assert httpx.get(operated.url + "/v1/x", headers=headers).status_code == 401
    key, own = keys.add("laptop")
    assert asks(operated, X_Api_Key=own).json()["owner"] == key.id


@pytest.mark.parametrize("operator", [None, ""])
def test_without_an_operators_secret_none_is_taken(tmp_path: Path, operator: str | None) -> None:
    """An empty one least of all."""
    with serving(tmp_path, GuardSettings(auth="keys", operator=operator)) as server:
        for headers in ({}, {"Authorization": "Bearer"}, {"X_Api_Key": ""}, {"X_Api_Key": "None"}):
            assert asks(server, **headers).status_code == 401


def test_secrets_do_not_show_in_the_settings(tmp_path: Path) -> None:
    """Whoever logs them logs no secret."""
    shown = repr(GuardSettings(operator=OPERATOR, link_token="link-token"))
    assert OPERATOR not in shown
    assert "link-token" not in shown
