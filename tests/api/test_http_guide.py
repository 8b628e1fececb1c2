"""docs/http-api.md tells the truth: its examples run, and it names every call, field and code there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_parts import Station, build
from PIL import Image

from testcard import draw
from unstill.apps.api.app import create_app
from unstill.apps.api.guard import GuardSettings
from unstill.domain.errors import tree

TEXT = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
MOTION = EntryPoint("motion", "unstill.engines.motion:family", "unstill.engines")
ADDRESS = "http://127.0.0.1:7860"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading."""
    part = re.split(r"^## ", TEXT.partition(f"## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [re.split(r" \| ", line.strip("| ")) for line in part.splitlines() if line.startswith("| `")] + [
        re.split(r" \| ", line.strip("| ")) for line in part.splitlines() if re.match(r"\| [0-9]", line)
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    made = build(tmp_path_factory.mktemp("guided"), [MOTION], guard=GuardSettings())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Where somebody tries the examples."""
    Image.fromarray(draw(96, 64)).save(tmp_path / "photo.jpg")
    return tmp_path


def test_every_command_runs(server: Station, desk: Path) -> None:
    """In the order in which they stand; curl fails where the server does."""
    with (desk / "photo.jpg").open("rb") as photo:
        made = httpx.post(
            f"{server.url}/v1/videos/sync",
            data={"prompt": "pan"},
            files={"input_reference": photo},
            timeout=60,
        )
    parts = ["set -e", 'curl() { command curl -sS --fail-with-body "$@"; echo; }']
    for block in blocks("sh"):
        here = re.sub(r"ID=video_\w+", f"ID={made.headers['x-video-id']}", block)
        parts += [here.replace(ADDRESS, server.url), "echo ----"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(parts)], cwd=desk, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stdout.count("----") == len(blocks("sh")) >= 8
    assert (desk / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert list(desk.glob("unstill-backup-*.db"))
    twice = done.stdout.split("----\n")[-4]
    assert len(set(re.findall(r'"id":"(video_\w+)"', twice))) == 1


def test_every_line_of_python_runs(server: Station, desk: Path) -> None:
    """As one program, in the order in which it stands."""
    code = "\n".join(blocks("python")).replace(ADDRESS, server.url)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=desk, env={**os.environ, "HTTP_PROXY": ""},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("completed 2 96x64 ")
    assert "Camera motion" in lines[1]
    assert lines[-1] == "2 becomes 4"
    assert lines[-2] == "done"


def test_the_error_in_it_is_a_real_one(server: Station, desk: Path) -> None:
    [shown] = blocks("json")
    asked = {"prompt": "x", "width": 64, "height": 48, "num_frames": 9999}
    assert httpx.post(f"{server.url}/v1/plans", json=asked).json() == json.loads(shown)


def test_it_names_every_call_and_field(server: Station) -> None:
    """Those of /openapi.json, which is made from the code."""
    document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
    calls = "\n".join(row[0] for row in rows("Calls")).replace("{id}", "{}")
    not_there = TEXT.partition("## What there is not")[2]
    for path in document["paths"]:
        plain = re.sub(r"{\w+}", "{}", path)
        assert f"{plain}`" in calls or path.replace("/{character_id}", "") in not_there, path
    body = document["paths"]["/v1/videos"]["post"]["requestBody"]["content"]
    told = " ".join(" ".join(row) for row in rows("Asking for a video"))
    for kind in body.values():
        for name in kind["schema"]["properties"]:
            assert f"`{name}`" in told, name
    answer = TEXT.partition("## The answer")[2].partition("## Events")[0]
    for name in document["components"]["schemas"]["Video"]["properties"]:
        assert f"`{name}`" in answer, name


def test_its_codes_are_real(server: Station) -> None:
    """Each is an error of that status; every status that /openapi.json knows is there."""
    assert create_app  # the errors of the app itself are known by now
    kinds = {kind.code: kind.status for kind in tree()}
    found = rows("Errors")
    for status, codes in found:
        for code in re.findall(r"`([a-z_]+)`", codes):
            assert kinds[code] == int(status), code
    document = httpx.get(f"{server.url}/openapi.json").json()
    promised = {
        s for calls in document["paths"].values() for call in calls.values() for s in call["responses"]
    }
    assert {s for s in promised if s >= "400"} <= {status for status, _ in found}
