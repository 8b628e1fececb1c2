"""A second picture over HTTP: sent, shared, kept, remembered and forgotten like the first one."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_parts import Station, build, png

from testcard import TESTCARD
from two_pictures import TWO_PICTURES
from unstill.core.queue import Limits
from unstill.domain.job import State
from unstill.settings import Settings
from unstill.wiring import House

FIRST, LAST, OTHER = (png(seed=seed) for seed in (1, 2, 3))
ENDS = {"prompt": "fade", "model": "ends"}
Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder = tmp_path_factory.mktemp("two")
    made = build(folder / "data", [TESTCARD, TWO_PICTURES])
    shelf = Settings(models_dir=folder / "models")
    made.service.services = House(shelf, entries=[TESTCARD, TWO_PICTURES])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def send(web: httpx.Client) -> Send:
    """Create by form; both pictures unless said otherwise."""

    def create(last: bytes | None = LAST, key: str = "", **fields: object) -> httpx.Response:
        files = {"input_reference": ("a.png", FIRST)}
        if last is not None:
            files["last_input_reference"] = ("z.png", last)
        headers = {"Idempotency-Key": key} if key else {}
        return web.post("/v1/videos", data={**ENDS, **fields}, files=files, headers=headers)

    return create


def body(reply: httpx.Response) -> dict[str, Any]:
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def told(reply: httpx.Response) -> tuple[int, str, str]:
    error = reply.json()["error"]
    return reply.status_code, error["code"], error["param"]


def kept(station: Station, video: str) -> set[str]:
    return {path.name for path in (station.data / "inputs").glob(f"{video}*")}


def settled(web: httpx.Client, video: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = web.get(f"/v1/videos/{video}").json()
        if found["state"] not in ("queued", "in_progress"):
            return found


def test_both_are_kept_and_can_be_had(web: httpx.Client, station: Station, send: Send) -> None:
    """Beside each other, as pixels; the video tells of both."""
    made = body(send())
    assert (made["input"]["name"], made["last_input"]["name"]) == ("a.png", "z.png")
    assert made["plan"]["last_picture"] is True
    assert kept(station, made["id"]) == {f"{made['id']}.png", f"{made['id']}.last.png"}
    first, last = (
        web.get(f"/v1/videos/{made['id']}/input", params=which).content for which in ({}, {"which": "last"})
    )
    assert first != last
    assert last == (station.data / "inputs" / f"{made['id']}.last.png").read_bytes()
    alone = body(send(last=None))
    assert alone["last_input"] is None
    assert web.get(f"/v1/videos/{alone['id']}/input", params={"which": "last"}).status_code == 404


@pytest.mark.parametrize("form", ["url", "object"])
def test_json_carries_it_as_a_data_url(web: httpx.Client, form: str) -> None:
    """In the forms of the first one."""
    url = "data:image/png;base64," + base64.b64encode(LAST).decode()
    first = "data:image/png;base64," + base64.b64encode(FIRST).decode()
    last: object = url if form == "url" else {"image_url": url}
    made = body(web.post("/v1/videos", json={**ENDS, "input_reference": first, "last_input_reference": last}))
    assert made["last_input"] == {"name": "picture", "width": 64, "height": 48}


def test_an_id_means_that_videos_last_picture(web: httpx.Client, station: Station, send: Send) -> None:
    """Or, where it has none, its picture; nothing is copied."""
    both, alone = body(send()), body(send(last=None))
    for source, name in ((both, "z.png"), (alone, "a.png")):
        sent = {**ENDS, "input_reference[id]": both["id"], "last_input_reference[id]": source["id"]}
        made = body(web.post("/v1/videos", data=sent))
        assert (made["input"]["name"], made["last_input"]["name"]) == ("a.png", name)
        assert kept(station, made["id"]) == set()
    missing = {**ENDS, "last_input_reference[id]": "video_none"}
    reply = web.post("/v1/videos", data=missing, files={"input_reference": FIRST})
    assert told(reply) == (404, "video_not_found", None)
    unasked = {**ENDS, "input_reference[id]": both["id"]}
    assert body(web.post("/v1/videos", data=unasked))["last_input"] is None


def test_a_key_means_both_pictures(station: Station, send: Send) -> None:
    """The same request again is the same video and leaves no file; with another last picture it is not."""
    ids = {body(send(key="both"))["id"] for _ in range(3)}
    assert len(ids) == 1
    count = len(list((station.data / "inputs").iterdir()))
    for last in (OTHER, None):
        assert told(send(last=last, key="both"))[:2] == (409, "idempotency_mismatch")
    assert len(list((station.data / "inputs").iterdir())) == count


def test_what_is_refused_leaves_no_picture(
    station: Station, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of both, whichever is wrong and whenever that shows."""
    before = set((station.data / "inputs").iterdir())
    assert told(send(model="testcard")) == (400, "not_offered", "last_image")
    assert told(send(last=None, model="between")) == (400, "last_picture_needed", "last_image")
    assert told(send(loop="true")) == (400, "loop_has_no_last", "last_image")
    assert told(send(last=b"no picture"))[:2] == (400, "not_a_picture")
    monkeypatch.setattr(station.service, "limits", Limits(0, 0))
    assert send().status_code == 429
    assert set((station.data / "inputs").iterdir()) == before


