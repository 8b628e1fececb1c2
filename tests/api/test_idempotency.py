"""The same request twice: answered from the store, whatever has become of the server meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from api_parts import Station, png
from PIL import Image

from unstill.core.queue import Limits
from unstill.core.room import Room

PICTURE = {"input_reference": ("a.png", png())}
Make = Callable[..., dict[str, Any]]


def noisy() -> bytes:
    """A picture of more than 1 MiB: too large to be carried in memory."""
    file = io.BytesIO()
    Image.effect_noise((1400, 1000), 90).save(file, "PNG")
    assert len(file.getvalue()) > 1 << 20
    return file.getvalue()


@contextmanager
def in_trouble(station: Station, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server stops, its queue and disk are full, and no picture can be decoded."""
    with monkeypatch.context() as trouble:
        trouble.setattr(station.service, "draining", True)
        trouble.setattr(station.service, "limits", Limits(0, 0))
        trouble.setattr(station.service, "room", Room(station.data, quota_bytes=0))
        trouble.setattr(station.service, "inbox", None)
        yield


def code(reply: httpx.Response) -> str:
    return str(reply.json()["error"]["code"])


def test_the_same_key_gives_the_same_video(web: httpx.Client, station: Station) -> None:
    """Sent thrice: one job, one picture on disk. Another request under the key is an error."""
    before = len(list(station.data.glob("inputs/*")))
    headers = {"Idempotency-Key": "once"}
    sent = [web.post("/v1/videos", data={"prompt": "x"}, files=PICTURE, headers=headers) for _ in range(3)]
    assert len({reply.json()["id"] for reply in sent}) == 1
    other = web.post("/v1/videos", data={"prompt": "y"}, files=PICTURE, headers=headers)
    assert (other.status_code, other.headers["x-should-retry"]) == (409, "false")
    assert code(other) == "idempotency_mismatch"
    picture = {"input_reference": ("a.png", png(seed=1))}
    assert web.post("/v1/videos", data={"prompt": "x"}, files=picture, headers=headers).status_code == 409
    assert len(list(station.data.glob("inputs/*"))) == before + 1


@pytest.mark.parametrize("picture", [png(), noisy()], ids=["small", "large"])
def test_a_repeated_create_needs_nothing_of_the_server(
    web: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch, picture: bytes
) -> None:
    """Not a free place, not a byte of disk, no decoder; not even that it goes on taking requests."""
    whole: dict[str, Any] = {"data": {"prompt": "x", "size": "64x48"}, "files": {"input_reference": picture}}
    headers = {"Idempotency-Key": f"calm-{len(picture)}"}
    made = web.post("/v1/videos", **whole, headers=headers).json()
    with in_trouble(station, monkeypatch):
        again = web.post("/v1/videos", **whole, headers=headers)
        assert (again.status_code, again.json()["id"]) == (200, made["id"])
        other = web.post("/v1/videos", **{**whole, "data": {"prompt": "y"}}, headers=headers)
        assert (other.status_code, code(other)) == (409, "idempotency_mismatch")
        new = web.post("/v1/videos", **whole, headers={"Idempotency-Key": "another"})
        assert (new.status_code, code(new)) == (503, "shutting_down")
    assert not list(station.data.glob("tmp/*"))


def test_a_repeated_remix_or_extension_needs_not_even_its_source(
    web: httpx.Client, station: Station, finished: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was accepted once; that the source was deleted since changes nothing."""
    source = finished()
    data = web.get(f"/v1/videos/{source['id']}/content").content
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"/v1/videos/{source['id']}/remix", {"json": {"prompt": "hold"}}),
        ("/v1/videos/extensions", {"json": {"prompt": "on", "seconds": "1", "video": {"id": source["id"]}}}),
        ("/v1/videos/extensions", {"data": {"prompt": "on", "seconds": "1"}, "files": {"video": data}}),
    ]
    station.worker.paused = True
    sent = [
        web.post(path, **body, headers={"Idempotency-Key": f"d{n}"}) for n, (path, body) in enumerate(calls)
    ]
    made = [reply.json()["id"] for reply in sent]
    assert len(set(made)) == 3
    web.delete(f"/v1/videos/{source['id']}")
    with in_trouble(station, monkeypatch):
        for n, (path, body) in enumerate(calls):
            again = web.post(path, **body, headers={"Idempotency-Key": f"d{n}"})
            assert (again.status_code, again.json()["id"]) == (200, made[n])
            other = web.post(path, **body, headers={"Idempotency-Key": f"d{(n + 1) % 3}"})
            assert (other.status_code, code(other)) == (409, "idempotency_mismatch")


def test_one_request_is_the_same_as_a_form_and_as_json(web: httpx.Client) -> None:
    """Settings are compared as they are read, an option's included; an unknown field is none of them."""
    import base64

    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    headers = {"Idempotency-Key": "two ways"}
    form = {"prompt": "x", "num_frames": "6", "loop": "true", "options[step]": "3", "wild": "1"}
    first = web.post("/v1/videos", data=form, files=PICTURE, headers=headers).json()
    fields = {"prompt": "x", "num_frames": 6, "loop": True, "options": {"step": 3}, "input_reference": url}
    assert web.post("/v1/videos", json=fields, headers=headers).json()["id"] == first["id"]
    assert web.post("/v1/videos", json={**fields, "seed": 1}, headers=headers).status_code == 409


def test_keys_are_each_owners_own(web: httpx.Client) -> None:
    """Two owners may use the same word."""
    made = {
        web.post(
            "/v1/videos", data={"prompt": "x"}, files=PICTURE,
            headers={"Idempotency-Key": "mine", "Authorization": f"Bearer {owner}"},
        ).json()["id"]
        for owner in ("key_a", "key_b")
    }  # fmt: skip
    assert len(made) == 2
