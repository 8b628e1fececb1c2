"""Bad input of every kind: one clear message with what to do, nothing half-written, no traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from testcard import draw
from unstill.apps.cli.words import TEXTS


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw()).save(out, "JPEG")
    return out.getvalue()


def blank(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    return out.getvalue()


PICTURES = {
    "empty": (b"", "empty_picture"),
    "truncated": (jpeg()[:-400], "damaged_picture"),
    "text": (b"just some words", "not_a_picture"),
    "too many pixels": (blank((8000, 8000)), "too_many_pixels"),
    "1x1": (blank((1, 1)), "side_out_of_range"),
    "1x8000": (blank((1, 8000)), "side_out_of_range"),
    "too narrow": (blank((16, 8000)), "too_narrow"),
}


def refused(answer, code: str, exit_code: int, folder: Path, kept: set[str]) -> dict[str, str]:
    """What every refusal has in common; its JSON."""
    assert answer.code == exit_code, answer.text
    assert "Traceback" not in answer.text
    assert len(answer.err.strip().splitlines()) == 2, "a message and what to do"
    told = json.loads(answer.out)["error"]
    assert set(told) == {"message", "type", "param", "code", "hint"}
    assert told["code"] == code
    assert {p.name for p in folder.iterdir()} == kept, "nothing half-written"
    return told


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_cannot_be_used(cli, here: Path, name: str, lang: str) -> None:
    """A failure, exit code 1, in the reader's language."""
    content, code = PICTURES[name]
    (here / "in.png").write_bytes(content)
    told = refused(cli("generate", "in.png", "--json", "--lang", lang), code, 1, here, {"in.png"})
    assert any(letter >= "\u4e00" for letter in told["message"]) == (lang == "zh")


CALLS = {
    "missing": (["gone.jpg"], "picture_missing"),
    "missing of two": (["gone.jpg", "orbit"], "picture_missing"),
    "empty folder": (["empty/"], "nothing_to_do"),
    "no quotes": (["photo.jpg", "slow", "push"], "prompt_needs_quotes"),
    "impossible size": (["photo.jpg", "--size", "9x9"], "out_of_range"),
    "no size": (["photo.jpg", "--size", "large"], "invalid_field"),
    "no frames": (["photo.jpg", "--num-frames", "0"], "out_of_range"),
    "negative frames": (["photo.jpg", "--num-frames", "-5"], "out_of_range"),
    "words for a number": (["photo.jpg", "--num-frames", "abc"], "invalid_field"),
    "too many frames": (["photo.jpg", "--num-frames", "9999999999999999999999"], "out_of_range"),
    "unknown model": (["photo.jpg", "--model", "gpt"], "unknown_model"),
    "unknown fit": (["photo.jpg", "--fit", "stretch"], "not_a_choice"),
    "unknown format": (["photo.jpg", "--format", "avi"], "not_a_choice"),
    "unknown ending": (["photo.jpg", "-o", "a.avi"], "unknown_format"),
    "two formats": (["photo.jpg", "-o", "a.gif", "--format", "mp4"], "format_conflict"),
    "exists": (["photo.jpg", "-o", "taken.mp4"], "output_exists"),
    "one file for two": (["photo.jpg", "photo.jpg", "-o", "a.mp4"], "several_pictures_one_output"),
    "not ours": (["photo.jpg", "--like", "photo.jpg"], None),
    "like missing": (["photo.jpg", "--like", "gone.mp4"], "file_missing"),
    "unknown option": (["photo.jpg", "--num-frame", "3"], "unknown_option"),
    "no value": (["photo.jpg", "--size"], "missing_value"),
    "no picture": ([], "missing_argument"),
    "unknown language": (["photo.jpg", "--lang", "fr"], "not_a_choice"),
    "long prompt": (["photo.jpg", "a" * 4001], "out_of_range"),
    "empty picture": (["", "pan"], "picture_unnamed"),
    "empty picture alone": ([""], "picture_unnamed"),
    "empty like": (["photo.jpg", "--like", ""], "empty_name"),
    "empty model": (["photo.jpg", "--model", ""], "empty_name"),
    "empty output": (["photo.jpg", "-o", ""], "empty_name"),
    "output to stdout": (["photo.jpg", "-o", "-"], "output_to_stdout"),
    "odd digits": (["photo.jpg", "--seed", "１２"], "invalid_field"),
    "underscore": (["photo.jpg", "--seed", "1_0"], "invalid_field"),
    "wrong colour": (["photo.jpg", "--background", "mauve"], "invalid_field"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_cannot_be_carried_out(cli, photo: Path, here: Path, name: str) -> None:
    """A wrong call has exit code 2, and says so before any work."""
    (here / "taken.mp4").write_bytes(b"mine")
    (here / "empty").mkdir()
    arguments, code = CALLS[name]
    options = ["--json"] if "--size" in arguments[-1:] else []
    answer = cli("generate", *options, *arguments, *([] if options else ["--json"]))
    kept = {"photo.jpg", "taken.mp4", "empty"}
    if code is None:
        assert json.loads(answer.out)["error"]["code"] in ("not_a_video", "not_our_video")
    else:
        refused(answer, code, 2, here, kept)
    assert (here / "taken.mp4").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["generate", "a.jpg", "--num-frame", "3"], "Did you mean --num-frames?"),
        (["generate", "a.jpg", "--sed=3"], "Did you mean --seed?"),
        (["genrate", "a.jpg"], "Did you mean generate?"),
        (["models", "lst"], "Did you mean list?"),
        (["photo.jpg", "push in"], "Did you mean `unstill generate photo.jpg`?"),
        (["nonsense"], "See `unstill --help`"),
        (["generate", "a.jpg", "--size"], "`unstill generate --help`"),
        (["show"], "unstill show clip.mp4"),
        (["show", "a", "b"], "`unstill show` takes one FILE; b was given besides."),
        (["jobs", "wait", "video_1", "video_2"], "takes one ID; video_2 was given besides."),
        (["models", "list", "more"], "takes options alone; more was given besides."),
    ],
)
def test_a_mistyped_word_is_answered_with_the_nearest(
    cli, here: Path, arguments: list[str], says: str
) -> None:
    """In both languages, with exit code 2."""
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    chinese = cli(*arguments, "--lang", "zh") if arguments[-1] != "--size" else None
    assert chinese is None or chinese.err.startswith("错误：")


