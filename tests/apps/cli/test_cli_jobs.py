"""`unstill jobs`: what a server has, said in words or as the API says it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from api_parts import Station, build, png

from remote_parts import ENTRY, tell
from unstill.apps.cli.columns import cut, lines, width

Make = Callable[..., str]


def api(station: Station, path: str) -> dict:
    found: dict = httpx.get(f"{station.url}/v1/videos{path}", trust_env=False).json()
    return found


def test_a_list_is_a_table(cli, finished: Make) -> None:
    """One line each, the newest first, columns aligned also where the words are Chinese."""
    first, second = finished("pan left"), finished("镜头缓缓推近 雪花飘落")
    for lang, state in (("en", "completed"), ("zh", "已完成")):
        answer = cli("jobs", "list", "--lang", lang)
        head, *rows = answer.out.splitlines()
        assert [row.split()[0] for row in rows] == [second, first]
        at = width(head[: head.index({"en": "Model", "zh": "模型"}[lang])])
        assert {width(row[: row.index("testcard")]) for row in rows} == {at}
        assert all(state in row and "100 %" in row for row in rows)
        assert answer.out.rstrip().endswith("pan left")
        assert "镜头缓缓推近 雪花飘落" in rows[0]


def test_json_is_the_apis_own(cli, station: Station, finished: Make) -> None:
    """Objects untouched."""
    one = finished("pan left 慢")
    assert json.loads(cli("jobs", "list", "--json").out) == api(station, "")["data"]
    assert json.loads(cli("jobs", "show", one, "--json").out) == api(station, f"/{one}")


def test_an_empty_list_says_so(cli, station: Station) -> None:
    """On stderr; the answer is empty, and in JSON an empty array."""
    answer = cli("jobs", "list")
    assert (answer.code, answer.out, answer.err) == (0, "", "There are no videos.\n")
    assert json.loads(cli("jobs", "list", "--json").out) == []


def test_a_list_can_be_narrowed(cli, station: Station, make: Make, finished: Make, monkeypatch) -> None:
    """By state, by number, and over all pages."""
    done = [finished() for _ in range(5)]
    station.worker.paused = True
    waiting = make()
    assert ids(cli("jobs", "list", "--state", "queued")) == [waiting]
    assert ids(cli("jobs", "list", "--state", "queued,completed")) == [waiting, *done[::-1]]
    some = cli("jobs", "list", "--limit", "2")
    assert ids(some) == [waiting, done[-1]]
    assert some.err == "There are more; --all lists them.\n"
    monkeypatch.setattr("unstill.apps.cli.remote.video.PAGE", 2)
    assert ids(cli("jobs", "list", "--all")) == [waiting, *done[::-1]]
    assert ids(cli("jobs", "list", "--limit", "3")) == [waiting, *done[:2:-1]]
    exact = cli("jobs", "list", "--limit", "6")
    assert (len(ids(exact)), exact.err) == (6, "")


def ids(answer) -> list[str]:
    assert answer.code == 0, answer.err
    return [line.split()[0] for line in answer.out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--limit", "0"], "a number of videos, 1 or more"),
        (["list", "--limit", "many"], "a number of videos, 1 or more"),
        (["list", "--limit", "9" * 5000], "a number of videos, 1 or more"),
        (["list", "--state", "done"], "queued, in_progress, completed, failed, cancelled"),
        (["wait", "video_1", "--timeout", "soon"], "a number of seconds"),
        (["wait", "video_1", "--timeout", "nan"], "a number of seconds"),
        (["show"], "unstill jobs show video_0123"),
        (["show", ""], "unstill jobs show video_0123"),
        (["lst"], "Did you mean list?"),
    ],
)
def test_a_wrong_call(cli, station: Station, arguments: list[str], says: str) -> None:
    """Two lines, exit code 2."""
    answer = cli("jobs", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert len(answer.err.splitlines()) == 2


@pytest.mark.parametrize("video", ["video_none", "../keys", "a/b", "x" * 300, "a b", "视频"])
@pytest.mark.parametrize("verb", ["show", "cancel", "delete", "restore", "wait", "download"])
def test_an_id_that_is_none(cli, station: Station, verb: str, video: str) -> None:
    """The same answer for all, and never another address."""
    answer = cli("jobs", verb, video, "--json")
    assert answer.code == 2
    assert json.loads(answer.out)["error"]["code"] == "video_not_found"
    assert "没有视频" in cli("jobs", verb, video, "--lang", "zh").err


def test_everything_about_one(cli, station: Station, finished: Make) -> None:
    """In words, with its notes and settings."""
    one = finished("pan left 慢慢", name="照片 ü.png", guidance_scale="3", background="#ff0000", step="3")
    out = cli("jobs", "show", one).out
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in out.splitlines() if line[0] != " ")
    assert rows["Id"] == one
    assert rows["State"] == "completed"
    assert rows["Model"] == "testcard (camera motion, not AI-generated video)"
    assert rows["Prompt"] == "pan left 慢慢"
    assert rows["Video"] == "64 x 48, 8 frames at 8 fps = 1 s, MP4"
    assert rows["Picture"] == "照片 ü.png (64 x 48)"
    assert rows["SHA-256"] == station.service.get(one, "").output.sha256
    assert "background #ff0000" in rows["Settings"]
    assert rows["Settings"].endswith(", step 3")
    assert not set(rows["Settings"]) & set("{}'")
    assert not {"True", "False"} & set(rows["Settings"].split())
    assert "guidance_scale has no effect with testcard" in out
    chinese = cli("jobs", "show", one, "--lang", "zh").out
    assert "guidance_scale 对 testcard 不起作用" in chinese
    assert "已完成" in chinese


def test_one_that_waits_and_one_in_progress(cli, station: Station, make: Make) -> None:
    """Their place, or their stage and how far they are."""
    station.worker.paused = True
    first, second = make("wait"), make()
    assert "place 2 in the queue" in cli("jobs", "show", second).out
    station.worker.paused = False
    while station.service.get(first, "").progress is None:
        time.sleep(0.01)
    out = cli("jobs", "show", first).out
    assert "Rendering and writing" in out
    assert re.search(r"Progress +[1-9][0-9]? %", out)


def test_a_failure_is_told_with_its_advice(cli, finished: Make) -> None:
    """In the reader's language."""
    one = finished("crash")
    for lang, why, hint in (
        ("en", "crashed 3 times. (worker_crashed)", "Try a smaller size"),
        ("zh", "崩溃了 3 次。（worker_crashed）", "请换一个小一些的尺寸"),
    ):
        out = cli("jobs", "show", one, "--lang", lang).out
        assert why in out
        assert hint in out


