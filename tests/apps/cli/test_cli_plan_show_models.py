"""`unstill plan`, `show` and `models`: said in words, or in JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from testcard import draw, family
from unstill.core.metadata import KEY, LABEL_KEY
from unstill.core.plan import make_plan
from unstill.core.ports import Estimate, Machine
from unstill.domain.request import VideoRequest
from unstill.media.video import AvVideoMaker
from unstill.wiring import discover


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


HOSTILE = "evil\x1b]0;owned\x07\u202egpj\u2066\u200f\x9b31m\nSeed  1"
BAD = "\x1b\x07\u202e\u2066\u200f\x9b"


def crafted(here: Path, photo: Path, **record: object) -> str:
    """A real video whose record a stranger wrote."""
    shutil.copy(photo, here / "source.jpg")
    plan = make_plan(VideoRequest(), (64, 48), [family], Machine(cores=1, memory_bytes=8 << 30))
    entries = {KEY: json.dumps(record), LABEL_KEY: json.dumps({"ContentProducer": HOSTILE, "Label": 1})}
    with AvVideoMaker().encoder(here / "evil.mp4", plan, entries) as encoder:
        for _ in range(plan.num_frames):
            encoder.write(draw())
    return "evil.mp4"


@pytest.mark.parametrize(
    "record",
    [
        {"request": {"prompt": HOSTILE, "format": HOSTILE}, "model": HOSTILE, "picture": HOSTILE,
         "id": HOSTILE,
         "notes": [{"code": HOSTILE, "facts": {}}, {"code": "cannot_do", "facts": {"phrases": HOSTILE}}],
         "details": {"moves": [HOSTILE], "effects": [HOSTILE]}, HOSTILE: HOSTILE},
        {"request": {"seed": float("nan"), "prompt": [[]]}, "details": 5, "notes": float("inf")},
        {"request": {"image": "/etc/passwd", "size": 9}, "details": {"moves": [[[[]]]]}, "notes": True},
        {"request": {}, "details": {"moves": [1]}, "width": 10**300, "height": 1, "num_frames": 1, "fps": 0},
        {"request": {}, "deep": json.loads("[" * 500 + "]" * 500)},
        {"request": 4},
    ],
)  # fmt: skip
@pytest.mark.parametrize("json_", [[], ["--json"]])
def test_a_strangers_record_is_shown_and_not_obeyed(cli, here: Path, photo: Path, record, json_) -> None:
    """No incident, no control character, one line a row, valid JSON; --like survives it as well."""
    name = crafted(here, photo, **record)
    for answer in (cli("show", name, *json_), cli("plan", "source.jpg", "--like", name, *json_)):
        assert "incident" not in answer.text
        assert not set(answer.text) & set(BAD)
        assert "\nSeed  1" not in answer.text
        assert answer.code == (1 if record["request"] == 4 else 0), answer.text
        if json_:
            json.loads(answer.out, parse_constant=pytest.fail)


def test_a_damaged_record_is_called_so(cli, here: Path, photo: Path) -> None:
    """Where something stands under our name that is no record."""
    answer = cli("show", crafted(here, photo, request=4), "--json")
    assert json.loads(answer.out)["error"]["code"] == "damaged_record"


def test_show_says_what_it_could_not_use(cli, here: Path, photo: Path) -> None:
    """And --like says it too."""
    name = crafted(here, photo, request={"seed": [], "fps": 4}, details=5)
    assert "details, request.seed" in cli("show", name).out
    answer = cli("plan", "source.jpg", "--like", name)
    assert "4 fps" in answer.out
    assert "damaged and were not used: details, request.seed" in answer.out


def test_a_long_plan_begins_with_a_warning(cli, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And names the minutes."""
    monkeypatch.setattr("testcard.Family.estimate", lambda *_: Estimate(1500, 0))
    answer = cli("plan", photo)
    assert "Warning  This will take about 25 minutes here" in answer.out
    assert "about 25 minutes on this computer" in answer.out
    assert "Warning: This will take about 25 minutes" in cli("generate", photo).err


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


def test_models_are_listed_in_chinese(cli, house) -> None:
    """Title, punctuation and all; in JSON the title is a string."""
    out = cli("models", "list", "--lang", "zh").out
    assert out.startswith("testcard（默认）  Test card：镜头运动，非 AI 生成视频。许可：Apache-2.0\n")
    house._found = discover()
    out = cli("--lang", "zh", "models", "show", "motion").out
    assert "motion（镜头运动）" in out
    assert json.loads(cli("models", "list", "--json", "--lang", "zh").out)[0]["title"] == "镜头运动"
    assert json.loads(cli("models", "list", "--json").out)[0]["title"] == "Camera motion"


@pytest.mark.parametrize("arguments", [["--lang", "zh", "plan", "photo.jpg"], ["--lang=zh", "models", "list"],
                                       ["models", "--lang", "zh", "list"]])  # fmt: skip
def test_the_language_may_stand_before_the_command(cli, photo: Path, arguments: list[str]) -> None:
    """As it may behind it."""
    answer = cli(*arguments)
    assert (answer.code, "镜头运动" in answer.out) == (0, True)
    assert cli("--lang").code == 2
    wrong = cli("--lang", "fr", *[a for a in arguments if a not in ("--lang", "--lang=zh", "zh")])
    assert (wrong.code, "--lang is fr" in wrong.err) == (2, True)


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
