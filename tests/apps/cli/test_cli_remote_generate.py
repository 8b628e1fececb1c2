"""`unstill generate --server`: the same call and names, one video for each picture whatever gets lost."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_parts import Station, build
from PIL import Image

from odd_servers import odd, reply, says
from remote_parts import ENTRY, everything, tell
from testcard import draw
from unstill.apps.api.guard import GuardSettings
from unstill.media.read_video import probe, read_metadata


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def ids(station: Station) -> list[str]:
    return [job.id for job in everything(station)]


def test_it_is_the_same_call(cli, station: Station, photo: Path, here: Path) -> None:
    """The path alone on stdout, talk on stderr, the very file of the server's job."""
    answer = cli("generate", "photo.jpg", "pan left", "--server", station.url)
    assert (answer.code, answer.out) == (0, "photo.mp4\n"), answer.err
    assert answer.err.startswith(
        "Camera motion, made on this computer; not AI-generated video.\n64 x 48, 8 frames"
    )
    (job,) = everything(station)
    assert job.id in read_metadata(here / "photo.mp4")["unstill"]
    assert probe(here / "photo.mp4").seconds == 1
    assert (job.input.name, job.request["prompt"]) == ("photo.jpg", "pan left")
    assert cli("generate", "photo.jpg", "--server", "auto").out == "photo-2.mp4\n"
    assert cli("generate", "photo.jpg", "--server", "local", "--force").out == "photo.mp4\n"
    assert cli("generate", "photo.jpg", "--server", "local", "-o", "photo.mp4").code == 2
    assert len(ids(station)) == 3


def test_every_setting_arrives(cli, station: Station, photo: Path) -> None:
    """As it would be used here."""
    told = json.loads(
        cli("generate", "photo.jpg", "pan left 慢", "--seed", "5", "--fps", "4", "--loop", "--size", "48x32",
            "--fit", "pad", "--background", "#ff0000", "--option", "step=3", "-o", "a.webm", "--json",
            "--server", "local").out
    )  # fmt: skip
    (job,) = everything(station)
    wanted = {"prompt": "pan left 慢", "seed": 5, "fps": 4, "loop": True, "size": "48x32", "fit": "pad",
              "background": "#ff0000", "format": "webm", "options": {"step": 3.0}}  # fmt: skip
    assert {name: job.request[name] for name in wanted} == wanted
    assert (told["path"], told["id"], told["server"]) == ("a.webm", job.id, station.url)
    assert (told["width"], told["height"], told["num_frames"], told["fps"]) == (48, 32, 8, 4)
    assert (told["seconds"], told["seed"], told["moves"], told["auto"]) == (2.0, 5, ["pan_left"], False)
    assert (told["generative"], told["kind"], told["format"]) == (False, "camera motion", "webm")
    assert probe(Path("a.webm")).container == "webm"


