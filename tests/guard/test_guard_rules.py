"""Who may ask at all: hosts, foreign pages, paths, rates; and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import Server, body, head, serving, status

from unstill.apps.api.guard import GuardSettings
from unstill.apps.api.guard.buckets import Buckets
from unstill.apps.api.language import language_of
from unstill.domain.service_errors import TooManyRequests


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("root"), GuardSettings(burst=100_000)) as server:
        yield server


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:7860", "127.0.0.1:1", "127.9.9.9", "[::1]:7860", "localhost."]
)
def test_our_own_names_are_answered(server: Server, host: str) -> None:
    """Loopback by any of its names, whatever the port: it may be published under another."""
    assert status(server.say(head("GET", "/v1/x", "Connection: close", host=host))) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", "a@localhost",
             "localhost, evil.example", "[::1", "0.0.0.0", "2130706433", ""],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/v1/x", "/healthz", "/assets/a.js"])
def test_a_foreign_host_is_refused_everywhere(server: Server, host: str, path: str) -> None:
    """DNS rebinding: the name in Host is the attacker's, even if the address is ours."""
    before = len(server.app.calls)
    answer = server.say(head("GET", path, "Connection: close", host=host))
    assert status(answer) == 403
    assert body(answer)["error"]["code"] == "foreign_host"
    assert len(server.app.calls) == before


def test_no_host_and_two_hosts_are_refused(server: Server) -> None:
    assert status(server.say(b"GET /v1/x HTTP/1.0\r\n\r\n")) == 403
    assert status(server.say(b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")) == 400


def test_configured_names_and_bare_addresses(tmp_path: Path) -> None:
    """On every address any bare address will do (rebinding needs a name); names only where configured."""
    with serving(tmp_path, GuardSettings(bind="0.0.0.0", hosts=("video.Example",))) as server:
        for host, expected in (
            ("192.168.1.5:80", 200),
            ("[fd00::1]", 200),
            ("video.example", 200),
            ("other.example", 403),
        ):
            assert status(server.say(head("GET", "/v1/x", "Connection: close", host=host))) == expected
    with serving(tmp_path, GuardSettings(hosts=("*",))) as server:
        assert status(server.say(head("GET", "/v1/x", "Connection: close", host="any.example"))) == 200


FOREIGN = ["http://evil.example", "https://localhost.evil.example", "null", "http://localhost:1", "file://", "http://[",
           "http://localhost", "chrome-extension://abc"]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "GET", "OPTIONS"])
def test_a_foreign_origin_is_refused_before_the_body_is_read(
    server: Server, origin: str, method: str
) -> None:
    """Uploads included: the answer comes although 10 MB are announced and not one byte is sent."""
    before, seen = len(server.app.calls), server.app.bytes_seen
    answer = server.say(
        head(
            method,
            "/v1/videos",
            f"Origin: {origin}",
            "Content-Length: 10000000",
            host=f"localhost:{server.port}",
        )
    )
    assert status(answer) == 403
    assert body(answer)["error"]["code"] == "foreign_origin"
    assert b"access-control" not in answer.lower()
    assert (len(server.app.calls), server.app.bytes_seen) == (before, seen)


def test_our_own_page_and_programs_may(server: Server) -> None:
    """Same origin, with and without a default port behind a proxy; and clients that send no Origin."""
    for host, origin in (
        (f"localhost:{server.port}", f"http://localhost:{server.port}"), ("localhost", "https://localhost"),
        ("localhost:443", "https://localhost"), ("[::1]:80", "http://[::1]"),
    ):  # fmt: skip
        raw = (
            head("POST", "/v1/x", f"Origin: {origin}", "Content-Length: 2", "Connection: close", host=host)
            + b"{}"
        )
        assert body(server.say(raw))["bytes"] == 2
    assert httpx.post(server.url + "/v1/x", content=b"{}").json()["bytes"] == 2


