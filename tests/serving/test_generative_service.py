"""A generative model through a real server: previews and progress, cancel, remix, repeat, stock client."""

from __future__ import annotations

import base64
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
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "reliability"))  # its servers serve here, too

from live import PATIENCE_S, PHOTO, Live, decoded
from tiny_checkpoint import SMALL

LONG = {**SMALL, "num_inference_steps": 200, "num_frames": 4}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[Live]:
    """`unstill serve --weights DIR`, one worker on one thread."""
    data = tmp_path_factory.mktemp("served") / "data"
    with Live(data, "", OMP_NUM_THREADS="1", UNSTILL_STAGE_S="120") as made:
        yield made.start("--weights", str(checkpoint), "--workers", "1")


def made(server: Live, **fields: Any) -> dict[str, Any]:
    """A job, just created."""
    reply = server.create(**{"prompt": "the cat", "fps": 8, **SMALL, **fields})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def watched(server: Live, video: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Events of a job, name and data, until it is settled."""
    name = ""
    with (
        server.client(timeout=PATIENCE_S) as client,
        client.stream("GET", f"/v1/videos/{video}/events") as reply,
    ):
        for line in reply.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def content(server: Live, video: str) -> bytes:
    with server.client() as client:
        return client.get(f"/v1/videos/{video}/content").raise_for_status().content


def frames(video: bytes) -> np.ndarray:
    """Decoded, uint8 [f h w 3]."""
    with av.open(io.BytesIO(video)) as box:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)])


@pytest.fixture(scope="module")
def first(server: Live) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """A finished job and everything that was said of it while it was made."""
    job = made(server, num_inference_steps=40, num_frames=4)
    said = list(watched(server, job["id"]))
    return server.get(job["id"]), said


def test_watching_one_being_made(first: tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]) -> None:
    """Its stages in order, steps that go by, progress that only rises, time left, and the end."""
    _, said = first
    told = [data for name, data in said if name == "progress"]
    stages = list(dict.fromkeys(data["stage"] for data in told))
    assert [stage for stage in stages if stage in ("look", "step", "decode")] == ["look", "step", "decode"]
    steps = [data["step"] for data in told if data["stage"] == "step"]
    assert steps == sorted(steps)
    assert steps[-1] > 0
    assert {data["total"] for data in told if data["stage"] == "step"} == {40}
    percents = [data["progress"] for data in told]
    assert percents == sorted(percents)
    assert all(0 <= percent <= 100 for percent in percents)
    assert all(data["eta_s"] >= 0 for data in told if data["stage"] == "step")
    name, last = said[-1]
    assert (name, last["state"], last["progress"], last["error"]) == ("done", "completed", 100, None)


def test_previews_are_small_pictures(
    first: tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]],
) -> None:
    """JPEG data URLs that decode, while the steps go by."""
    _, said = first
    at = [number for number, (name, _) in enumerate(said) if name == "preview"]
    assert at
    decoding = next(n for n, (_, data) in enumerate(said) if data.get("stage") == "decode")
    assert at[0] < decoding
    for number in at:
        head, _, encoded = said[number][1]["preview"].partition(",")
        assert head == "data:image/jpeg;base64"
        raw = base64.b64decode(encoded, validate=True)
        assert len(raw) < 65536
        with Image.open(io.BytesIO(raw)) as picture:
            assert picture.format == "JPEG"
            assert max(picture.size) <= 256
            assert np.asarray(picture.convert("RGB")).std() > 1


def test_the_file_is_what_was_asked_for(
    server: Live, first: tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]
) -> None:
    """It decodes, to so many frames; the job says that it was generated, by what and how."""
    job, _ = first
    video = content(server, job["id"])
    assert decoded(video) == 4
    assert frames(video).shape == (4, 64, 64, 3)
    assert (job["model"], job["generative"], job["kind"]) == ("i2vgen-xl", True, "generated video")
    assert (job["seed"], job["plan"]["scheduler"], job["request"]["num_inference_steps"]) == (3, "ddim", 40)
    assert any("outside what the model was trained for" in text for text in job["notes"])
    assert job["output"]["peak_bytes"] > 0


def test_one_is_stopped_between_two_steps_and_the_worker_goes_on(server: Live) -> None:
    """The cancel is heeded in mid-steps; the next job is made by the same process, and whole."""
    job = made(server, **LONG)
    pids, at = server.workers(), -1
    for name, data in watched(server, job["id"]):
        if name == "progress" and data["stage"] == "step" and data["step"] > 0 and at < 0:
            at = data["step"]
            with server.client() as client:
                assert client.post(f"/v1/videos/{job['id']}/cancel").status_code == 200
    assert 0 < at < 200
    stopped = server.settled(job["id"])
    assert (stopped["state"], stopped["output"]) == ("cancelled", None)
    assert not [name for name in server.outputs() if name.startswith(job["id"])]
    after = server.settled(made(server)["id"])
    assert after["state"] == "completed"
    assert decoded(content(server, after["id"])) == 2
    assert server.workers() == pids


def test_more_frames_are_drawn_between_those_of_the_model(server: Live) -> None:
    """At as many times the rate, reported as a stage of its own; a cancel there leaves nothing."""
    fields = {"num_frames": 3, "interpolate": 4, "fps": 8}
    job = made(server, **fields)
    said = [data for name, data in watched(server, job["id"]) if name == "progress"]
    assert {data["total"] for data in said if data["stage"] == "retime"} == {6}
    percents = [data["progress"] for data in said]
    assert percents == sorted(percents)
    done = server.settled(job["id"])
    assert (done["state"], done["num_frames"], done["fps"]) == ("completed", 9, 32)
    assert (done["request"]["interpolate"], done["request"]["num_frames"]) == (4, 3)
    assert decoded(content(server, job["id"])) == 9


def test_a_seed_makes_the_same_frames_again(server: Live) -> None:
    """Byte for byte; a remix under the same words and seed, too, and under other words it does not."""
    one = server.settled(made(server)["id"])
    two = server.settled(made(server)["id"])
    other = server.settled(made(server, seed=4)["id"])
    shown = {job["id"]: frames(content(server, job["id"])) for job in (one, two, other)}
    assert np.array_equal(shown[one["id"]], shown[two["id"]])
    assert not np.array_equal(shown[one["id"]], shown[other["id"]])
    remixes = []
    for fields in ({"prompt": "the cat", "seed": 3}, {"prompt": "the moon", "seed": 3}):
        with server.client() as client:
            reply = client.post(f"/v1/videos/{one['id']}/remix", data=fields).raise_for_status()
        remixes.append(server.settled(reply.json()["id"]))
    same, different = (frames(content(server, job["id"])) for job in remixes)
    assert np.array_equal(same, shown[one["id"]])
    assert not np.array_equal(different, same)
    assert remixes[0]["remixed_from_video_id"] == one["id"]


def test_a_remix_keeps_to_its_own_models_options(server: Live) -> None:
    """The source's model is meant, not the default one: its options may stand beside the other fields."""
    source = server.settled(made(server)["id"])
    with server.client() as client:
        fields = {"prompt": "the cat", "scheduler": "unipc", "strength": "2"}
        remix = client.post(f"/v1/videos/{source['id']}/remix", data=fields).raise_for_status().json()
        assert remix["request"]["options"] == {"scheduler": "unipc"}
        assert any("strength" in text for text in remix["notes"])  # camera motion's
        assert not any("scheduler" in text for text in remix["notes"])
        added = client.post(
            "/v1/videos/extensions",
            data={"video[id]": source["id"], "prompt": "the cat", "seconds": "0.25", "speed": "fast"},
        )
        assert added.status_code == 200, added.text
    assert added.json()["request"]["options"] == {"speed": "fast"}
    assert server.settled(remix["id"])["plan"]["scheduler"] == "unipc"
    longer = server.settled(added.json()["id"])
    assert longer["state"] == "completed", longer["error"]
    assert decoded(content(server, longer["id"])) == 4


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_stock_client(server: Live) -> None:
    """openai's own, with base_url and a model's name."""
    openai = pytest.importorskip("openai")
    extra = {name: SMALL[name] for name in ("num_frames", "num_inference_steps", "seed")}
    with (
        httpx.Client(trust_env=False) as web,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", http_client=web, max_retries=0) as client,
    ):
        video = client.videos.create_and_poll(
            model="i2vgen-xl", prompt="the cat", size="64x64", input_reference=("a.png", PHOTO),
            extra_body=extra,
        )  # fmt: skip
        assert (video.status, video.model, video.size, video.error) == (
            "completed",
            "i2vgen-xl",
            "64x64",
            None,
        )
        assert video.model_extra is not None
        assert video.model_extra["generative"] is True
        assert decoded(client.videos.download_content(video.id).read()) == 2