def test_cancel_delete_and_restore(cli, station: Station, make: Make) -> None:
    """Each says what became of it."""
    station.worker.paused = True
    one = make()
    assert cli("jobs", "cancel", one).out == f"{one}  cancelled\n"
    again = cli("jobs", "cancel", one)
    assert again.code == 1
    assert "cancelled already" in again.err
    gone = cli("jobs", "delete", one)
    assert gone.out == f"{one}  deleted\n"
    assert f"`unstill jobs restore {one}`" in gone.err
    assert cli("jobs", "show", one).code == 2
    assert cli("jobs", "restore", one, "--lang", "zh").out == f"{one}  已取消\n"
    assert cli("jobs", "show", one).code == 0
    assert json.loads(cli("jobs", "delete", one, "--json").out)["deleted"] is True


def test_one_in_progress_stops_at_its_next_step(cli, station: Station, make: Make) -> None:
    """The cancel is said to be on its way."""
    one = make("wait")
    while station.service.get(one, "").progress is None:
        time.sleep(0.01)
    answer = cli("jobs", "cancel", one)
    assert answer.code == 0
    assert ("It stops at its next step." in answer.err) == ("in progress" in answer.out)
    ended = cli("jobs", "wait", one)
    assert (ended.code, ended.err.splitlines()[0]) == (1, "Error: Cancelled.")


def test_waiting(cli, station: Station, make: Make) -> None:
    """The exit code is the video's."""
    one = make()
    answer = cli("jobs", "wait", one)
    assert (answer.code, answer.out) == (0, f"{one}  completed\n")
    assert f"`unstill jobs download {one}`" in answer.err
    assert json.loads(cli("jobs", "wait", one, "--json").out)["status"] == "completed"
    two = make("crash")
    failed = cli("jobs", "wait", two, "--json")
    assert failed.code == 1
    assert json.loads(failed.out)["error"]["code"] == "worker_crashed"
    assert failed.err.startswith("Error: The program that makes the video crashed 3 times.\n  Try a smaller")
    assert cli("jobs", "wait", two, "--lang", "zh").err.startswith("错误：生成视频的程序崩溃了 3 次。")


def test_waiting_has_an_end(cli, station: Station, make: Make) -> None:
    """When one was set; the video goes on."""
    one = make("wait")
    for lang, says in (
        ("en", f"{one} is not finished after 0.2 s"),
        ("zh", f"等待了 0.2 秒，{one} 仍未完成"),
    ):
        answer = cli("jobs", "wait", one, "--timeout", "0.2", "--lang", lang)
        assert (answer.code, answer.out) == (1, "")
        assert says in answer.err
        assert f"`unstill jobs wait {one}`" in answer.err
    assert not station.service.get(one, "").state.is_final


