"""Standard output and standard error may be closed, full or gone; the video is made all the same."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

GENERATE = ["generate", "photo.jpg", "--model", "testcard"]
TALKERS = [
    GENERATE,
    [*GENERATE, "--json"],
    ["--help"],
    ["generate", "--help"],
    ["--version"],
    ["plan", "photo.jpg"],
    ["models", "list", "--json"],
    ["generate", "gone.jpg", "--json"],
]


def through(shell, arguments: list[str], redirection: str) -> subprocess.CompletedProcess[str]:
    """A call under a real shell; its exit code, whatever comes behind it in a pipe."""
    script = f'set -o pipefail; "$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *shell.command(arguments)], cwd=shell.folder, env=shell.environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def made(folder: Path) -> bool:
    return [p.name for p in folder.glob("*.mp4")] == ["photo.mp4"] and not list(folder.glob(".*"))


@pytest.mark.parametrize(
    "redirection", ["| true", "| head -0", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"]
)
@pytest.mark.parametrize("arguments", TALKERS, ids=" ".join)
def test_a_listener_that_is_not_there_is_no_error(shell, photo: Path, arguments, redirection) -> None:
    """No traceback, no incident, the exit code of the work itself."""
    done = through(shell, arguments, redirection)
    assert done.returncode == (2 if "gone.jpg" in arguments else 0), done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "incident" not in done.stderr
    assert made(shell.folder) == (arguments[:2] == GENERATE[:2])


@pytest.mark.parametrize("arguments", TALKERS, ids=" ".join)
def test_a_full_standard_output_is_said_once(shell, photo: Path, arguments: list[str]) -> None:
    """The video is kept; the call did not do all it was to do."""
    done = through(shell, arguments, ">/dev/full")
    assert done.returncode == (2 if "gone.jpg" in arguments else 1)
    assert (
        done.stderr.count("The answer could not be written to standard output: there is no room left.") == 1
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert made(shell.folder) == (arguments[:2] == GENERATE[:2])


def test_a_batch_goes_on_when_its_reader_has_gone(shell, photo: Path) -> None:
    """`unstill generate a b | head -1` makes both."""
    (shell.folder / "z.jpg").write_bytes(photo.read_bytes())
    done = through(shell, ["generate", "photo.jpg", "z.jpg", "--model", "testcard"], "| head -1")
    assert (done.returncode, done.stdout) == (0, "photo.mp4\n")
    assert sorted(p.name for p in shell.folder.glob("*.mp4")) == ["photo.mp4", "z.mp4"]


@pytest.mark.parametrize("module", ["unstill.wiring", "unstill.apps.cli.app", "typer"])
def test_ctrl_c_is_quiet_while_the_program_is_still_being_read(shell, module: str) -> None:
    """A signal in the middle of the imports."""
    program = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from unstill.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"],
        env=shell.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_the_package_alone_reads_next_to_nothing() -> None:
    """What is read before Ctrl-C is quiet."""
    program = (
        "import sys; before = set(sys.modules); import unstill.__main__; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert set(done.stdout.split()) <= {"unstill", "unstill.version", "unstill.__main__", "__future__"}


NAMES = ["a\x1b]0;owned\x07b.jpg", "a\u202egpj.exe.jpg", "a\nError: b.jpg", "a\u2066\u200f.jpg"]
OBEYED = set("\x1b\x07\u202e\u2066\u200f")


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_raw_in_a_pipe_and_shown_on_a_terminal(shell, photo: Path, name: str) -> None:
    """Scripts need the bytes; people must not be fooled by them."""
    photo.rename(shell.folder / name)
    command = ["generate", name, "--model", "testcard", "-o", "v.mp4", "--force"]
    assert not set(shell(*command).err) & OBEYED
    target = name.replace(".jpg", ".mp4")
    assert shell("generate", name, "--model", "testcard").out == f"{target}\n"
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        shell.command(["generate", name, "--model", "testcard", "--force"]), cwd=shell.folder,
        env={**shell.environ, "TERM": "dumb"}, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert done.wait(timeout=30) == 0
    text = shown.decode()
    assert not set(text) & OBEYED
    assert "\nError: b" not in text.replace("\r", "")
    assert not set(shell("plan", name, "--model", "testcard").text) & OBEYED
    assert "\nError: b" not in shell("plan", name, "--model", "testcard").out


def test_json_spells_out_what_a_terminal_would_obey(shell, photo: Path) -> None:
    """And reads back the same, but for names that are no text."""
    name = "a\x1b\x7f\x9b\u202e\U000e0041中.jpg"
    photo.rename(shell.folder / name)
    answer = shell("generate", name, "--model", "testcard", "--json")
    assert json.loads(answer.out)["picture"] == name
    assert not set(answer.out) & {"\x1b", "\x7f", "\x9b", "\u202e", "\U000e0041"}
    assert "中" in answer.out


def test_json_has_no_halves_of_characters(shell, photo: Path) -> None:
    """A name that is no UTF-8."""
    os.rename(os.fsencode(photo), os.fsencode(shell.folder) + b"/caf\xff.jpg")
    command = [*shell.command(["generate"]), b"caf\xff.jpg", "--model", "testcard", "--json"]
    done = subprocess.run(command, cwd=shell.folder, env=shell.environ, capture_output=True, timeout=60)
    told = json.loads(done.stdout.decode())
    assert (told["picture"], told["path"]) == ("caf\ufffd.jpg", "caf\ufffd.mp4")


def test_the_bar_pulses_where_there_is_nothing_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage of one step never stands at 0 %."""
    from rich.progress import Progress

    from unstill.apps.cli.progress import _bar
    from unstill.apps.cli.screen import Screen

    seen: list[float | None] = []
    update = Progress.update

    def watched(self: Progress, *arguments: object, **named: object) -> None:
        update(self, *arguments, **named)  # type: ignore[arg-type]
        seen.append(self.tasks[0].total)

    monkeypatch.setattr(Progress, "update", watched)
    with _bar(Screen("en"), "a") as show:
        show("start", 0, 1)
        show("frame", 0, 8)
        show("frame", 8, 8)
        show("check", 0, 1)
    assert seen == [None, 8, 8, None]


def test_a_signal_after_the_start_still_stops_the_work() -> None:
    """The quiet handler of the start gives way to the command line's."""
    from unstill.apps.cli.stopping import listening

    before = signal.getsignal(signal.SIGINT)
    with listening():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
