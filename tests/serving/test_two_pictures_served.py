"""A last picture and a LoRA through a real server and its worker process: they are in the finished file."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "reliability"))  # its servers serve here, too

from live import Live
from two_pictures import halves, shades
from unstill import wiring

TESTS = Path(__file__).parents[1]
FIRST, LAST = (40, 200), (220, 60)


def png(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def lora() -> bytes:
    """A whole safetensors file of one byte."""
    header = b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    return len(header).to_bytes(8, "little") + header + b"x"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """`unstill serve` with the engine as an installed package, and one LoRA on its shelf."""
    folder = tmp_path_factory.mktemp("engines")
    for name in ("testcard", "two_pictures"):
        text = (TESTS / f"{name}.py").read_text(encoding="utf-8")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {name}:family\n")
    shelf = folder / "models" / "loras"
    shelf.mkdir(parents=True)
    (shelf / "dusk.safetensors").write_bytes(lora())
    data = tmp_path_factory.mktemp("served") / "data"
    with Live(data, str(folder), UNSTILL_MODELS_DIR=str(folder / "models")) as made:
        yield made.start("--workers", "1")


def made(server: Live, last: bool = True, **fields: Any) -> tuple[dict[str, Any], np.ndarray, dict[str, Any]]:
    """A finished job, its decoded frames uint8 [f h w 3], and what the file says about itself."""
    files = {"input_reference": ("a.png", png(shades(*FIRST)))}
    if last:
        files["last_input_reference"] = ("z.png", png(shades(*LAST)))
    asked = {"prompt": "fade", "model": "ends", "num_frames": 6, "fps": 6, "size": "96x64", **fields}
    data = {name: str(value) for name, value in asked.items()}
    with server.client() as client:
        reply = client.post("/v1/videos", data=data, files=files)
        assert reply.status_code == 200, reply.text
        job = server.settled(reply.json()["id"])
        assert job["state"] == "completed", job["error"]
        content = client.get(f"/v1/videos/{job['id']}/content").content
    with av.open(io.BytesIO(content)) as box:
        said = json.loads(box.metadata["unstill"])
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)])
    return job, frames, said


def test_the_file_ends_with_the_last_picture(server: Live) -> None:
    """Both pictures are kept; the file names both."""
    job, frames, said = made(server)
    assert len(frames) == 6
    assert halves(frames[0]) == pytest.approx(FIRST, abs=8)
    assert halves(frames[-1]) == pytest.approx(LAST, abs=8)
    assert (said["picture"], said["last_picture"]) == ("a.png", "z.png")
    assert {f"{job['id']}.png", f"{job['id']}.last.png"} <= server.inputs()


def test_a_loop_ends_with_the_first(server: Live) -> None:
    """Of a model that wants two pictures otherwise."""
    _, frames, said = made(server, last=False, model="between", loop="true")
    assert halves(frames[-1]) == pytest.approx(FIRST, abs=8)
    assert "last_picture" not in said


def test_a_lora_is_on_the_model(server: Live) -> None:
    """By its name and weight; the worker finds the same shelf as the server."""
    _, frames, said = made(server, loras="dusk:0.5")
    assert halves(frames[0]) == pytest.approx((30, 150), abs=8)
    assert said["request"]["loras"] == [{"source": "dusk", "weight": 0.5}]


def test_a_restart_keeps_both_pictures(server: Live) -> None:
    """The sweep at the start knows them; a killed server's half-made ones go."""
    job, *_ = made(server)
    stray = server.data / "inputs" / "video_00000000000000000000dead.last.png"
    stray.write_bytes(b"x")
    server.stop()
    server.start("--workers", "1")
    assert {f"{job['id']}.png", f"{job['id']}.last.png"} <= server.inputs()
    assert not stray.exists()
    with server.client() as client:
        reply = client.post(f"/v1/videos/{job['id']}/remix", json={"prompt": "again"})
        again = server.settled(reply.json()["id"])
    assert (again["state"], again["last_input"]["name"]) == ("completed", "z.png")