def test_a_loop_of_a_model_that_wants_two_needs_one(send: Send) -> None:
    assert body(send(last=None, model="between", loop="true"))["last_input"] is None


def test_a_remix_keeps_it_and_an_extension_does_not(web: httpx.Client, send: Send) -> None:
    """A remix by a model that takes none goes without, and says so."""
    made = body(send())
    settled(web, made["id"])
    again = body(web.post(f"/v1/videos/{made['id']}/remix", json={"prompt": "again"}))
    assert (again["last_input"]["name"], again["plan"]["last_picture"]) == ("z.png", True)
    other = body(web.post(f"/v1/videos/{made['id']}/remix", json={"prompt": "x", "model": "testcard"}))
    assert other["last_input"] is None
    assert any("last_image has no effect with testcard" in note for note in other["notes"])
    longer = {"prompt": "on", "seconds": 1, "video": {"id": made["id"]}}
    extended = body(web.post("/v1/videos/extensions", json=longer))
    assert (extended["last_input"], extended["input"]["name"]) == (None, "a.png")


def test_a_purge_takes_both_but_not_what_others_use(web: httpx.Client, station: Station, send: Send) -> None:
    """As for the first picture; and the sweep at a start knows both."""
    made = body(send())
    settled(web, made["id"])
    again = body(web.post(f"/v1/videos/{made['id']}/remix", json={"prompt": "again"}))
    settled(web, again["id"])
    names = {f"inputs/{made['id']}.png", f"inputs/{made['id']}.last.png"}
    assert names <= station.service.store.files()
    removed: list[str] = []
    web.delete(f"/v1/videos/{made['id']}")
    station.service.store.purge(-1.0, removed.extend)
    assert not names & set(removed)
    web.delete(f"/v1/videos/{again['id']}")
    station.service.store.purge(-1.0, removed.extend)
    assert names <= set(removed)


def test_the_plan_takes_a_word_for_it(web: httpx.Client) -> None:
    """No picture is sent there."""
    asked = {"prompt": "x", "model": "between", "width": 64, "height": 48}
    assert told(web.post("/v1/plans", json=asked)) == (400, "last_picture_needed", "last_image")
    for given in (True, "true", "1"):
        made = body(web.post("/v1/plans", json={**asked, "last_image": given}))
        assert (made["last_picture"], made["model"]) == (True, "between")
    form = {name: str(value) for name, value in asked.items()}
    assert body(web.post("/v1/plans", data={**form, "last_image": "true"}))["last_picture"]
    assert told(web.post("/v1/plans", json={**asked, "last_image": "x"}))[2] == "last_image"


def test_a_row_of_an_earlier_version_is_read(station: Station, send: Send) -> None:
    """Without a last picture rows are what they were: an earlier server reads them, too."""
    from sqlalchemy import select

    from unstill.adapters.sqlite_jobs.tables import videos

    made = body(send(last=None))
    database = station.service.store._database  # type: ignore[attr-defined]
    with database.reading() as connection:
        row = connection.execute(select(videos.c.input).where(videos.c.id == made["id"])).scalar_one()
    assert "last" not in row


def test_lora_names_alone_are_taken(web: httpx.Client, station: Station, send: Send, tmp_path: Path) -> None:
    """A path is unknown whether there is something or not; a name counts once the operator has added it."""
    here = tmp_path / "here.safetensors"
    header = b'{"to_q.lora_A.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    here.write_bytes(len(header).to_bytes(8, "little") + header + b"x")
    answers = [
        web.post("/v1/videos", data={**ENDS, "loras": source}, files={"input_reference": FIRST})
        for source in (str(here), str(tmp_path / "nothing.safetensors"), "../../etc/passwd", "film")
    ]
    assert {told(reply) for reply in answers} == {(404, "lora_unknown", "loras")}
    assert "unstill loras add" in answers[0].json()["error"]["hint"]
    station.service.services.weights.loras.add(here, "film")
    assert {"object": "lora", "name": "film", "size_bytes": here.stat().st_size} in web.get(
        "/v1/loras"
    ).json()["data"]
    forms: list[dict[str, object]] = [
        {"loras": ["film:0.5"]}, {"loras": '["film:0.5"]'}, {"loras[]": "film:0.5"}, {"loras": "film:0.5"},
    ]  # fmt: skip
    for form in forms:
        assert body(send(**form))["request"]["loras"] == [{"source": "film", "weight": 0.5}]
        while station.service.store.page(states={State.QUEUED, State.IN_PROGRESS}).jobs:
            time.sleep(0.01)
    assert told(send(loras="film", model="between")) == (400, "not_offered", "loras")
    asked = {**ENDS, "width": 64, "height": 48, "loras": ["ghost"]}
    assert told(web.post("/v1/plans", json=asked)) == (404, "lora_unknown", "loras")
