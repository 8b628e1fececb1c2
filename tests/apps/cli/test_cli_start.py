"""`unstill start` as somebody meets it who has just come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from unstill.apps.cli.browser import Absent, absent

PATIENCE_S = 120
KEEP_OPEN = "Ctrl-C stops unstill"
Starter = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A program that writes down what it is to open; BROWSER names it."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path / "opened"}\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], list[str]]:
    """The addresses that were opened so far."""

    def look() -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return (tmp_path / "opened").read_text().split()
        return []

    return look


@pytest.fixture
def starting(tmp_path: Path, browser: Path) -> Iterator[Starter]:
    """Runs `unstill start` over ``tmp_path/data`` as on a desk with a screen; ended whatever comes."""
    running: list[subprocess.Popen[str]] = []
    away = ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    kept = {name: value for name, value in os.environ.items() if name not in away}

    def start(*arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "unstill", "start", "--data-dir", str(tmp_path / "data")]
        process = subprocess.Popen(
            [*command, *arguments], env={**kept, "DISPLAY": ":7", "BROWSER": str(browser), **environ},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def at_work(starting: Starter) -> subprocess.Popen[str]:
    """One that has said everything it says."""
    process = starting("--port", "0", "--no-browser")
    heard(process)
    return process


def heard(process: subprocess.Popen[str], until: str = KEEP_OPEN) -> str:
    """Its stderr up to a line that holds this."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or until not in lines[-1]:
        line = process.stderr.readline()
        assert line, "".join(lines)
        lines.append(line)
    return "".join(lines)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def about(tmp_path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((tmp_path / "data" / "server.json").read_bytes())
    return found


def test_it_starts_and_opens_the_page(
    tmp_path: Path, starting: Starter, opened: Callable[[], list[str]]
) -> None:
    """What it says and opens is an address that can make videos already; Ctrl-C ends it without a failure."""
    process = starting("--port", "0", "--browser")
    told = heard(process)
    url = about(tmp_path)["url"]
    assert f"Ready. Your page is {url}\n" in told
    assert "It opens in your browser." in told
    assert opened() == [url]
    assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, out) == (0, "")
    assert "Stopped." in err
    assert "Traceback" not in told + err


def test_where_it_runs_already_its_page_is_opened(
    tmp_path: Path, at_work: subprocess.Popen[str], starting: Starter, opened: Callable[[], list[str]]
) -> None:
    """A second start is no failure and leaves the first alone; programs are told which it was."""
    url = about(tmp_path)["url"]
    code, out, err = ended(starting("--browser"))
    assert (code, out) == (0, "")
    assert f"unstill runs already. Your page is {url}" in err
    assert opened() == [url]
    code, out, _ = ended(starting("--json", "--no-browser"))
    told = json.loads(out)
    assert (code, told["url"], told["already_running"]) == (0, url, True)
    assert opened() == [url]
    assert at_work.poll() is None


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, "ssh -L {port}:127.0.0.1:{port}"),
        ({"CI": "true"}, "Open that address"),
        ({"container": "podman"}, "Open that address"),
        ({"DISPLAY": ""}, "Open that address"),
    ],
    ids=["ssh", "ci", "container", "no display"],
)
def test_nothing_opens_where_nobody_would_see_it(
    tmp_path: Path, at_work: subprocess.Popen[str], starting: Starter, opened: Callable[[], list[str]],
    environ: dict[str, str], says: str,
) -> None:  # fmt: skip
    """Over SSH, in CI, in a container and without a screen the address is said, with how to reach it."""
    url = about(tmp_path)["url"]
    code, _, err = ended(starting(**environ))
    assert code == 0
    assert url in err
    assert says.format(port=url.rpartition(":")[2]) in err
    assert opened() == []


