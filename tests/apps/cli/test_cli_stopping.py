"""Ctrl-C and SIGTERM, in real processes; and what a terminal shows."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest


def started(shell, *arguments: str) -> subprocess.Popen[str]:
    """A call that renders for seconds, once its temporary file is there."""
    command = shell.command(["generate", *arguments, "wait", "--model", "testcard", "--num-frames", "240"])
    process = subprocess.Popen(
        command, cwd=shell.folder, env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not list(shell.folder.glob(".*.part.*")) and process.poll() is None:
        assert time.monotonic() < deadline, "it never began"
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_nothing_half_written(shell, photo: Path, here: Path, number: int, code: int) -> None:
    """One line, the shell's exit code, and only the picture in the folder."""
    process = started(shell, "photo.jpg")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, ""), err
    assert err == "Stopped. Nothing was written.\n"
    assert [p.name for p in here.iterdir()] == ["photo.jpg"]


def test_a_second_signal_does_not_wait(shell, photo: Path, here: Path) -> None:
    """Two in a row still leave nothing behind."""
    process = started(shell, "photo.jpg")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode in (130, 143)
    assert "Traceback" not in err
    assert [p.name for p in here.iterdir()] == ["photo.jpg"]


def test_a_stopped_batch_keeps_what_was_finished(shell, photo: Path, here: Path) -> None:
    """And answers in JSON with what is done and what was cut short."""
    (here / "z.jpg").write_bytes(photo.read_bytes())
    process = started(shell, "photo.jpg", "z.jpg", "--json")
    while not (here / "photo.mp4").exists():
        time.sleep(0.02)
    time.sleep(0.1)  # from the file's name to its being told is a moment
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    told = json.loads(out)
    assert process.returncode == 130
    assert told[0]["path"] == "photo.mp4"
    assert told[1]["error"]["code"] == "cancelled"
    assert err.splitlines()[-1].startswith("Stopped. 1 finished before that")
    assert sorted(p.name for p in here.iterdir()) == ["photo.jpg", "photo.mp4", "z.jpg"]


def seen_on_terminal(shell, **environ: str) -> str:
    """What stderr shows on a terminal, to the last byte."""
    ours, theirs = pty.openpty()
    command = shell.command(["generate", "photo.jpg", "doze", "--model", "testcard", "--num-frames", "6"])
    process = subprocess.Popen(
        command, cwd=shell.folder, env={**shell.environ, "COLUMNS": "100", **environ},
        stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return shown.decode()


def test_a_terminal_shows_a_bar_with_the_stage_in_words(shell, photo: Path) -> None:
    """And the time left."""
    shown = seen_on_terminal(shell, TERM="xterm-256color")
    assert "Rendering and writing" in shown
    assert "%" in shown
    assert "0:00:0" in shown
    assert "Camera motion" in shown


def test_no_color_is_honoured(shell, photo: Path) -> None:
    """No colour is set, though the bar still moves."""
    shown = seen_on_terminal(shell, TERM="xterm-256color", NO_COLOR="1")
    assert "Rendering and writing" in shown
    assert "\x1b[3" not in shown
    assert "\x1b[38" not in shown


def test_a_dumb_terminal_gets_plain_lines(shell, photo: Path) -> None:
    """No escape codes at all."""
    shown = seen_on_terminal(shell, TERM="dumb", UNSTILL_LANG="zh")
    assert "\x1b" not in shown
    assert "渲染并写入" in shown


def test_without_a_terminal_there_is_no_bar(shell, photo: Path) -> None:
    """Logs stay readable."""
    assert "Rendering" not in shell("generate", "photo.jpg", "--model", "testcard").err
