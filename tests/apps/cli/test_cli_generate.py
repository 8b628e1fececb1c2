"""`unstill generate`: what it writes, where, and what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from testcard import draw
from unstill.media.read_video import probe, read_metadata

Cli = Callable[..., object]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_stdout_is_the_path_and_nothing_else(cli, photo: Path, here: Path) -> None:
    """Talk goes to stderr: first what kind of video this is."""
    answer = cli("generate", "photo.jpg", "pan left")
    assert (answer.code, answer.out) == (0, "photo.mp4\n")
    assert answer.err.startswith("Camera motion, made on this computer; not AI-generated video.\n")
    assert answer.err.count("Camera motion") == 1
    assert probe(here / "photo.mp4").seconds == 1


def test_json_is_one_object_with_every_fact(cli, photo: Path) -> None:
    """The documented keys, in a form that programs read."""
    told = json.loads(cli("generate", photo, "pan left", "--seed", "5", "--json").out)
    assert set(told) >= {
        "path", "model", "generative", "width", "height", "num_frames", "fps", "seconds", "seed", "elapsed_s",
        "peak_bytes", "notes", "moves", "effects", "auto", "format", "id",
    }  # fmt: skip
    assert (told["generative"], told["kind"]) == (False, "camera motion")
    assert (told["width"], told["height"], told["num_frames"], told["fps"]) == (64, 48, 8, 8)
    assert (told["seconds"], told["seed"], told["moves"], told["auto"]) == (1.0, 5, ["pan_left"], False)
    assert told["peak_bytes"] > 1 << 20
    assert told["notes"][0].startswith("Camera motion")
    assert Path(told["path"]).is_file()


def test_a_generative_model_is_introduced_as_one(cli, photo: Path) -> None:
    """And camera motion is not mentioned."""
    answer = cli("generate", photo, "--model", "dream")
    assert answer.err.startswith("AI-generated video, made by dream.\n")
    assert "amera motion" not in answer.err


def test_a_default_name_never_replaces_anything(cli, photo: Path, here: Path) -> None:
    """The next free number is taken."""
    paths = [cli("generate", photo).out.strip() for _ in range(3)]
    assert paths == ["photo.mp4", "photo-2.mp4", "photo-3.mp4"]
    before = (here / "photo.mp4").read_bytes()
    assert cli("generate", photo, "--force", "--seed", "3").out.strip() == "photo.mp4"
    assert (here / "photo.mp4").read_bytes() != before


def test_the_picture_itself_is_never_replaced(cli, here: Path) -> None:
    """A WebP picture animated into WebP gets another name, --force or not."""
    Image.fromarray(draw()).save("a.webp", lossless=True)
    before = Path("a.webp").read_bytes()
    assert cli("generate", "a.webp", "--format", "webp", "--force").out == "a-2.webp\n"
    answer = cli("generate", "a.webp", "-o", "a.webp", "--force")
    assert answer.code == 2
    assert "is the picture itself" in answer.err
    assert Path("a.webp").read_bytes() == before


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "webp"])
def test_the_ending_of_o_picks_the_format(cli, photo: Path, here: Path, kind: str) -> None:
    """Upper case too."""
    answer = cli("generate", photo, "-o", f"out.{kind.upper()}")
    assert answer.code == 0, answer.err
    assert probe(here / f"out.{kind.upper()}").container == kind


@pytest.mark.parametrize("given", ["films/", "films"])
def test_o_may_be_a_folder(cli, photo: Path, here: Path, given: str) -> None:
    """One that exists, or one that a slash marks."""
    if not given.endswith("/"):
        (here / "films").mkdir()
    assert cli("generate", photo, "-o", given, "--format", "gif").out == "films/photo.gif\n"


def test_o_without_an_ending_gets_the_formats(cli, photo: Path) -> None:
    """clip becomes clip.mp4."""
    assert cli("generate", photo, "-o", "clip").out == "clip.mp4\n"
    assert cli("generate", photo, "-o", "clip").code == 2


def test_several_pictures_and_folders_in_one_call(cli, photo: Path, here: Path) -> None:
    """Folders are read flat, by name, pictures only; same names get numbers."""
    folder = here / "shots"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.png", "a.webp", "photo.png", "deeper/c.png", ".hidden.png"):
        Image.fromarray(draw()).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    answer = cli("generate", photo, "shots", "pan left", "-o", "out", "--json")
    told = json.loads(answer.out)
    assert [t["path"] for t in told] == [f"out/{n}.mp4" for n in ("photo", "a", "b", "photo-2")]
    assert all(t["moves"] == ["pan_left"] for t in told)
    assert names(here / "out") == ["a.mp4", "b.mp4", "photo-2.mp4", "photo.mp4"]


def test_one_failure_does_not_stop_the_others(cli, photo: Path, here: Path) -> None:
    """It is told with its picture's name, and the exit code is 1."""
    shutil.copy(photo, "z.jpg")
    answer = cli("generate", "photo.jpg", "gone.jpg", "z.jpg")
    assert (answer.code, answer.out) == (1, "photo.mp4\nz.mp4\n")
    assert "Error: There is no file at gone.jpg." in answer.err
    assert "1 of 3 pictures failed." in answer.err
    told = json.loads(cli("generate", "gone.jpg", "photo.jpg", "--json").out)
    assert (told[0]["picture"], told[0]["error"]["code"]) == ("gone.jpg", "picture_missing")
    assert told[1]["path"] == "photo-2.mp4"


