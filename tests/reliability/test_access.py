"""Keys and limits over the whole server: who is let in, and what they get to see."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from hostile import faults
from keyed import added, bearer, create, log_files, unstill
from live import Live

GIVEN = "a-key-from-the-settings"
PUBLIC = {"/healthz", "/readyz", "/docs", "/openapi.json"}
METHODS = ("get", "post", "delete", "put", "patch")


def routes(server: Live) -> list[tuple[str, str]]:
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, calls in paths.items() for method in calls if method in METHODS]


@dataclass(frozen=True)
class Two:
    """A server with two keys' owners; the first has a finished video."""

    server: Live
    first: str
    second: str
    video: str


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, engines: str) -> Iterator[Two]:
    with Live(tmp_path_factory.mktemp("access") / "data", engines) as server:
        first, second = (added(server, name) for name in ("first", "second"))
        server.start()
        with server.client(headers=bearer(first)) as client:
            video = create(client).raise_for_status().json()["id"]
            while client.get(f"/v1/videos/{video}").json()["state"] in ("queued", "in_progress"):
                pass
            assert client.get(f"/v1/videos/{video}").json()["state"] == "completed"
        yield Two(server, first, second, video)
        assert faults(server) == []


# --- who is let in


def test_without_a_key_nothing_is_to_be_had(two: Two) -> None:
    """401 in the one shape on every route but health and docs, whatever is sent for a key."""
    for method, path in routes(two.server):
        if path in PUBLIC:
            continue
        for headers in (
            {},
            bearer("uns_" + "x" * 32),
            {"X-Api-Key": "x"},
            {"Cookie": "unstill_session=ses_x"},
        ):
            with two.server.client(headers=headers) as client:
                answer = client.request(method, path.replace("{video_id}", two.video))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            error = answer.json()["error"]
            assert set(error) == {"message", "type", "param", "code", "hint"}
            assert error["code"] == "invalid_api_key"


def test_another_owners_videos_do_not_exist(two: Two) -> None:
    """404 on every route that takes an id, the very answer to an id that nobody has; nothing changes."""
    unknown = "video_" + "0" * 24
    with two.server.client(headers=bearer(two.first)) as owner, two.server.client() as other:
        other.headers.update(bearer(two.second))
        before = owner.get(f"/v1/videos/{two.video}").json()
        asked = [call for call in routes(two.server) if "{video_id}" in call[1]]
        assert len(asked) >= 7
        for method, path in asked:
            body = {"json": {"prompt": "x"}} if path.endswith("remix") else {}
            theirs, nobodys = (
                other.request(method, path.replace("{video_id}", video), **body)  # type: ignore[arg-type]
                for video in (two.video, unknown)
            )
            assert theirs.status_code == nobodys.status_code == 404, (method, path)
            assert theirs.text.replace(two.video, unknown) == nobodys.text
        go_on = {"prompt": "x", "seconds": "1", "video": {"id": two.video}}
        assert other.post("/v1/videos/extensions", json=go_on).status_code == 404
        assert other.get("/v1/videos", params={"after": two.video}).status_code == 404
        assert other.get("/v1/videos").json()["data"] == []
        assert owner.get(f"/v1/videos/{two.video}").json() == before


def test_a_file_of_anothers_is_no_way_to_their_video(two: Two) -> None:
    """Whoever was given the file can read its settings, and not go on from a video that is not theirs."""
    with two.server.client(headers=bearer(two.first)) as client:
        raw = client.get(f"/v1/videos/{two.video}/content").content
    with two.server.client(headers=bearer(two.second)) as client:
        files = {"video": ("a.mp4", raw, "video/mp4")}
        answer = client.post("/v1/videos/extensions", data={"prompt": "x", "seconds": "1"}, files=files)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported")


def test_an_idempotency_key_is_its_owners(two: Two) -> None:
    ids = set()
    for secret in (two.first, two.second):
        with two.server.client(headers=bearer(secret)) as client:
            for _ in range(2):
                ids.add(create(client, {"Idempotency-Key": "the same"}).raise_for_status().json()["id"])
    assert len(ids) == 2


def test_keys_are_the_operators_to_manage(two: Two) -> None:
    """A key of somebody's is not enough; the command line on the same machine is."""
    with two.server.client(headers=bearer(two.first)) as client:
        for method, path in (("GET", "/v1/keys"), ("POST", "/v1/keys"), ("POST", "/v1/backup")):
            assert client.request(method, path, json={"name": "mine"}).status_code == 403
    about = two.server.data / "server.json"
    assert stat.S_IMODE(about.stat().st_mode) == 0o600
    with two.server.client(headers=bearer(two.server.about()["secret"])) as client:
        assert [key["name"] for key in client.get("/v1/keys").json()["data"]] == ["first", "second"]


def test_a_key_revoked_by_the_command_line_ends_at_once(two: Two) -> None:
    """And with it the sessions that it started; the server runs on."""
    made = unstill(two.server, "keys", "add", "short-lived")
    with two.server.client() as browser, two.server.client(headers=bearer(made["secret"])) as client:
        assert client.get("/v1/videos").status_code == 200
        assert browser.post("/v1/session", headers=bearer(made["secret"])).status_code == 200
        assert browser.get("/v1/videos").status_code == 200
        unstill(two.server, "keys", "revoke", made["id"])
        assert client.get("/v1/videos").status_code == 401
        assert browser.get("/v1/videos").status_code == 401
    assert two.second not in log_files(two.server)
    assert made["secret"] not in two.server.said() + log_files(two.server)


def test_a_key_in_the_settings(live: Callable[..., Live]) -> None:
    """UNSTILL_API_KEY opens the server, and only it; no other is made or shown."""
    server = live(UNSTILL_API_KEY=GIVEN).start()
    with server.client() as client:
        assert client.get("/v1/videos").status_code == 401
        assert client.get("/v1/videos", headers=bearer(GIVEN + "x")).status_code == 401
        made = create(client, bearer(GIVEN)).raise_for_status().json()["id"]
        assert client.get(f"/v1/videos/{made}", headers={"X-Api-Key": GIVEN}).status_code == 200
        assert client.get("/v1/keys", headers=bearer(GIVEN)).status_code == 403
    assert GIVEN not in server.said() + log_files(server)
    assert "API key, shown only now" not in server.said()


# --- limits


def test_each_owner_has_a_place_in_the_queue(live: Callable[..., Live]) -> None:
    """429 with the time to wait for the one who has too many waiting, and in the end for all; others, and
    those who only look, go on."""
    server = live(UNSTILL_QUEUE_LIMIT="3", UNSTILL_QUEUE_LIMIT_PER_KEY="2", UNSTILL_STAGE_S="3600")
    secrets = [added(server, name) for name in ("a", "b")]
    server.start()
    with server.client(headers=bearer(secrets[0])) as first, server.client() as second:
        second.headers.update(bearer(secrets[1]))
        held = create(first, prompt="asleep", model="naughty").raise_for_status().json()["id"]
        while first.get(f"/v1/videos/{held}").json()["state"] == "queued":
            pass
        mine = [create(first).raise_for_status().json()["id"] for _ in range(2)]
        refuse(create(first), "owner_queue_full")
        create(second).raise_for_status()
        refuse(create(second), "queue_full")
        assert first.get("/v1/videos").status_code == 200
        assert first.post(f"/v1/videos/{mine[0]}/cancel").status_code == 200
        create(first).raise_for_status()
    assert len(server.inputs()) == 5
    assert faults(server) == []


def refuse(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, code)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers.get("x-should-retry") == "true"
