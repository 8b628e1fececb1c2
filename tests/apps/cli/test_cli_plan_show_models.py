"""`unstill plan`, `show` and `models`: said in words, or in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_plan_makes_nothing(cli, photo: Path, here: Path) -> None:
    """It says in aligned lines what would be made."""
    answer = cli("plan", "photo.jpg", "pan left", "--seed", "3")
    lines = dict(line.split("  ", 1) for line in answer.out.splitlines())
    assert {k: v.strip() for k, v in lines.items()} == {
        "Picture": "photo.jpg",
        "Model": "testcard (camera motion, not AI-generated video)",
        "Move": "pan left",
        "Effects": "none",
        "Video": "64 x 48, 8 frames at 8 fps = 1 s, MP4",
        "Seed": "3",
        "Time": "about 1 s on this computer",
        "Memory": "about 0 MiB; fits",
    }
    assert [p.name for p in here.iterdir()] == ["photo.jpg"]


def test_a_plan_says_that_it_chose_the_move_and_the_seed(cli, photo: Path) -> None:
    """And how to keep the seed."""
    out = cli("plan", photo).out
    assert "pan right (chosen: the prompt names no move)" in out
    assert "--seed" in out


def test_a_plan_in_json_carries_moves_effects_and_auto(cli, photo: Path) -> None:
    """As documented."""
    told = json.loads(cli("plan", photo, "pan left", "--json").out)
    assert (told["moves"], told["effects"], told["auto"]) == (["pan_left"], [], False)
    assert (told["width"], told["num_frames"], told["fits"]) == (64, 8, True)


def test_a_plan_of_several_is_an_array(cli, photo: Path) -> None:
    """With what went wrong in its place."""
    answer = cli("plan", "photo.jpg", "gone.jpg", "--json")
    told = json.loads(answer.out)
    assert answer.code == 1
    assert told[0]["model"] == "testcard"
    assert told[1]["error"]["code"] == "picture_missing"


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "webp"])
def test_show_reads_what_generate_wrote(cli, photo: Path, kind: str) -> None:
    """Every format says who made it, from which words, and that it is camera motion."""
    assert cli("generate", photo, "pan left 慢慢", "--seed", "4", "-o", f"a.{kind}").code == 0
    out = cli("show", f"a.{kind}").out
    for said in (
        "camera motion, not AI-generated video",
        "pan left 慢慢",
        "64 x 48, 8 frames",
        "AIGC: unstill",
    ):
        assert said in out
    told = json.loads(cli("show", f"a.{kind}", "--json").out)
    assert told["request"]["seed"] == 4
    assert told["label"]["Label"] == "1"


def test_show_speaks_chinese_whatever_language_made_the_file(cli, photo: Path) -> None:
    """Notes are kept as facts and worded for the reader."""
    assert cli("generate", photo, "--guidance-scale", "3", "--lang", "en").code == 0
    out = cli("show", "photo.mp4", "--lang", "zh").out
    assert "镜头运动，非 AI 生成视频" in out
    assert "guidance_scale 对 testcard 不起作用" in out


def test_show_says_that_the_prompt_was_left_out(cli, photo: Path) -> None:
    """Rather than that there was none."""
    assert cli("generate", photo, "pan left", "--leave-out-prompt").code == 0
    assert "left out of this file" in cli("show", "photo.mp4").out


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
def test_show_refuses_what_is_not_ours(cli, here: Path, content: bytes) -> None:
    """One message, exit code 1."""
    (here / "a.mp4").write_bytes(content)
    answer = cli("show", "a.mp4", "--json")
    assert answer.code == 1
    assert json.loads(answer.out)["error"]["code"] in ("not_a_video", "not_our_video")


def test_models_are_listed_with_the_default_first(cli) -> None:
    """What each makes stands beside its name."""
    out = cli("models", "list").out
    assert out.startswith("testcard (default)  Test card: camera motion, not AI-generated video.")
    assert "dream  A pretended generative model: AI-generated video." in out
    told = json.loads(cli("models", "list", "--json").out)
    assert [(m["id"], m["default"], m["generative"]) for m in told] == [
        ("testcard", True, False),
        ("dream", False, True),
    ]


def test_a_models_card_shows_limits_and_options(cli) -> None:
    """What a person needs to choose settings."""
    out = cli("models", "show", "testcard").out
    assert "sides 16 to 2048 pixels; 1 to 240 frames; 1 to 60 fps" in out
    assert "step = 2 [0..16]  Pixels a frame." in out
    assert json.loads(cli("models", "show", "dream", "--json").out)["side_grid"] == 64
    assert cli("models", "show", "gone").code == 2


def test_a_broken_engine_takes_nobody_with_it(shell, photo: Path) -> None:
    """It is mentioned in the list, and is an error only for who asks for it."""
    answer = shell("models", "list")
    assert answer.code == 0
    assert "testcard" in answer.out
    assert "The engine ruin is installed but cannot be loaded." in answer.err
    asked = shell("generate", "photo.jpg", "--model", "ruin", "--json")
    assert json.loads(asked.out)["error"]["code"] == "engine_broken"
    assert shell("plan", "photo.jpg", "--model", "testcard").code == 0


@pytest.mark.parametrize("arguments", [[], ["models"]])
def test_without_arguments_there_is_help_with_an_example(cli, arguments: list[str]) -> None:
    """A newcomer's first call answers."""
    answer = cli(*arguments)
    assert answer.code == 0
    assert answer.out.startswith("Usage: unstill")


def test_help_says_that_motion_is_not_generative(cli) -> None:
    """On the front page and where videos are made, with examples last."""
    for arguments in (["--help"], ["generate", "--help"]):
        answer = cli(*arguments)
        words = " ".join(answer.out.split())
        assert "camera motion, not AI-generated video" in words
        assert "Examples:" in answer.out.splitlines()[-8:] or "  Examples:" in answer.out.splitlines()[-8:]


def test_version(cli) -> None:
    """One line."""
    from unstill import __version__

    assert cli("--version").out == f"unstill {__version__}\n"
