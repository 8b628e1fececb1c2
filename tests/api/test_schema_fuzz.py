"""Requests made up from /openapi.json against a real server, guard and all: nothing breaks it, and every
answer is as documented."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from api_parts import Station, build, png
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from testcard import TESTCARD
from unstill.apps.api.app import create_app
from unstill.apps.api.guard import GuardSettings
from unstill.core.events import Events
from unstill.core.queue import Page

EXAMPLES, SOAK_EXAMPLES = 12, 500
TWINS = ("/v1/videos/sync", "/v1/videos/{video_id}/remix")
"""They take what a create takes."""
URL = "data:image/png;base64," + base64.b64encode(png()).decode()
ASKED = {"prompt": "pan left", "seconds": "1", "size": "64x48"}
FORM, JSON, PATH_ID = "multipart/form-data", "application/json", "video_id"


def described() -> dict[str, Any]:
    """/openapi.json, which depends on no part of the server."""
    store = SimpleNamespace(page=lambda **_: Page((), more=False))
    service: Any = SimpleNamespace(store=store, events=Events(), pulls=None)
    return create_app(service).openapi()


def schema_of(examples: int, *, thorough: bool) -> Any:
    """Made up at random, always the same, and at the bounds of every field."""
    generation = {"deterministic": True, "max-examples": examples, "database": "none", "no-shrink": True}
    lighter = [{"include-path": path, "phases": {"coverage": {"enabled": thorough}}} for path in TWINS]
    config = schemathesis.Config.from_dict({"seed": 1, "generation": generation, "operations": lighter})
    return schemathesis.openapi.from_dict(described(), config=config)


@dataclass
class Fuzzed:
    """A running server and a finished video in it."""

    station: Station
    video: str
    file: bytes
    session: requests.Session

    @property
    def url(self) -> str:
        return self.station.url


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    rules = GuardSettings(burst=10**9)
    station = build(tmp_path_factory.mktemp("fuzzed"), [TESTCARD], guard=rules, sync_s=5.0)
    station.start()
    try:
        made = httpx.post(
            f"{station.url}/v1/videos/sync", data=ASKED, files={"input_reference": png()}, timeout=60
        )
        with requests.Session() as session:
            yield Fuzzed(station, made.headers["x-video-id"], made.content, session)
    finally:
        station.stop()


# --- what must be true of every answer ----------------------------------------------------------------------


def in_our_shape(context: Any, response: Response, case: Any) -> None:
    """Every error says what went wrong in the one shape, and none is one that nobody foresaw."""
    assert response.headers["x-request-id"]
    if response.status_code < 400 or case.method == "HEAD":
        return
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code", "hint"}
    assert all(error[name] for name in ("message", "type", "code", "hint"))
    if response.status_code >= 500:
        assert response.status_code in (503, 504, 507), error
        assert error["type"] == "server_error"
    if response.status_code in (429, 503):
        assert int(response.headers["retry-after"][0]) >= 1


CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.allow_header_conformance,
    checks.unsupported_method,
    in_our_shape,
]


def send(case: Any, fuzzed: Fuzzed) -> Response:
    reply: Response = case.call_and_validate(
        base_url=fuzzed.url, session=fuzzed.session, checks=CHECKS, timeout=60
    )
    return reply


# --- requests that are made up ------------------------------------------------------------------------------


def good(path: str, kind: str, fuzzed: Fuzzed) -> dict[str, Any] | None:
    """A body that this address takes."""
    if path in ("/v1/videos", "/v1/videos/sync"):
        return {**ASKED, "input_reference": png() if kind == FORM else URL}
    if path == "/v1/videos/extensions":
        named = {"video[id]": fuzzed.video} if kind == FORM else {"video": {"id": fuzzed.video}}
        return {"prompt": "on", "seconds": "1", **named}
    if path == "/v1/videos/inspect":
        return {"video": fuzzed.file}
    if path.endswith("/remix"):
        return {"prompt": "hold"}
    if path == "/v1/plans":
        return {**ASKED, "width": 640, "height": 480}
    return {"name": "laptop"} if path == "/v1/keys" else None


def made_likelier(case: Any, fuzzed: Fuzzed) -> None:
    """Half of the requests get to the heart of the matter: they name a video that there is, and differ from
    a good one in a single field. Which ones, their content decides, so that every run is the same."""
    chance = zlib.crc32(repr((case.path, case.path_parameters, case.body)).encode())
    if chance % 2:
        return
    if isinstance(case.path_parameters, dict) and PATH_ID in case.path_parameters:
        case.path_parameters[PATH_ID] = fuzzed.video
    base = good(case.path, case.media_type or "", fuzzed)
    if base is not None and isinstance(case.body, dict):
        names = sorted(case.body)
        some = names[chance // 2 % len(names) :][:1] if names else []
        case.body = {**base, **{name: case.body[name] for name in some}}


def fuzz(case: Any, fuzzed: Fuzzed) -> None:
    made_likelier(case, fuzzed)
    send(case, fuzzed)
    if case.method == "DELETE" and case.path_parameters.get(PATH_ID) == fuzzed.video:
        httpx.post(f"{fuzzed.url}/v1/videos/{fuzzed.video}/restore").raise_for_status()


schema = schema_of(EXAMPLES, thorough=False)
longer = schema_of(SOAK_EXAMPLES, thorough=True)


@schema.parametrize()
def test_every_answer_is_as_documented(case: Any, fuzzed: Fuzzed) -> None:
    """Whatever is sent: no answer of 5xx but busy and full, each status, type and body as described."""
    fuzz(case, fuzzed)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@longer.parametrize()
def test_every_answer_is_as_documented_for_long(case: Any, fuzzed: Fuzzed) -> None:
    """The same with many times as many."""
    fuzz(case, fuzzed)


def test_the_server_came_through(fuzzed: Fuzzed) -> None:
    """Behind all that it still makes videos."""
    with httpx.Client(base_url=fuzzed.url, timeout=60) as web:
        while web.get("/v1/system").json()["queue"]["queued"]:
            time.sleep(0.05)
        made = web.post("/v1/videos/sync", data=ASKED, files={"input_reference": png()})
        assert (made.status_code, made.headers["content-type"]) == (200, "video/mp4")
        assert web.get("/openapi.json").json() == described()
        assert web.get("/readyz").status_code == 200


# --- requests that are right --------------------------------------------------------------------------------

RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/healthz", {}),
    ("GET", "/readyz", {}),
    ("GET", "/metrics", {}),
    ("GET", "/v1/system", {}),
    ("GET", "/v1/doctor", {}),
    ("POST", "/v1/support-bundle", {}),
    ("POST", "/v1/backup", {}),
    ("GET", "/v1/models", {}),
    ("GET", "/v1/models/{model_id}", {"path_parameters": {"model_id": "dream"}}),
    ("GET", "/v1/loras", {}),
    ("POST", "/v1/plans", {"kind": JSON}),
    ("POST", "/v1/plans", {"kind": FORM}),
    ("POST", "/v1/videos", {"kind": FORM}),
    ("POST", "/v1/videos", {"kind": JSON}),
    ("POST", "/v1/videos/sync", {"kind": FORM}),
    ("POST", "/v1/videos/sync", {"kind": JSON}),
    ("GET", "/v1/videos", {"query": {"limit": 2, "order": "asc", "state": ["completed", "failed"]}}),
    ("POST", "/v1/videos/extensions", {"kind": FORM}),
    ("POST", "/v1/videos/extensions", {"kind": JSON}),
    ("POST", "/v1/videos/inspect", {"kind": FORM}),
    ("GET", "/v1/videos/{video_id}", {}),
    ("GET", "/v1/videos/{video_id}/events", {}),
    ("GET", "/v1/videos/{video_id}/input", {}),
    ("GET", "/v1/videos/{video_id}/content", {}),
    ("GET", "/v1/videos/{video_id}/content", {"query": {"variant": "thumbnail"}}),
    ("GET", "/v1/videos/{video_id}/content", {"query": {"variant": "spritesheet"}}),
    ("GET", "/v1/videos/{video_id}/content", {"headers": {"Range": "bytes=0-3"}, "status": 206}),
    ("GET", "/v1/videos/{video_id}/content", {"headers": {"If-None-Match": "*"}, "status": 304}),
    ("GET", "/v1/videos/{video_id}/content", {"headers": {"Range": "bytes=999999999-"}, "status": 416}),
    ("POST", "/v1/videos/{video_id}/remix", {"kind": JSON}),
    ("POST", "/v1/videos/{video_id}/remix", {"kind": FORM}),
    ("DELETE", "/v1/videos/{video_id}", {}),
    ("POST", "/v1/videos/{video_id}/restore", {}),
    ("GET", "/v1/keys", {}),
    ("POST", "/v1/keys", {"kind": JSON}),
    ("POST", "/v1/keys", {"kind": FORM}),
]


@pytest.mark.parametrize(
    ("method", "path", "given"), RIGHT, ids=[f"{m} {p} {n}" for n, (m, p, _) in enumerate(RIGHT)]
)
def test_what_is_right_succeeds_as_documented(
    fuzzed: Fuzzed, method: str, path: str, given: dict[str, Any]
) -> None:
    """Every address gives what it promises, in every form that it promises it in."""
    given = dict(given)
    status, kind = given.pop("status", 200), given.pop("kind", None)
    if PATH_ID in path:
        given["path_parameters"] = {PATH_ID: fuzzed.video}
    if kind:
        given |= {"media_type": kind, "body": good(path, kind, fuzzed)}
    with httpx.Client(base_url=fuzzed.url) as web:
        while web.get("/v1/system").json()["queue"]["queued"] > 2:
            time.sleep(0.05)
    reply = send(schema[path][method].Case(**given), fuzzed)
    assert reply.status_code == status, reply.text


def test_every_address_is_among_them() -> None:
    """But for those that settle what has to be waiting, and what is not offered."""
    elsewhere = {
        ("POST", "/v1/videos/{video_id}/cancel"), ("DELETE", "/v1/keys/{key_id}"),
        ("POST", "/v1/videos/edits"), ("POST", "/v1/videos/characters"),
        ("GET", "/v1/videos/characters/{character_id}"),
        ("GET", "/v1/advice"),  # of a video that is finished: test_advice_route
        # who translates and rewrites: test_prompt_routes, and tests/serving
        ("POST", "/v1/prompts/translate"), ("POST", "/v1/prompts/rewrite"),
        # a model with files is in tests/weights
        ("POST", "/v1/models/{model_id}/pull"), ("GET", "/v1/models/{model_id}/pull"),
        ("GET", "/v1/models/{model_id}/pull/events"), ("POST", "/v1/models/{model_id}/pull/cancel"),
        ("DELETE", "/v1/models/{model_id}"),
    }  # fmt: skip
    promised = {(m.upper(), path) for path, calls in described()["paths"].items() for m in calls}
    assert promised == {(method, path) for method, path, _ in RIGHT} | elsewhere
