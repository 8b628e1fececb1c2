"""The list of models is long: it travels packed to who takes it so, and plain to who does not."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.testclient import TestClient

from unstill.apps.api.packed import packed

LONG = {"data": [{"id": f"model-{number}", "about": "一段很长的说明 " * 20} for number in range(40)]}


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/long")
    async def long(request: Request) -> Response:
        return packed(request, LONG)

    @app.get("/short")
    async def short(request: Request) -> Response:
        return packed(request, {"data": []})

    return TestClient(app)


def raw(client: TestClient, path: str, accept: str) -> tuple[bytes, httpx.Headers]:
    with client.stream("GET", path, headers={"Accept-Encoding": accept}) as answer:
        return b"".join(answer.iter_raw()), answer.headers


@pytest.mark.parametrize("accept", ["gzip", "br, GZIP;q=0.5", "deflate, gzip"])
def test_packed(client: TestClient, accept: str) -> None:
    body, headers = raw(client, "/long", accept)
    assert headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(body)) == LONG
    assert len(body) < len(json.dumps(LONG)) / 5


@pytest.mark.parametrize("accept", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0"])
def test_plain(client: TestClient, accept: str) -> None:
    body, headers = raw(client, "/long", accept)
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"
    assert json.loads(body) == LONG


def test_what_is_short_stays_as_it_is(client: TestClient) -> None:
    body, headers = raw(client, "/short", "gzip")
    assert "content-encoding" not in headers
    assert json.loads(body) == {"data": []}
