"""The command line and `unstill serve`, as a person runs them: real processes, a real worker."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from live import Live
from unstill.media.read_video import read_metadata


@pytest.fixture
def serving(tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    with Live(tmp_path / "data", str(plugins)) as live:
        live.start()
        monkeypatch.setenv("UNSTILL_DATA_DIR", str(live.data))
        yield live


TESTCARD = ["--model", "testcard", "--server", "local"]


def test_from_a_picture_to_a_file(shell, serving: Live, photo: Path, here: Path) -> None:
    """Made, looked at, fetched again, deleted and brought back."""
    photo.rename(here / "照片 ü.jpg")
    made = shell("generate", "照片 ü.jpg", "pan left 慢", *TESTCARD, "--lang", "zh")
    assert (made.code, made.out) == (0, "照片 ü.mp4\n"), made.err
    assert made.err.startswith("镜头运动，本机生成，非 AI 生成视频。")
    listed = shell("jobs", "list")
    video = listed.out.splitlines()[1].split()[0]
    assert video in read_metadata(here / "照片 ü.mp4")["unstill"]
    assert "pan left 慢" in shell("jobs", "show", video).out
    assert shell("jobs", "wait", video).out == f"{video}  completed\n"
    assert shell("jobs", "download", video).out == "照片 ü-2.mp4\n"
    assert (here / "照片 ü-2.mp4").read_bytes() == (here / "照片 ü.mp4").read_bytes()
    assert shell("jobs", "delete", video).code == 0
    assert shell("jobs", "list").out == ""
    assert shell("jobs", "restore", video).code == 0


def test_the_server_is_killed_in_the_middle(shell, serving: Live, photo: Path, here: Path) -> None:
    """And started again: the call that waits gets its video, and only one is made."""
    command = ["generate", "photo.jpg", "wait", "--num-frames", "60", *TESTCARD]
    process = subprocess.Popen(
        shell.command(command), cwd=here, env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not (jobs := serving.all()) or jobs[0]["state"] != "in_progress" or not jobs[0]["progress"]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    serving.kill()
    assert process.stderr is not None
    assert process.stderr.readline().startswith(f"The connection to {serving.url} was lost; trying again")
    serving.start()
    out, err = process.communicate(timeout=90)
    assert (process.returncode, out) == (0, "photo.mp4\n"), err
    (job,) = serving.all()
    assert job["state"] == "completed"
    assert job["id"] in read_metadata(here / "photo.mp4")["unstill"]


def test_ctrl_c_cancels_it(shell, serving: Live, photo: Path, here: Path) -> None:
    """The worker is free again."""
    command = ["generate", "photo.jpg", "doze", "--num-frames", "240", *TESTCARD]
    process = subprocess.Popen(
        shell.command(command), cwd=here, env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not (jobs := serving.all()) or jobs[0]["state"] != "in_progress":
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"{jobs[0]['id']} was cancelled on the server." in err
    assert serving.settled(jobs[0]["id"])["state"] == "cancelled"
    assert shell("generate", "photo.jpg", *TESTCARD).code == 0


def test_keys_a_restart_and_a_backup(shell, serving: Live, photo: Path, here: Path, monkeypatch) -> None:
    """A key is made beside the running server, which asks for it once it is started again."""
    serving.create("pan left")
    added = shell("keys", "add", "laptop")
    secret = added.out.strip()
    assert re.fullmatch(r"uns_[A-Za-z0-9_-]{32}", secret)
    assert f"The server at {serving.url} asks for no keys" in added.err
    backup = shell("backup")
    assert backup.code == 0, backup.err
    assert os.stat(here / backup.out.strip()).st_mode & 0o777 == 0o600
    assert serving.stop() == 0
    assert shell("jobs", "list").code == 1
    at_rest = shell("backup", "at-rest.db", "--json")
    assert json.loads(at_rest.out)["source"] == str(serving.data / "unstill.db")
    serving.start()
    assert shell("jobs", "list").code == 0, "the data folder's own secret"
    assert shell("jobs", "list", "--server", serving.url.replace("127.0.0.1", "localhost")).code == 1
    mine = shell("jobs", "list", "--server", serving.url, UNSTILL_API_KEY=secret)
    assert (mine.code, mine.out) == (0, ""), "another owner's jobs"
    refused = shell(
        "backup", "--server", f"{serving.url.replace('127.0.0.1', 'localhost')}", UNSTILL_API_KEY=secret
    )
    assert refused.code == 1
    assert shell("backup", UNSTILL_API_KEY=secret).code == 0
    assert "asks for no keys" not in shell("keys", "add", "other").err
    for name in (backup.out.strip(), "at-rest.db"):
        with sqlite3.connect(here / name) as connection:
            assert connection.execute("SELECT count(*) FROM videos").fetchone() == (1,)
        connection.close()


def test_a_backup_restores_as_it_says(shell, serving: Live, photo: Path, here: Path) -> None:
    """The line that it prints, carried out."""
    first = serving.settled(serving.create("pan left").json()["id"])["id"]
    said = shell("backup", "kept.db").err
    second = serving.settled(serving.create("pan left").json()["id"])["id"]
    found = re.search(r"remove (\S+)-wal and (\S+)-shm, then copy this file to (\S+)\.$", said, re.MULTILINE)
    assert found is not None
    serving.stop()
    database = Path(found[3])
    for ending in ("-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)
    database.write_bytes((here / "kept.db").read_bytes())
    serving.start()
    assert shell("jobs", "download", first).code == 0
    assert shell("jobs", "show", second).code == 2
