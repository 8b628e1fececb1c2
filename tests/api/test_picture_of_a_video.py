"""A video of the picture of an earlier one: named by its id, so that nothing is sent a second time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_parts import Station, png

Make = Callable[..., dict[str, Any]]


def settled(web: httpx.Client, video_id: str) -> dict[str, Any]:
    while True:
        body: dict[str, Any] = web.get(f"/v1/videos/{video_id}").json()
        if body["state"] not in ("queued", "in_progress"):
            return body


@pytest.mark.parametrize("form", [True, False])
def test_the_picture_is_shared(web: httpx.Client, station: Station, finished: Make, form: bool) -> None:
    """One file for both; settings are those of the request, not the other video's."""
    first = finished(seed="5", num_frames="6")
    sent: dict[str, Any] = (
        {"data": {"prompt": "hold", "input_reference[id]": first["id"]}}
        if form
        else {"json": {"prompt": "hold", "input_reference": {"id": first["id"]}}}
    )
    reply = web.post("/v1/videos", **sent)
    assert reply.status_code == 200, reply.text
    second = settled(web, reply.json()["id"])
    assert (second["state"], second["num_frames"]) == ("completed", 8)
    assert second["input"] == first["input"]
    assert second["seed"] != 5
    pictures = [web.get(f"/v1/videos/{video['id']}/input").content for video in (first, second)]
    assert pictures[0] == pictures[1]
    assert not list(station.data.glob(f"inputs/{second['id']}*"))


def test_it_stays_when_the_other_video_goes(web: httpx.Client, finished: Make) -> None:
    """And a deleted one's is not to be had."""
    first = finished()
    second = web.post("/v1/videos", json={"prompt": "hold", "input_reference": {"id": first["id"]}}).json()
    settled(web, second["id"])
    web.delete(f"/v1/videos/{first['id']}")
    assert web.get(f"/v1/videos/{second['id']}/input").status_code == 200
    gone = web.post("/v1/videos", json={"prompt": "x", "input_reference": {"id": first["id"]}})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "video_not_found")


def test_a_key_means_one_of_them(web: httpx.Client, finished: Make) -> None:
    """The same request again is the same video; with another picture it is another request."""
    first, other = finished(), finished()
    headers = {"Idempotency-Key": f"of-{first['id']}"}
    body = {"prompt": "hold", "input_reference": {"id": first["id"]}}
    ids = {web.post("/v1/videos", json=body, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    for different in (
        {"json": {**body, "input_reference": {"id": other["id"]}}},
        {"data": {"prompt": "hold"}, "files": {"input_reference": ("a.png", png())}},
    ):
        reply = web.post("/v1/videos", **different, headers=headers)  # type: ignore[arg-type]
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "idempotency_mismatch")


@pytest.mark.parametrize("given", [{"id": "video_nothing"}, {"id": "../../etc/passwd"}, {"id": "x" * 400}])
def test_an_id_of_nothing(web: httpx.Client, given: dict[str, str]) -> None:
    """404, and nothing is made."""
    reply = web.post("/v1/videos", json={"prompt": "x", "input_reference": given})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "video_not_found")


def test_an_id_that_is_none(web: httpx.Client) -> None:
    """A number, a list: neither a picture nor an id."""
    for given in ({"id": 7}, {"id": ["a"]}, {"id": None}):
        reply = web.post("/v1/videos", json={"prompt": "x", "input_reference": given})
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "input_reference")