def test_an_error_names_the_option_as_it_is_typed(cli, photo: Path) -> None:
    """--num-frames on the terminal, num_frames in JSON."""
    answer = cli("generate", photo, "--num-frames", "0", "--json")
    assert "--num-frames is 0; it must be from 1 to 240.\n  For example `--num-frames 96`." in answer.err
    assert json.loads(answer.out)["error"]["param"] == "num_frames"


@pytest.mark.parametrize(
    "output", ["photo.jpg/a.mp4", "/proc/nowhere/a.mp4", "/dev/full/a.mp4", "a" * 300 + ".mp4"]
)
def test_a_folder_that_cannot_be_written(cli, photo: Path, here: Path, output: str) -> None:
    """A failure that names the path and the reason."""
    told = refused(cli("generate", photo, "-o", output, "--json"), "not_writable", 1, here, {"photo.jpg"})
    assert "cannot be written" in told["message"]


@pytest.mark.parametrize("output", ["/dev/null", "/dev/full"])
def test_a_device_is_no_output(cli, photo: Path, output: str) -> None:
    """Replacing one with a file would take it from the system."""
    assert cli("generate", photo, "-o", output, "--force").code == 1
    assert Path(output).is_char_device()


def test_a_full_disk(cli, photo: Path, here: Path) -> None:
    """Nothing is left on it, and the message says whose room ran out."""
    disk = here / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        Image.fromarray(draw(1000, 800)).save(photo)
        answer = cli("generate", photo, "-o", disk / "a.mp4", "--json")
        told = refused(answer, "disk_full", 1, disk, set())
        assert "disk" in told["message"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_nobody_foresaw_has_an_incident_id(cli, photo: Path, here: Path, own_folders: Path) -> None:
    """The traceback is in the log, once; the screen has its number and the log's name."""
    told = refused(cli("generate", photo, "break", "--json"), "unexpected", 1, here, {"photo.jpg"})
    assert "secret" not in str(told)
    log = own_folders / "log" / "incidents.log"
    assert str(log) in told["hint"]
    text = log.read_text()
    assert text.count("RuntimeError: a secret of the engine") == 1
    assert text.split("incident ")[1].split()[0] in told["message"]
    assert log.stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_is_no_second_failure(cli, photo: Path, house) -> None:
    """Still no traceback, in either language."""
    object.__setattr__(house.settings, "log_dir", Path("/proc/nowhere"))
    for lang, says in (("en", "no log could be written"), ("zh", "日志无法写入")):
        answer = cli("generate", photo, "break", "--lang", lang)
        assert answer.code == 1
        assert says in answer.err
        assert "Traceback" not in answer.text


def test_debugging_shows_the_traceback(cli, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when asked for."""
    monkeypatch.setenv("UNSTILL_DEBUG", "1")
    assert "a secret of the engine" in cli("generate", photo, "break").err


def test_a_wrong_setting_is_named(shell, photo: Path) -> None:
    """With the variable, in a process of its own; help still works."""
    answer = shell("generate", "photo.jpg", "--json", UNSTILL_WEBM_CODEC="h264")
    assert answer.code == 2
    assert "UNSTILL_WEBM_CODEC" in json.loads(answer.out)["error"]["message"]
    assert shell("--help", UNSTILL_WEBM_CODEC="h264").code == 0


@pytest.mark.parametrize(
    ("picture", "reason", "hint"),
    [
        ("pipe", "it is not a regular file", "ordinary file"),
        ("loop.jpg", "the links go in a circle", "link was meant to lead to"),
        ("a" * 300 + ".jpg", "the name is too long", "rename"),
    ],
)
def test_the_hint_fits_the_reason(cli, photo: Path, here: Path, picture: str, reason: str, hint: str) -> None:
    """A pipe needs something else than a file that is not yours."""
    os.mkfifo("pipe")
    Path("loop.jpg").symlink_to("loop.jpg")
    answer = cli("generate", picture)
    assert answer.code == 1
    assert reason in answer.err
    assert hint in answer.err


def test_show_does_not_wait_for_a_pipe(shell, here: Path) -> None:
    """Nor open a device."""
    os.mkfifo(here / "pipe.mp4")
    for name in ("pipe.mp4", "/dev/zero"):
        answer = shell("show", name)
        assert answer.code == 1
        assert "not a regular file" in answer.err
    assert shell("show", "").code == 2


def test_a_file_name_cannot_talk_to_the_terminal(cli, here: Path) -> None:
    """Control characters are shown, not obeyed."""
    answer = cli("generate", "\x1b]0;owned\x07.jpg")
    assert answer.code == 2
    assert "\x1b" not in answer.err


def test_a_name_that_is_no_text_is_printed_as_its_bytes(shell, here: Path) -> None:
    """Linux file names are bytes; the path on stdout is still the path."""
    name = b"caf\xe9.png"
    out = io.BytesIO()
    Image.fromarray(draw()).save(out, "PNG")
    try:
        (Path(str(here)) / name.decode("utf-8", "surrogateescape")).write_bytes(out.getvalue())
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    command = [*shell.command(["generate", "--model", "testcard"]), name]
    done = subprocess.run(command, cwd=here, env=shell.environ, capture_output=True, timeout=60)
    assert done.stdout == b"caf\xe9.mp4\n", done.stderr


def test_json_is_ascii_where_the_terminal_has_no_chinese(shell, photo: Path) -> None:
    """It stays JSON that reads back the same."""
    answer = shell(
        "plan", "photo.jpg", "--model", "testcard", "--json", "--lang", "zh", PYTHONIOENCODING="latin-1"
    )
    assert "镜头运动" in json.loads(answer.out)["notes"][0]


def test_a_reader_that_goes_away_is_no_error(shell, photo: Path) -> None:
    """`unstill ... | head -0` ends quietly."""
    process = subprocess.Popen(
        shell.command(["models", "list"]), env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, error = process.communicate(timeout=60)
    assert b"Traceback" not in error
    assert b"Exception" not in error


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_has_both_languages(key: str) -> None:
    """With the same facts in each."""
    import string

    en, zh = ({n for _, n, _, _ in string.Formatter().parse(text) if n} for text in TEXTS[key])
    assert en == zh


def test_every_move_and_effect_of_the_engine_has_words() -> None:
    """No id is ever shown to a person."""
    from unstill.apps.cli.words import EFFECTS, MOVES

    assert len(MOVES) == 17
    assert len(EFFECTS) == 8
    assert all(pair[0] and pair[1] for pair in (*MOVES.values(), *EFFECTS.values()))
