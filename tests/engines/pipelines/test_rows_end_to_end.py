"""Every model of the catalogue through a real server: fetched, planned, made, watched, decoded, cancelled."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")
sys.path.append(str(Path(__file__).parents[2] / "reliability"))  # its servers serve here, too

from live import PATIENCE_S, PHOTO, Live, photo_bytes
from rows_hub import hub_of_rows, installed, nobodys_hub
from tiny_rows import TINY, kind_of, steps_of

openai = pytest.importorskip("openai")
LAST = photo_bytes((48, 48))
STOPPED = ("hunyuanvideo-1.5-480p", "ltx-2", "wan2.1-i2v-14b-480p")
"""One of them has no callback for its steps."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """`unstill serve` with the tiny rows as an installed package; its only hub is on loopback."""
    home = tmp_path_factory.mktemp("rows")
    engines = installed(tmp_path_factory.mktemp("engines"))
    with (
        hub_of_rows(tmp_path_factory.mktemp("tiny")) as hub,
        nobodys_hub(hub, home) as environ,
        Live(home / "data", engines, **environ, UNSTILL_STAGE_S="300") as made,
    ):
        yield made.start("--workers", "1")


def fetched(server: Live, model: str) -> dict[str, Any]:
    """The model as the API tells of it, its files fetched where they were not here."""
    with server.client() as client:
        told: dict[str, Any] = client.get(f"/v1/models/{model}").raise_for_status().json()
        if told["weights"]["state"] == "ready":
            return told
        assert client.post(f"/v1/models/{model}/pull", json={}).status_code == 403  # nobody has agreed
        reply = client.post(f"/v1/models/{model}/pull", json={"accept_licence": True})
        assert reply.status_code == 200, reply.text
    said = list(events(server, f"/v1/models/{model}/pull/events"))
    assert (said[-1][0], said[-1][1]["state"], said[-1][1]["error"]) == ("done", "completed", None)
    with server.client() as client:
        told = client.get(f"/v1/models/{model}").json()
    assert told["weights"]["state"] == "ready"
    return told


def events(server: Live, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and data, until there are no more."""
    name = ""
    with server.client(timeout=PATIENCE_S) as client, client.stream("GET", path) as reply:
        for line in reply.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def asked(model: str, **fields: Any) -> dict[str, Any]:
    """What is asked of a model besides its pictures."""
    row, kind = TINY[model], kind_of(model)
    size, steps = "{}x{}".format(*kind.side), steps_of(row)
    wanted = {"num_frames": kind.num_frames, "num_inference_steps": steps, "seed": 3, **fields}
    return {"prompt": "the cat", "model": model, "size": size, **wanted}


def created(server: Live, model: str, **fields: Any) -> dict[str, Any]:
    """A job over HTTP; with a picture for the last frame where the model takes one."""
    files = {"input_reference": ("a.png", PHOTO)}
    if TINY[model].card.last_picture != "no":
        files["last_input_reference"] = ("z.png", LAST)
    data = {name: str(value) for name, value in asked(model, **fields).items()}
    with server.client() as client:
        reply = client.post("/v1/videos", data=data, files=files)
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def created_by_the_usual_client(server: Live, model: str) -> str:
    """A job by openai's own client; its id."""
    values = asked(model)
    usual = {name: values.pop(name) for name in ("prompt", "model", "size")}
    with (
        httpx.Client(trust_env=False) as web,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", http_client=web, max_retries=0) as client,
    ):
        made = client.videos.create(input_reference=("a.png", PHOTO), extra_body=values, **usual)
    return str(made.id)