def test_a_setting_that_is_wrong_for_all_is_said_once(cli, photo: Path, here: Path) -> None:
    """Before any work."""
    shutil.copy(photo, "z.jpg")
    answer = cli("generate", "photo.jpg", "z.jpg", "--num-frames", "999")
    assert answer.code == 2
    assert answer.err.count("it must be from 1 to 240") == 1
    assert names(here) == ["photo.jpg", "z.jpg"]


def test_an_engine_stays_loaded_between_pictures(cli, house, photo: Path) -> None:
    """One engine serves the whole call."""
    shutil.copy(photo, "z.jpg")
    assert cli("generate", "photo.jpg", "z.jpg").code == 0
    assert house._engines["testcard"].engine.loads == 2


def test_like_repeats_a_videos_settings(cli, photo: Path) -> None:
    """The same picture gives the same video; what is given goes first."""
    first = json.loads(cli("generate", photo, "pan left", "--seed", "9", "--fps", "4", "--json").out)
    again = json.loads(cli("generate", photo, "--like", first["path"], "--json").out)
    assert [again[k] for k in ("seed", "fps", "moves")] == [9, 4, ["pan_left"]]
    other = json.loads(
        cli("generate", photo, "hold", "--like", first["path"], "--seed", "1", "-o", "x.gif", "--json").out
    )
    assert [other[k] for k in ("seed", "fps", "moves", "format")] == [1, 4, ["static"], "gif"]


def test_like_without_the_prompt_says_so(cli, photo: Path) -> None:
    """A file that kept its prompt to itself cannot repeat the move."""
    assert cli("generate", photo, "pan left", "--leave-out-prompt").code == 0
    assert "pan left" not in str(read_metadata(Path("photo.mp4")))
    assert "saved without its prompt" in cli("generate", photo, "--like", "photo.mp4").err


def test_a_poster_stands_beside_the_video(cli, photo: Path) -> None:
    """A JPEG of its size that replaces nothing."""
    told = json.loads(cli("generate", photo, "--poster", "--json").out)
    assert told["poster"] == "photo-poster.jpg"
    with Image.open(told["poster"]) as poster:
        assert (poster.format, poster.size) == ("JPEG", (64, 48))


@pytest.mark.parametrize("link", [False, True])
def test_a_poster_never_replaces_an_input(cli, photo: Path, here: Path, link: bool) -> None:
    """The name follows from -o; where it is the picture's, the call is refused before any work."""
    picture = here / "x-poster.jpg"
    photo.rename(picture)
    named = picture
    if link:
        named = here / "link.jpg"
        named.symlink_to(picture)
    before = picture.read_bytes()
    answer = cli("generate", named.name, "-o", "x.mp4", "--poster", "--force")
    assert answer.code == 2
    assert "x-poster.jpg is the picture itself" in answer.err
    assert picture.read_bytes() == before
    assert not (here / "x.mp4").exists()
    assert cli("generate", named.name, "-o", "x", "--poster", "--force").code == 2