@pytest.mark.parametrize(
    ("site", "mode", "dest", "method", "expected"),
    [("cross-site", "no-cors", "image", "GET", 403), ("same-site", "no-cors", "video", "GET", 403),
     ("cross-site", "navigate", "document", "GET", 200), ("cross-site", "navigate", "iframe", "GET", 403),
     ("cross-site", "navigate", "document", "POST", 403), ("same-origin", "cors", "empty", "POST", 200),
     ("none", "navigate", "document", "GET", 200), ("odd", "cors", "empty", "GET", 403)],
)  # fmt: skip
def test_what_the_browser_says_of_the_relation(
    server: Server, site: str, mode: str, dest: str, method: str, expected: int
) -> None:
    """Without an Origin, Sec-Fetch-Site tells; only opening a page by a link is fine from elsewhere."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert httpx.request(method, server.url + "/v1/x", headers=headers).status_code == expected


def test_pages_named_in_the_settings_may(tmp_path: Path) -> None:
    """CORS only for them, preflight included, and without cookies."""
    friend = {"Origin": "https://friend.example"}
    with serving(tmp_path, GuardSettings(origins=("https://friend.example",))) as server:
        asked = httpx.options(
            server.url + "/v1/videos", headers={**friend, "Access-Control-Request-Method": "POST"}
        )
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == "https://friend.example"
        assert "authorization" in asked.headers["access-control-allow-headers"]
        posted = httpx.post(server.url + "/v1/x", content=b"{}", headers=friend)
        assert posted.headers["access-control-allow-origin"] == "https://friend.example"
        assert "access-control-allow-credentials" not in posted.headers
        assert (
            httpx.post(server.url + "/v1/x", headers={"Origin": "https://friend.example.evil"}).status_code
            == 403
        )


@pytest.mark.parametrize("kind", ["html", "json", "error", "boom"])
def test_every_answer_carries_the_security_headers(server: Server, kind: str) -> None:
    path = {"html": "/", "json": "/v1/x", "error": "/v1/../x", "boom": "/v1/boom"}[kind]
    answer = server.say(head("GET", path, "Connection: close"))
    headers = httpx.Headers(
        [tuple(line.split(b": ", 1)) for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers
    assert ("script-src 'self'" in headers["content-security-policy"]) == (kind == "html")


def test_what_nobody_foresaw_is_an_incident(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """500 in the one shape, with an id that stands in the log once and no detail."""
    answer = httpx.get(server.url + "/v1/boom")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "unexpected"
    assert "secret detail" not in answer.text
    incident = answer.json()["error"]["message"].split("incident ")[1][:8]
    assert sum(incident in record.getMessage() for record in caplog.records) == 1


def test_errors_speak_the_clients_language(server: Server) -> None:
    answer = httpx.get(
        server.url + "/v1/x", headers={"Host": "evil.example", "Accept-Language": "zh-CN,en;q=0.5"}
    )
    assert "不接受" in answer.json()["error"]["message"]
    assert set(answer.json()["error"]) == {"message", "type", "param", "code", "hint"}
    assert answer.headers["x-should-retry"] == "false"
    assert httpx.head(server.url + "/v1/x", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("text", "expected"),
    [("zh", "zh"), ("en, zh", "en"), ("zh;q=0.2, en;q=0.9", "en"), ("fr, zh-TW;q=0.1", "zh"), ("", "en"),
     ("zh;q=x", "en"), ("de", "en"), ("zh;q=0", "en"), ("zh, en", "zh"), ("en;q=0.5, zh;q=0.5", "en"),
     ("EN-gb", "en"), ("zh-Hant-TW", "zh"), ("*", "en"), ("zhx", "en"), ("de," * 40 + "zh", "en")],
)  # fmt: skip
def test_the_language_is_the_one_ranked_higher(text: str, expected: str) -> None:
    """Of two that are ranked alike the one named first."""
    assert language_of([(b"accept-language", text.encode())]) == expected


def test_a_server_has_a_language_of_its_own() -> None:
    """For clients that name neither of ours; a header may come in parts."""
    assert language_of([(b"accept-language", b"de")], "zh") == language_of([], "zh") == "zh"
    parts = [(b"accept-language", b"de"), (b"accept", b"zh"), (b"accept-language", b"en;q=0.1")]
    assert language_of(parts, "zh") == "en"


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/v1/x",
        "localhost:80",
        "v1/x",
        "/v1/%00",
        "/..",
        "/a/%2e%2e/b",
        "/a/..%5cb",
        "/a%0d%0aSet-Cookie:x",
    ],
)
def test_odd_targets_are_malformed(server: Server, target: str) -> None:
    method = "CONNECT" if target == "localhost:80" else "GET"
    assert status(server.say(head(method, target, "Connection: close"))) == 400


def test_head_and_options_reach_the_app(server: Server) -> None:
    """HEAD has no body; a plain OPTIONS is the app's to answer."""
    answer = server.say(head("HEAD", "/", "Connection: close"))
    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")
    assert httpx.options(server.url + "/v1/x").status_code == 200


def test_too_many_requests(tmp_path: Path) -> None:
    """So many at once, then 429 with the time to wait; health stays free."""
    with serving(tmp_path, GuardSettings(burst=5, rate_per_s=0.1)) as server, httpx.Client() as client:
        codes = [client.get(server.url + "/v1/x").status_code for _ in range(6)]
        assert codes == [200] * 5 + [429]
        refused = client.get(server.url + "/v1/x")
        assert refused.json()["error"]["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 11
        assert "x-should-retry" not in refused.headers
        assert client.get(server.url + "/healthz").status_code == 200


def test_a_bucket_fills_again_and_names_are_bounded() -> None:
    now = [0.0]
    buckets = Buckets(2.0, 3, lambda: now[0])
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("a")
    assert refused.value.facts["seconds"] == 1
    now[0] = 0.5
    buckets.take("a")
    for number in range(10_000):
        buckets.take(str(number))
    assert len(buckets._levels) == 4096