def test_a_browser_that_fails_is_no_failure(
    tmp_path: Path, at_work: subprocess.Popen[str], starting: Starter
) -> None:
    """The person opens the page by hand then."""
    for broken in ("/bin/false", str(tmp_path / "no-such-browser")):
        code, _, err = ended(starting("--browser", BROWSER=broken, PATH="/nowhere"))
        assert code == 0
        assert "Open that address in a browser." in err
        assert "Traceback" not in err


def test_the_page_that_opens_lets_its_browser_in(
    tmp_path: Path, starting: Starter, opened: Callable[[], list[str]]
) -> None:
    """Where keys are asked for it is the link, at a second start too."""
    heard(starting("--port", "0", "--browser", "--auth", "keys"))
    code, _, _ = ended(starting("--browser"))
    assert code == 0
    first, second = opened()
    assert first == second
    answer = httpx.get(first, trust_env=False, follow_redirects=False)
    assert answer.status_code == 303
    assert "unstill_session" in answer.cookies
    assert (tmp_path / "data" / "server.json").stat().st_mode & 0o077 == 0


def test_another_program_on_the_usual_port(tmp_path: Path, starting: Starter) -> None:
    """The next free one is taken, and that is said; a port that the person named is not exchanged."""
    with contextlib.closing(socket.socket()) as other:
        with contextlib.suppress(OSError):  # it is in use already: just as well
            other.bind(("127.0.0.1", 7860))
            other.listen()
        code, _, err = ended(starting("--port", "7860"))
        assert code == 1
        assert "Port 7860 is in use" in err
        told = heard(starting("--no-browser"))
    assert "taking the next free one" in told
    url = about(tmp_path)["url"]
    assert not url.endswith(":7860")
    assert httpx.get(f"{url}/healthz", trust_env=False).json()["service"] == "unstill"


def test_after_a_server_that_was_killed(
    tmp_path: Path, at_work: subprocess.Popen[str], starting: Starter
) -> None:
    """What it left behind is not taken for a server."""
    at_work.kill()
    at_work.wait()
    assert (tmp_path / "data" / "server.json").exists()
    assert "Ready." in heard(starting("--port", "0", "--no-browser"))


def test_a_server_that_cannot_make_videos(starting: Starter) -> None:
    """The page is named all the same, with what is in the way."""
    told = heard(starting("--port", "0", "--no-browser", UNSTILL_FREE_GIBIBYTES="1000000"))
    assert "Ready." not in told
    assert "no video can be made yet" in told


def test_in_chinese(starting: Starter) -> None:
    """Every line for people."""
    process = starting("--port", "0", "--no-browser", "--lang", "zh")
    told = heard(process, "Ctrl-C 停止 unstill")
    ours = [line for line in told.splitlines() if not line.startswith("20")]
    assert any(line.startswith("已就绪。你的页面：http://127.0.0.1:") for line in ours)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in ours)


DESK = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environ", "system", "reason"),
    [
        (DESK, "linux", None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", None),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", None),
        ({}, "darwin", None),
        ({}, "win32", None),
        ({}, "linux", Absent.SCREEN),
        ({**DESK, "SSH_TTY": "/dev/pts/1"}, "linux", Absent.AFAR),
        ({"SSH_CLIENT": "192.0.2.1 5 22"}, "darwin", Absent.AFAR),
        ({**DESK, "CI": "1"}, "linux", Absent.CI),
        ({**DESK, "CI": "false"}, "linux", None),
        ({**DESK, "container": "docker"}, "linux", Absent.CONTAINER),
        ({**DESK, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux", Absent.CONTAINER),
    ],
)
def test_where_there_is_a_browser(environ: dict[str, str], system: str, reason: Absent | None) -> None:
    """A screen in front of a person, whatever the system."""
    assert absent(environ, system, marks=()) is reason


def test_a_container_is_known_by_its_mark(tmp_path: Path) -> None:
    """Docker's and Podman's leave a file."""
    assert absent(DESK, "linux", marks=[tmp_path]) is Absent.CONTAINER
    assert absent(DESK, "linux", marks=[tmp_path / "not there"]) is None