def planned(server: Live, model: str) -> None:
    """A number of frames that the model does not make is said to become one that it does."""
    kind, card = kind_of(model), TINY[model].card
    odd = kind.num_frames + (card.frame_stride > 1)
    body = {**asked(model), "num_frames": odd, "width": 64, "height": 48}
    body.pop("prompt")
    if card.last_picture == "must":
        with server.client() as client:
            reply = client.post("/v1/plans", json=body)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "last_picture_needed")
        body["last_image"] = True
    with server.client() as client:
        plan = client.post("/v1/plans", json=body).raise_for_status().json()
    assert (plan["model"], plan["num_frames"]) == (model, kind.num_frames)
    assert (plan["width"], plan["height"]) == kind.side
    assert plan["placement"] == "resident"
    snapped = [text for text in plan["notes"] if f"{odd}" in text and "n + 1" in text]
    assert bool(snapped) == (card.frame_stride > 1), plan["notes"]
    assert plan["estimated_peak_bytes"] > 0


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
@pytest.mark.parametrize("model", list(TINY))
def test_from_the_hub_to_a_video(model: str, server: Live) -> None:
    card, kind = TINY[model].card, kind_of(model)
    told = fetched(server, model)
    assert (told["licence"], told["sound"], told["generative"]) == (card.licence, card.sound, True)
    planned(server, model)
    two = card.last_picture != "no"
    video = created(server, model)["id"] if two else created_by_the_usual_client(server, model)
    said = list(events(server, f"/v1/videos/{video}/events"))
    job = server.settled(video)
    assert job["state"] == "completed", (job["error"], server.said()[-2000:])
    _watched(said, steps_of(TINY[model]))
    with server.client() as client:
        content = client.get(f"/v1/videos/{video}/content").raise_for_status().content
    _decoded(content, model)
    with server.client() as client:
        files = {"video": ("a.mp4", content)}
        settings = client.post("/v1/videos/inspect", files=files).raise_for_status().json()["settings"]
    assert (settings["model"], settings["licence"]) == (model, card.licence)
    assert (settings["num_frames"], settings["width"], settings["height"]) == (kind.num_frames, *kind.side)
    assert (settings["picture"], settings.get("last_picture")) == ("a.png", "z.png" if two else None)
    request = settings["request"]
    assert (request["num_inference_steps"], request["seed"]) == (steps_of(TINY[model]), 3)
    assert settings["details"]["placement"] == "resident"
    assert (settings["details"]["speed"], settings["details"]["quantization"]) == ("exact", "none")


def _watched(said: list[tuple[str, dict[str, Any]]], steps: int) -> None:
    """Stages in order, progress that only rises, every step counted."""
    told = [data for name, data in said if name == "progress"]
    order = ["load", "look", "step", "decode"]
    stages = [stage for stage in dict.fromkeys(data["stage"] for data in told) if stage in order]
    assert "step" in stages
    assert stages == sorted(stages, key=order.index)
    percents = [data["progress"] for data in told]
    assert percents == sorted(percents)
    assert percents[-1] > 0
    assert max(data["total"] for data in told if data["stage"] == "step") >= steps
    assert (said[-1][0], said[-1][1]["state"], said[-1][1]["progress"]) == ("done", "completed", 100)


def _decoded(content: bytes, model: str) -> None:
    """Every frame, at the model's rate; sound where it makes some."""
    card, kind = TINY[model].card, kind_of(model)
    with av.open(io.BytesIO(content)) as box:
        stream = box.streams.video[0]
        assert stream.average_rate == card.native["fps"]
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)])
    assert frames.shape == (kind.num_frames, *kind.side[::-1], 3)
    assert frames.std() > 1
    with av.open(io.BytesIO(content)) as box:
        assert len(box.streams.audio) == card.sound
        if card.sound:
            heard = np.concatenate([each.to_ndarray().reshape(-1) for each in box.decode(audio=0)])
            assert np.isfinite(heard).all()
            assert len(heard) > 0


@pytest.mark.parametrize("model", STOPPED)
def test_one_is_stopped_while_it_is_denoising(model: str, server: Live) -> None:
    """Nothing of it is left, and the same process makes the next one."""
    fetched(server, model)
    job = created(server, model, num_inference_steps=100)
    at, pids = -1, []
    for name, data in events(server, f"/v1/videos/{job['id']}/events"):
        if name == "progress" and data["stage"] == "step" and data["step"] > 0 and at < 0:
            at, pids = data["step"], server.workers()
            with server.client() as client:
                assert client.post(f"/v1/videos/{job['id']}/cancel").status_code == 200
    assert 0 < at < 100
    stopped = server.settled(job["id"])
    assert (stopped["state"], stopped["output"]) == ("cancelled", None)
    assert not [name for name in server.outputs() if name.startswith(job["id"])]
    after = server.settled(created(server, model)["id"])
    assert after["state"] == "completed", after["error"]
    assert server.workers() == pids
