"""Waiting for a video whose server is busy, restarts or changes its mind: told by a server on a script."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from odd_servers import Answer, odd, raw, reply, says
from remote_parts import tell

VIDEO = {"id": "video_1", "object": "video", "status": "in_progress", "state": "in_progress", "progress": 40}
GOING = says(VIDEO, openai_poll_after_ms="10")
DONE = says({**VIDEO, "status": "completed", "state": "completed", "progress": 100})
LOST = raw(b"")


def refusal(status: int, code: str, **headers: str) -> Answer:
    error = {
        "message": f"{code} it said.",
        "type": "server_error",
        "param": None,
        "code": code,
        "hint": "Wait.",
    }
    return says({"error": error}, status, **headers)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for seconds here."""
    monkeypatch.setattr("unstill.apps.cli.remote.patience.FIRST_S", 0.01)
    monkeypatch.setattr("unstill.apps.cli.remote.patience.LONGEST_S", 0.05)


def scripted(*answers: Answer) -> Answer:
    """One answer after the other; the last one for good."""
    left = list(answers)

    def answer(to) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(to)

    return answer


BUSY = {
    "stopping": refusal(503, "shutting_down"),
    "busy": refusal(503, "store_busy", retry_after="0"),
    "too many requests": refusal(429, "too_many_requests", retry_after="x"),
    "a proxy's page": reply(b"<h1>Bad gateway</h1>", 502, "text/html"),
    "no answer": LOST,
    "half an answer": reply(b'{"id"', length="900"),
}


@pytest.mark.parametrize("name", BUSY)
def test_what_passes_is_waited_for(cli, name: str) -> None:
    """However often it comes."""
    with odd(scripted(GOING, BUSY[name], BUSY[name], GOING, BUSY[name], DONE)) as server:
        answer = cli("jobs", "wait", "video_1", "--server", server.url)
    assert (answer.code, answer.out) == (0, "video_1  completed\n"), answer.err
    lost = name in ("a proxy's page", "no answer", "half an answer")
    assert answer.err.count("The connection to") == 2 * lost, "once for each time it was away"


@pytest.mark.parametrize(
    ("then", "code", "says_"),
    [
        (refusal(404, "video_not_found"), 2, "video_not_found it said."),
        (refusal(401, "invalid_api_key"), 1, "Set UNSTILL_API_KEY"),
        (refusal(500, "unexpected"), 1, "unexpected it said."),
        (reply(b"<h1>Hello</h1>", 200, "text/html"), 1, "is not an unstill server"),
        (says({**VIDEO, "state": "dreaming"}), 1, "it answers without a video"),
    ],
)
def test_what_does_not_pass_ends_the_wait(cli, then: Answer, code: int, says_: str) -> None:
    """At once."""
    with odd(scripted(GOING, then)) as server:
        answer = cli("jobs", "wait", "video_1", "--server", server.url)
        assert len(server.asked) == 2
    assert (answer.code, answer.out) == (code, "")
    assert says_ in answer.err


def test_a_first_look_is_not_waited_for(cli) -> None:
    """A wrong address is said at once."""
    with odd(LOST) as server:
        assert cli("jobs", "wait", "video_1", "--server", server.url).code == 1
        assert len(server.asked) == 1


def test_a_server_that_stays_away_is_waited_for_only_so_long(cli) -> None:
    """Where a time was set."""
    with odd(scripted(GOING, LOST)) as server:
        answer = cli("jobs", "wait", "video_1", "--timeout", "0.3", "--server", server.url)
    assert answer.code == 1
    assert "The connection to" in answer.err.splitlines()[0]
    assert answer.err.splitlines()[1].startswith(f"Error: The connection to {server.url} was lost.")


