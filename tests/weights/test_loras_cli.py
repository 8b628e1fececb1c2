"""`unstill loras`, and --lora: what is said, in both languages and in JSON, and what of it is in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hub_imitation import REPO, Imitation, safetensors
from testcard import TESTCARD
from two_pictures import TWO_PICTURES, halves, shades
from unstill import wiring
from unstill.apps.cli.remote.submit import form_of
from unstill.domain.request import VideoRequest
from unstill.media.read_video import read_frames
from unstill.settings import load_settings

Run = Callable[..., Any]
FILM = safetensors(7, 5000, "unet.to_q.lora_A.weight")
ENDS = ("--model", "ends", "--size", "96x64", "--num-frames", "4", "--fps", "4")


@pytest.fixture(autouse=True)
def settings(hub: Imitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's imitation is the mirror, and the mirror the only source."""
    monkeypatch.setenv("UNSTILL_SOURCE", "mirror")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("UNSTILL_MODELS_DIR", str(tmp_path / "models"))
    hub.files = {"film.safetensors": FILM}
    return tmp_path / "models"


@pytest.fixture
def house(settings: Path) -> wiring.House:
    return wiring.House(load_settings(), entries=[TESTCARD, TWO_PICTURES])


@pytest.fixture
def desk(here: Path) -> Path:
    """Two pictures and a LoRA file."""
    Image.fromarray(shades(40, 200)).save(here / "a.png")
    Image.fromarray(shades(220, 60)).save(here / "z.png")
    (here / "ink.safetensors").write_bytes(FILM)
    return here


def test_add_list_use_remove(cli: Run, desk: Path) -> None:
    """The way of one file, in words."""
    assert "unstill loras add FILE" in cli("loras", "list").err
    added = cli("loras", "add", "ink.safetensors")
    assert (added.code, added.out) == (0, "ink\n")
    assert "--lora ink" in added.err
    assert "ink.safetensors" in cli("loras", "list").out
    made = cli("generate", "a.png", "fade", *ENDS, "--lora", "ink:0.5", "-o", "b.mp4")
    assert made.code == 0, made.err
    assert halves(next(iter(read_frames(desk / "b.mp4")))) == pytest.approx((30, 150), abs=6)
    assert "ink:0.5" in cli("show", "b.mp4").out
    assert "ink:0.5" in cli("plan", "a.png", *ENDS, "--lora", "ink:0.5").out
    gone = cli("loras", "remove", "ink")
    assert (gone.code, "ink is removed" in gone.err) == (0, True)
    lost = cli("generate", "a.png", "--like", "b.mp4", "-o", "c.mp4")
    assert lost.code == 2
    assert "unstill loras add" in lost.err
    assert not (desk / "c.mp4").exists()


def test_json(cli: Run, desk: Path) -> None:
    """For programs."""
    added = json.loads(cli("loras", "add", "ink.safetensors", "--name", "ink2", "--json").out)
    assert (added["name"], added["size_bytes"]) == ("ink2", len(FILM))
    assert json.loads(cli("loras", "list", "--json").out) == [added]
    assert json.loads(cli("loras", "remove", "ink2", "--json").out) == {
        "name": "ink2", "freed_bytes": len(FILM)
    }  # fmt: skip
    assert json.loads(cli("loras", "list", "--json").out) == []


def test_a_licence_is_to_be_read_first(cli: Run, hub: Imitation, desk: Path) -> None:
    """Nobody is asked for anything before --yes; then the file comes, under the name that is wanted."""
    asked = cli("loras", "pull", REPO)
    assert (asked.code, hub.asked) == (2, [])
    assert f"page of {REPO}" in asked.err
    assert "--yes" in asked.err
    zh = cli("loras", "pull", REPO, "--lang", "zh")
    assert "许可" in zh.err
    done = cli("loras", "pull", REPO, "--yes", "--name", "soft")
    assert (done.code, done.out) == (0, "soft\n"), done.err
    assert f"{REPO}/film.safetensors" in cli("loras", "list").out


def test_a_path_is_taken_here_and_told_nobody(cli: Run, desk: Path) -> None:
    """The file carries the name alone."""
    made = cli("generate", "a.png", *ENDS, "--lora", str(desk / "ink.safetensors"), "-o", "b.mp4")
    assert made.code == 0, made.err
    told = json.loads(cli("show", "b.mp4", "--json").out)
    assert told["request"]["loras"] == [{"source": "ink", "weight": 1.0}]
    assert str(desk) not in json.dumps(told["request"])
    assert str(desk).encode() not in (desk / "b.mp4").read_bytes()


def test_a_strangers_file_names_no_path() -> None:
    """`--like` would open it."""
    from unstill.core.metadata import KEY, read_settings

    found = read_settings({KEY: '{"request": {"loras": ["film:0.5", "/etc/a.safetensors"]}}'})
    assert found is not None
    assert (found["request"], found["unusable"]) == ({}, ["request.loras"])
    kept = read_settings({KEY: '{"request": {"loras": [{"source": "film", "weight": 0.5}]}}'})
    assert kept is not None
    assert VideoRequest(**kept["request"]).loras[0].text == "film:0.5"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--lora", "ghost"), "ghost"), (("--lora", "ink:9"), "--lora is 9"),
        (("--model", "testcard", "--lora", "ink"), "ends"), (("--last-image", ""), "picture"),
        (("--last-image", "none.png"), "none.png"), (("--model", "between"), "--last-image"),
        (("--model", "testcard", "--last-image", "z.png"), "ends, between"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_before_the_work(
    cli: Run, desk: Path, more: tuple[str, ...], told: str
) -> None:
    """And nothing is written."""
    cli("loras", "add", "ink.safetensors")
    answer = cli("generate", "a.png", *ENDS, *more, "-o", "b.mp4")
    assert answer.code in (1, 2)
    assert told in answer.err
    assert not (desk / "b.mp4").exists()


def test_a_last_picture(cli: Run, desk: Path) -> None:
    """It is the last frame; `plan` and `show` name it."""
    assert "z.png" in cli("plan", "a.png", *ENDS, "--last-image", "z.png").out
    made = cli("generate", "a.png", *ENDS, "--last-image", "z.png", "-o", "b.mp4")
    assert made.code == 0, made.err
    frames = np.stack(list(read_frames(desk / "b.mp4")))
    assert halves(frames[0]) == pytest.approx((40, 200), abs=6)
    assert halves(frames[-1]) == pytest.approx((220, 60), abs=6)
    assert "z.png" in cli("show", "b.mp4").out
    assert "z.png" in cli("show", "b.mp4", "--lang", "zh").out


def test_a_form_for_a_server_carries_them() -> None:
    """As JSON, so that weights and names stay what they are."""
    form = form_of(VideoRequest(prompt="x", loras=["film", "ink:0.5"]))
    assert VideoRequest(loras=form["loras"]).loras == VideoRequest(loras=["film", "ink:0.5"]).loras