def waits(shell, video: str, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        shell.command(["jobs", "wait", video, *more]), cwd=shell.folder, env=shell.environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("json_", [False, True])
def test_ctrl_c_ends_the_waiting_and_not_the_work(
    shell, station: Station, make: Make, monkeypatch, json_: bool
) -> None:
    """And says so."""
    one = make("wait")
    asked = []
    look = station.service.get
    monkeypatch.setattr(station.service, "get", lambda *a: asked.append(a) or look(*a))
    process = waits(shell, one, *["--json"] * json_)
    while len(asked) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err == f"Stopped waiting. {one} goes on. `unstill jobs wait {one}` waits again.\n"
    assert (json.loads(out)["error"]["code"] if json_ else out) == ("wait_stopped" if json_ else "")
    assert not look(one, "").state.is_final


def test_waiting_outlives_the_server(shell, tmp_path: Path, quiet: None, monkeypatch) -> None:
    """It dies in the middle of a job, comes back elsewhere with another secret, and the wait goes on."""
    data = tmp_path / "data"
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(data))
    first = build(data, [ENTRY])
    first.start()
    tell(data, first.url)
    reply = httpx.post(
        f"{first.url}/v1/videos", data={"prompt": "wait"}, files={"input_reference": ("a.png", png())},
        trust_env=False,
    )  # fmt: skip
    video = reply.json()["id"]
    process = waits(shell, video)
    asked = []
    look = first.service.get
    monkeypatch.setattr(first.service, "get", lambda *a: asked.append(a) or look(*a))
    while len(asked) < 2:
        time.sleep(0.01)
    (data / "server.json").unlink()
    first.stop()
    assert process.stderr is not None
    assert process.stderr.readline() == (
        f"The connection to {first.url} was lost; trying again until it is back. The job is kept there.\n"
    )
    second = build(data, [ENTRY])
    second.start()
    try:
        tell(data, second.url)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{video}  completed\n"), err
    finally:
        second.stop()


def test_a_download_goes_where_generate_would_put_it(cli, here: Path, finished: Make) -> None:
    """Under the picture's name, the next free one, or the one that is asked for."""
    one = finished(name="照片 ü.png")
    assert cli("jobs", "download", one).out == "照片 ü.mp4\n"
    assert cli("jobs", "download", one).out == "照片 ü-2.mp4\n"
    assert cli("jobs", "download", one, "-o", "clips/").out == "clips/照片 ü.mp4\n"
    assert cli("jobs", "download", one, "-o", "a").out == "a.mp4\n"
    told = json.loads(cli("jobs", "download", one, "-o", "b.mp4", "--json").out)
    assert (told["path"], told["bytes"]) == ("b.mp4", (here / "b.mp4").stat().st_size)
    assert (here / "b.mp4").read_bytes() == (here / "a.mp4").read_bytes()
    assert cli("show", "b.mp4").code == 0


def test_a_download_replaces_nothing_unasked(cli, here: Path, finished: Make) -> None:
    """With --force it does."""
    one = finished()
    (here / "a.mp4").write_bytes(b"mine")
    refused = cli("jobs", "download", one, "-o", "a.mp4")
    assert refused.code == 2
    assert (here / "a.mp4").read_bytes() == b"mine"
    assert cli("jobs", "download", one, "-o", "a.mp4", "--force").code == 0
    assert (here / "a.mp4").stat().st_size > 1000
    wrong = cli("jobs", "download", one, "-o", "a.gif")
    assert wrong.code == 2
    assert "end the name in .mp4" in wrong.err
    assert sorted(p.name for p in here.iterdir()) == ["a.mp4"]


def test_what_is_not_there_cannot_be_downloaded(
    cli, here: Path, station: Station, make: Make, finished: Make
) -> None:
    """Waiting, or failed: with the reason."""
    failed = cli("jobs", "download", finished("crash"))
    assert failed.code == 1
    assert "crashed 3 times" in failed.err
    station.worker.paused = True
    early = cli("jobs", "download", make())
    assert early.code == 1
    assert "there is nothing to download yet" in early.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../../evil.png", "/etc/passwd", "..\\..\\evil.png", ".png", "...", "a\x1b]0;b\x07.png", "x" * 250],
)
def test_a_servers_name_stays_in_this_folder(name: str) -> None:
    """It is a stranger's word."""
    from unstill.apps.cli.jobs import safe_name
    from unstill.apps.cli.remote.video import Video

    safe = safe_name(Video({"id": "video_1", "input": {"name": name}}))
    assert Path(safe).name == safe
    assert not safe.startswith(".")
    assert safe.isprintable()
    assert len(safe.encode()) <= 200


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("推近推近", 8, "推近推近"), ("推近推近", 7, "推近推…"),
     ("推近推近", 6, "推近…"), ("e\u0301" * 4, 4, "e\u0301" * 4), ("a b c", 4, "a b…")],
)  # fmt: skip
def test_a_line_is_cut_by_columns(text: str, most: int, kept: str) -> None:
    """Never in the middle of a character that takes two."""
    assert cut(text, most) == kept
    assert width(kept) <= most


def test_cells_of_strangers_stay_in_their_row() -> None:
    """Controls are shown, not obeyed."""
    made = lines([["a", "b\nc\x1b[2J"], ["推近", "d"]])
    assert made == ["a     b c\ufffd[2J", "推近  d"]