def test_a_batch_replaces_none_of_its_own_files(cli, photo: Path, here: Path) -> None:
    """Neither inputs, by posters or clips, nor what it made a moment ago."""
    Image.fromarray(draw()).save("a.webp", lossless=True)
    (here / "d").mkdir()
    shutil.copy("a.webp", "d/a.webp")
    for name in ("x.jpg", "x-poster.jpg", "photo-2.jpg", "d/photo.jpg"):
        shutil.copy(photo, here / name)
    inputs = ["x.jpg", "x-poster.jpg", "photo.jpg", "d/photo.jpg", "photo-2.jpg"]
    before = {name: (here / name).read_bytes() for name in (*inputs, "a.webp", "d/a.webp")}
    for _ in range(2):
        told = json.loads(cli("generate", *inputs, "--poster", "--force", "--json").out)
        made = [path for each in told for path in (each["path"], each["poster"])]
        assert len(set(made)) == 2 * len(inputs)
    again = cli("generate", "a.webp", "d/a.webp", "--format", "webp", "--force")
    assert len(set(again.out.split())) == 2
    assert {name: (here / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("output", "poster"), [("v.mp4", "v-poster.jpg"), ("v.webm", "v.webm-poster.jpg"), ("v", "v-poster.jpg")]
)
def test_posters_of_two_formats_are_two(cli, photo: Path, output: str, poster: str) -> None:
    """The name says of which video it is."""
    assert json.loads(cli("generate", photo, "-o", output, "--poster", "--json").out)["poster"] == poster


def test_quiet_does_not_hide_that_something_is_wrong(cli, photo: Path) -> None:
    """A black video is said to be one."""
    answer = cli("generate", photo, "black", "--quiet")
    assert (answer.code, answer.out) == (0, "photo.mp4\n")
    assert answer.err == "Check the video: it is black from start to end.\n"


def test_numbers_are_written_for_people(cli, photo: Path) -> None:
    """No six digits of a third, and one frame is no frames."""
    assert "3 frames at 9 fps, 0.33 s of video" in cli("generate", photo, "--num-frames", 3, "--fps", 9).err
    assert "1 frame at" in cli("generate", photo, "--num-frames", 1).err


def test_a_failure_names_its_picture_once(cli, photo: Path, here: Path) -> None:
    """The folder is said where two pictures have one name."""
    (here / "d").mkdir()
    for name in ("broken.jpg", "d/one.jpg", "one.jpg"):
        (here / name).write_bytes(b"\xff\xd8\xff broken")
    err = cli("generate", photo, "broken.jpg", "d/one.jpg", "one.jpg").err
    assert "Error: broken.jpg is" in err
    assert "Error: d/one.jpg: one.jpg is" in err
    assert "one.jpg: one.jpg" in err


def test_what_a_killed_call_left_is_removed_by_the_next(shell, photo: Path, here: Path) -> None:
    """SIGKILL cannot be caught; the same call again clears up."""
    arguments = ["generate", "photo.jpg", "--model", "testcard", "-o", "o.mp4"]
    command = shell.command([*arguments, "wait", "--num-frames", "240"])
    process = subprocess.Popen(command, cwd=here, env=shell.environ, stderr=subprocess.DEVNULL)
    while not list(here.glob(".*.part.*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert list(here.glob(".*.part.*"))
    assert shell(*arguments).code == 0
    assert names(here) == ["o.mp4", "photo.jpg"]


def test_the_poster_name_is_numbered_too(cli, photo: Path, here: Path) -> None:
    """An earlier poster stays."""
    (here / "photo-poster.jpg").write_bytes(b"mine")
    assert json.loads(cli("generate", photo, "--poster", "--json").out)["poster"] == "photo-poster-2.jpg"
    assert (here / "photo-poster.jpg").read_bytes() == b"mine"


def test_quiet_says_only_the_path(cli, photo: Path) -> None:
    """For scripts."""
    answer = cli("generate", photo, "--quiet")
    assert (answer.out, answer.err) == ("photo.mp4\n", "")


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--lang", "zh"], {}),
        (["--lang=zh"], {"UNSTILL_LANG": "en"}),
        ([], {"UNSTILL_LANG": "zh"}),
        ([], {"LANG": "zh_CN.UTF-8"}),
        ([], {"LC_ALL": "zh_TW", "LANG": "en_GB"}),
    ],
)
def test_it_speaks_chinese(cli, photo: Path, monkeypatch, arguments, environ) -> None:
    """When asked, when set, or when the computer does."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert cli("generate", photo, *arguments).err.startswith("镜头运动，本机生成，非 AI 生成视频。")
    assert "找不到文件" in cli("generate", "gone.jpg", *arguments).err


def test_model_options_are_read_as_numbers(cli, photo: Path) -> None:
    """--option NAME=VALUE, as often as needed."""
    assert cli("generate", photo, "--option", "step=3").code == 0
    for wrong, says in (
        ("step=99", "from 0"),
        ("step=x", "a number"),
        ("stride=1", "step"),
        ("step", "NAME="),
    ):
        answer = cli("generate", photo, "--option", wrong)
        assert answer.code == 2
        assert says in answer.err