def test_a_new_secret_is_looked_for(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was started again has another one; the data folder tells."""
    data = tmp_path / "data"
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(data))
    seen = []

    def answer(to) -> None:
        seen.append(to.headers["authorization"])
        if len(seen) == 2:
            tell(data, server.url, "op_new")
        known = "op_old" if len(seen) < 2 else "op_new"
        if seen[-1] != f"Bearer {known}":
            refusal(401, "invalid_api_key")(to)
        else:
            (GOING if len(seen) < 4 else DONE)(to)

    with odd(answer) as server:
        tell(data, server.url, "op_old")
        answered = cli("jobs", "wait", "video_1")
    assert answered.code == 0, answered.err
    assert seen == ["Bearer op_old", "Bearer op_old", "Bearer op_new", "Bearer op_new"]


def test_a_failure_of_another_version_is_told_all_the_same(cli) -> None:
    """With the server's words; without any it is said that it failed."""
    failed = {**VIDEO, "status": "failed", "state": "failed"}
    told = {"code": "of_a_later_version", "message": "It failed in a new way.", "hint": "Do this."}
    with odd(says({**failed, "error": told})) as server:
        answer = cli("jobs", "wait", "video_1", "--server", server.url, "--json")
    assert (answer.code, answer.err) == (1, "Error: It failed in a new way.\n  Do this.\n")
    assert json.loads(answer.out)["error"]["code"] == "of_a_later_version"
    for error in (None, {}, "words", {"message": 7}):
        with odd(says({**failed, "error": error})) as server:
            silent = cli("jobs", "wait", "video_1", "--server", server.url)
        assert silent.code == 1
        assert len(silent.err.splitlines()) == 2


def test_odd_fields_are_shown_as_far_as_they_go(cli) -> None:
    """A server of another make may say anything in any field."""
    names = ("progress", "created_at", "model", "prompt", "plan", "notes", "request", "input", "output")
    junk = {name: [{"a": "\x1b[2J"}] for name in (*names, "seed", "eta_s", "stage")}
    times = dict.fromkeys(("created_at", "completed_at", "eta_s", "progress"), 1e300)
    plan = {"width": "wide", "height": -1, "fps": 0, "num_frames": True, "moves": 7, "effects": {}}
    moves = {"moves": ["\x1b"], "width": 1, "height": 1, "fps": 1, "num_frames": 1}
    for odd_one in (junk, {**times, "queue_position": 10**30}, {"plan": plan}, {"plan": moves}):
        with odd(says({**VIDEO, **odd_one})) as server:
            shown = cli("jobs", "show", "video_1", "--server", server.url)
        with odd(says({"data": [{**VIDEO, **odd_one}]})) as server:
            listed = cli("jobs", "list", "--server", server.url)
        for answer in (shown, listed):
            assert answer.code == 0, answer.err
            assert "\x1b" not in answer.out
            assert "video_1" in answer.out


def test_a_terminal_shows_where_the_video_is(shell) -> None:
    """Its place, then its stages, in words; a plain line each on a dumb terminal."""
    waits = {"state": "queued", "status": "queued", "queue_position": 2}
    stages = [waits, {"stage": "open"}, {"stage": "frame"}]
    answer = scripted(*(says({**VIDEO, **each}, openai_poll_after_ms="10") for each in stages), DONE)
    ours, theirs = pty.openpty()
    with odd(answer) as server:
        process = subprocess.Popen(
            shell.command(["jobs", "wait", "video_1", "--server", server.url, "--lang", "zh"]),
            env={**shell.environ, "TERM": "dumb"}, stdout=subprocess.PIPE, stderr=theirs, text=True,
        )  # fmt: skip
        os.close(theirs)
        out, _ = process.communicate(timeout=30)
    shown = b""
    with contextlib.suppress(OSError):  # Linux: the other end is closed
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    assert (process.returncode, out) == (0, "video_1  已完成\n")
    lines = ["video_1  排队等待，第 2 位", "video_1  打开图片", "video_1  渲染并写入"]
    assert shown.decode().splitlines()[:3] == lines