def test_a_batch_goes_on_past_a_failure(cli, station: Station, photo: Path, here: Path) -> None:
    """Each is named, in both languages; same names get numbers."""
    (here / "d").mkdir()
    for name in ("z.jpg", "d/photo.jpg", "照片 ü.jpg"):
        shutil.copy(photo, here / name)
    (here / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    pictures = ["photo.jpg", "broken.jpg", "gone.jpg", "照片 ü.jpg", "d"]
    answer = cli("generate", *pictures, "pan left", "-o", "out/", "--server", "local")
    assert (answer.code, answer.out) == (1, "out/photo.mp4\nout/照片 ü.mp4\nout/photo-2.mp4\n")
    assert "Error: broken.jpg is" in answer.err
    assert "Error: There is no file at gone.jpg." in answer.err
    assert "2 of 5 pictures failed." in answer.err
    chinese = cli("generate", "broken.jpg", "--server", "local", "--lang", "zh")
    assert chinese.code == 1
    assert "broken.jpg" in chinese.err
    assert any(letter >= "\u4e00" for letter in chinese.err)
    assert everything(station)[1].input.name == "照片 ü.jpg"
    told = json.loads(cli("generate", "gone.jpg", "z.jpg", "--json", "--server", "local").out)
    assert (told[0]["error"]["code"], told[1]["path"]) == ("picture_missing", "z.mp4")


@pytest.mark.parametrize(
    ("arguments", "code", "says_"),
    [
        (["--num-frames", "999"], 2, "--num-frames is 999; it must be from 1 to 240."),
        (["--num-frames", "many"], 2, "a whole number"),
        (["--model", "gpt"], 2, "There is no model called gpt"),
        (["--option", "stride=1"], 2, "stride is not a setting"),
        (["-o", "a.avi"], 2, "no ending"),
        (["-o", "taken.mp4"], 2, "exists already"),
        (["-o", "taken"], 2, "exists already"),
        (["-o", "photo.jpg/a.mp4"], 1, "cannot be written"),
        (["--leave-out-prompt"], 2, "--leave-out-prompt has no effect on a server."),
        (["--like", "gone.mp4"], 2, "There is no file at gone.mp4"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(
    cli, station: Station, photo: Path, here: Path, arguments: list[str], code: int, says_: str
) -> None:
    """Once, for all pictures; the server gets no job."""
    (here / "taken.mp4").write_bytes(b"mine")
    many = ["z.jpg"] if "-o" not in arguments else []
    if many:
        shutil.copy(photo, here / "z.jpg")
    answer = cli("generate", "photo.jpg", *many, *arguments, "--server", "local")
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.count(says_) == 1, answer.err
    assert (here / "taken.mp4").read_bytes() == b"mine"
    assert ids(station) == []


def test_a_failure_on_the_server_is_said(cli, station: Station, photo: Path, here: Path) -> None:
    """With its advice, and nothing is written."""
    answer = cli("generate", photo, "crash", "--server", "local", "--json")
    assert answer.code == 1
    assert "crashed 3 times.\n  Try a smaller size" in answer.err
    assert json.loads(answer.out)["error"]["code"] == "worker_crashed"
    assert names(here) == ["photo.jpg"]


@pytest.mark.parametrize("odd_one", ["empty.jpg", "pipe.jpg", "folder.jpg", "large.jpg"])
def test_what_is_no_file_is_not_sent(cli, station: Station, here: Path, odd_one: str, monkeypatch) -> None:
    """Neither a pipe nor a gigabyte."""
    import os

    monkeypatch.setenv("UNSTILL_MAX_PICTURE_MEBIBYTES", "0.001")
    (here / "empty.jpg").write_bytes(b"")
    os.mkfifo(here / "pipe.jpg")
    (here / "folder.jpg").mkdir()
    with (here / "large.jpg").open("wb") as file:
        file.truncate(2**33)
    answer = cli("generate", odd_one, "--server", "local", "--json")
    assert answer.code in (1, 2)
    codes = ("empty_picture", "not_readable", "nothing_to_do", "too_many_bytes")
    assert json.loads(answer.out)["error"]["code"] in codes
    assert ids(station) == []


def test_detached(cli, station: Station, photo: Path, here: Path) -> None:
    """Ids are all that is printed, and nothing is waited for; a server is meant even where none is named."""
    station.worker.paused = True
    shutil.copy(photo, here / "z.jpg")
    answer = cli("generate", "photo.jpg", "z.jpg", "pan left", "--detach")
    assert answer.code == 0
    assert answer.out.split() == ids(station)
    assert f"Sent to {station.url}." in answer.err
    told = json.loads(cli("generate", "photo.jpg", "--detach", "--json").out)
    assert (told["id"], told["state"], told["server"]) == (ids(station)[2], "queued", station.url)
    assert names(here) == ["photo.jpg", "z.jpg"]
    for useless in (["-o", "a.mp4"], ["--poster"], ["--force"]):
        refused = cli("generate", "photo.jpg", "--detach", *useless)
        assert refused.code == 2
        assert f"{useless[0]} has no effect with --detach." in refused.err
    while len(ids(station)) < 6:
        assert cli("generate", "photo.jpg", "--detach").code == 0
    full = cli("generate", "photo.jpg", "--detach")
    assert full.code == 1
    assert "the limit is 6." in full.err


def test_like_and_poster_are_done_here(cli, station: Station, photo: Path, here: Path) -> None:
    """The settings of a file of this computer, and a still of the file that came."""
    assert cli("generate", photo, "pan left", "--seed", "9", "--fps", "4", "-o", "first.mp4").code == 0
    told = json.loads(
        cli("generate", photo, "--like", "first.mp4", "--poster", "--json", "--server", "local").out
    )
    assert (told["seed"], told["fps"], told["moves"], told["poster"]) == (
        9,
        4,
        ["pan_left"],
        "photo-poster.jpg",
    )
    with Image.open("photo-poster.jpg") as poster:
        assert poster.size == (64, 48)
    cli("generate", photo, "pan left", "--leave-out-prompt", "-o", "secret.mp4")
    assert (
        "saved without its prompt" in cli("generate", photo, "--like", "secret.mp4", "--server", "local").err
    )


def test_words_that_a_server_keeps_are_mentioned(house, station: Station, photo: Path, capsys) -> None:
    """Where the person's own setting says that files carry none."""
    from unstill.apps.cli.run import run

    object.__setattr__(house.settings, "keep_prompt", False)
    assert run(house, ["generate", str(photo), "pan left", "--server", "local", "--quiet"]) == 0
    assert "The file carries your prompt" in capsys.readouterr().err


class Losing:
    """The server's app, whose first answers to a create get lost behind it."""

    def __init__(self, inner, times: int) -> None:
        self.inner, self.left = inner, times

    async def __call__(self, scope, receive, send) -> None:
        if (
            scope["type"] != "http"
            or scope["path"] != "/v1/videos"
            or scope["method"] != "POST"
            or not self.left
        ):
            await self.inner(scope, receive, send)
            return
        self.left -= 1

        async def swallow(message) -> None:
            pass

        await self.inner(scope, receive, swallow)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})
        # No body follows: the connection breaks.


@pytest.fixture
def losing(tmp_path: Path, quiet: None, monkeypatch) -> Iterator[Station]:
    made = build(tmp_path / "data", [ENTRY])
    made.server.config.app = Losing(made.app, times=2)  # type: ignore[assignment]
    made.start()
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(tell(made.data, made.url)))
    yield made
    made.stop()


def test_a_lost_answer_makes_no_second_video(cli, losing: Station, photo: Path) -> None:
    """The same key again finds the job there is; a seed that was drawn is no difference."""
    answer = cli("generate", "photo.jpg", "pan left", "--server", "local")
    assert (answer.code, answer.out) == (0, "photo.mp4\n"), answer.err
    assert answer.err.count("was lost; trying again") == 1
    assert len(ids(losing)) == 1
    assert cli("generate", "photo.jpg", "pan left", "--server", "local").code == 0
    assert len(ids(losing)) == 2


@pytest.mark.parametrize("count", [1, 2])
def test_ctrl_c_cancels_the_work_on_the_server(
    shell, station: Station, photo: Path, here: Path, count: int
) -> None:
    """And leaves nothing here."""
    shutil.copy(photo, here / "z.jpg")
    process = subprocess.Popen(
        shell.command(["generate", *["photo.jpg", "z.jpg"][:count], "wait", "--server", "local", "--json"]),
        cwd=here, env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (found := everything(station)) or found[0].progress is None:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    (one,) = ids(station)
    assert err == f"{one} was cancelled on the server.\nStopped. Nothing was written.\n"
    told = json.loads(out)
    assert (told[0] if count > 1 else told)["error"]["code"] == "cancelled"
    while not station.service.get(one, "").state.is_final:
        time.sleep(0.01)
    assert station.service.get(one, "").state == "cancelled"
    assert names(here) == ["photo.jpg", "z.jpg"]


def test_ctrl_c_while_the_picture_is_sent(shell, photo: Path, here: Path) -> None:
    """It waits for the answer, so as to know what to cancel."""
    job = {"id": "video_7", "state": "queued", "status": "queued", "progress": 0}

    def slowly(to) -> None:
        if to.path == "/v1/videos":
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        says({"format": "mp4"} if to.path == "/v1/plans" else job)(to)

    with odd(slowly) as server:
        process = subprocess.Popen(
            shell.command(["generate", "photo.jpg", "--server", server.url]), cwd=here, env=shell.environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "video_7 was cancelled on the server.\nStopped. Nothing was written.\n"
    assert server.asked[-1][0] == "POST /v1/videos/video_7/cancel HTTP/1.1"


def test_a_cancel_that_fails_is_said(shell, photo: Path, here: Path) -> None:
    """With what to do."""
    job = {"id": "video_7", "state": "queued", "status": "queued", "progress": 0}

    def once(to) -> None:
        if to.path.endswith("/cancel"):
            reply(b"", 500)(to)
            return
        if to.path == "/v1/videos/video_7":
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        says({"format": "mp4"} if to.path == "/v1/plans" else job)(to)

    with odd(once) as server:
        process = subprocess.Popen(
            shell.command(["generate", "photo.jpg", "--server", server.url]), cwd=here, env=shell.environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "video_7 could not be cancelled and goes on: `unstill jobs cancel video_7`." in err


def test_a_full_disk_keeps_the_video_on_the_server(cli, station: Station, here: Path, small_disk) -> None:
    """The work is not lost, and it says how to fetch it."""
    Image.fromarray(draw(1000, 800)).save(here / "big.png")
    disk = small_disk("4k")
    wish = ["--num-frames", 240, "-o", disk / "a.mp4", "--json"]
    answer = cli("generate", "big.png", *wish, "--server", "local")
    assert json.loads(answer.out)["error"]["code"] == "disk_full"
    assert list(disk.iterdir()) == []
    (one,) = ids(station)
    assert f"The video is kept on the server: `unstill jobs download {one}`." in answer.err
    assert cli("jobs", "download", one).out == "big.mp4\n"


def test_it_speaks_chinese(cli, station: Station, photo: Path) -> None:
    """The server's notes, too."""
    answer = cli("generate", photo, "--guidance-scale", "3", "--server", "local", "--lang", "zh")
    assert answer.err.startswith("镜头运动，本机生成，非 AI 生成视频。\n")
    assert "guidance_scale 对 testcard 不起作用" in answer.err
    assert (
        "--num-frames 为 0"
        in cli("generate", photo, "--num-frames", "0", "--server", "local", "--lang", "zh").err
    )


def test_a_server_that_asks_for_a_key(cli, tmp_path: Path, photo: Path, quiet: None, monkeypatch) -> None:
    """Says what to set; with the key all works, and a picture too large is refused in words."""
    guarded = build(tmp_path / "data", [ENTRY], GuardSettings(auth="keys"))
    guarded.start()
    try:
        for lang, advice in (("en", "Set UNSTILL_API_KEY to a key"), ("zh", "请把 UNSTILL_API_KEY 设为")):
            refused = cli("generate", photo, "--server", guarded.url, "--lang", lang)
            assert refused.code == 1
            assert advice in refused.err
        assert json.loads(cli("jobs", "list", "--server", guarded.url, "--json").out)["error"]["code"] == (
            "invalid_api_key"
        )
        secret = cli("keys", "add", "laptop", "--data-dir", guarded.data).out.strip()
        monkeypatch.setenv("UNSTILL_API_KEY", secret)
        made = cli("generate", photo, "--server", guarded.url)
        assert (made.code, made.out) == (0, "photo.mp4\n"), made.err
        monkeypatch.setenv("UNSTILL_MAX_PICTURE_MEBIBYTES", "1000")
        with Path("large.jpg").open("wb") as file:
            file.truncate(60 * 2**20)
        large = cli("generate", "large.jpg", "--server", guarded.url, "--json")
        assert json.loads(large.out)["error"]["code"] == "body_too_large", large.err
    finally:
        guarded.stop()
