"""The container engine at hand, and containers that end with the situation they are for.

PODMAN is the engine's command line and IMAGE the image; without them docker or podman and `unstill:cpu`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from matrix import NotHere

PATIENCE_S = 300.0
HEALTH = ("python3", "/opt/healthcheck.py")
"""The image's own HEALTHCHECK. Engines start it by a timer; here it is asked at once."""
KEY = r"uns_[\w-]+"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """How a command of the engine ended, and what was on the screen."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@cache
def engine() -> tuple[str, ...]:
    """The engine's command line."""
    given = os.environ.get("PODMAN") or shutil.which("docker") or shutil.which("podman")
    if not given:
        raise NotHere("neither docker nor podman")
    return tuple(shlex.split(given))


@cache
def image() -> str:
    """The image under test."""
    name = os.environ.get("IMAGE") or "unstill:cpu"
    if _run("image", "inspect", name).code != 0:
        raise NotHere(f"no image {name}: make image")
    return name


def _run(*arguments: str, stdin: str | None = None, timeout: float = PATIENCE_S) -> Said:
    done = subprocess.run(
        [*engine(), *arguments], capture_output=True, text=True, input=stdin, timeout=timeout, check=False,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def ask(*arguments: str, stdin: str | None = None, timeout: float = PATIENCE_S) -> Said:
    """A command of the engine, such as ``ask("ps")``; how it ended is the caller's to judge."""
    image()  # an engine without the image is none
    return _run(*arguments, stdin=stdin, timeout=timeout)


def once(*arguments: str, stdin: str | None = None) -> Said:
    """`run --rm` with these options, the image among them as "IMAGE", to its end."""
    return ask("run", "--rm", *_named(arguments), stdin=stdin)


def _named(arguments: tuple[str, ...]) -> list[str]:
    assert "IMAGE" in arguments
    return [image() if word == "IMAGE" else word for word in arguments]


def fresh_name() -> str:
    return f"first-run-{os.getpid()}-{next(_numbers)}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Box:
    """One container."""

    name: str
    port: int | None = None
    """Of 127.0.0.1, where the server's is published."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def logs(self) -> str:
        return ask("logs", self.name).text

    def exec(self, *command: str, stdin: str | None = None, options: tuple[str, ...] = ()) -> Said:
        return ask(
            "exec", *(("-i",) if stdin is not None else ()), *options, self.name, *command, stdin=stdin
        )

    def inspect(self, form: str) -> str:
        return ask("inspect", self.name, "--format", form).out.strip()

    @property
    def running(self) -> bool:
        return self.inspect("{{.State.Running}}") == "true"

    def healthy(self, check: tuple[str, ...] = HEALTH) -> Box:
        """Waits until the image's health check passes."""
        until = time.monotonic() + PATIENCE_S
        while (said := self.exec(*check)).code != 0:
            assert self.running, f"it ended with {self.inspect('{{.State.ExitCode}}')}:\n{self.logs()}"
            assert time.monotonic() < until, f"not healthy: {said.text}\n{self.logs()}"
            time.sleep(0.1)
        return self

    def ended(self) -> int:
        """Waits until it has ended by itself; its exit code."""
        return int(ask("wait", self.name).out.strip())

    def stop(self, grace_s: int = 30) -> int:
        """As `docker stop` does it; the exit code."""
        assert ask("stop", "-t", str(grace_s), self.name).code == 0
        return int(self.inspect("{{.State.ExitCode}}"))

    def kill(self) -> None:
        assert ask("kill", "-s", "KILL", self.name).code == 0
        self.ended()

    def start(self) -> Box:
        said = ask("start", self.name)
        assert said.code == 0, said.text
        return self

    # --- as a person who reads the log

    @property
    def key(self) -> str:
        """The API key that the log shows."""
        return _found(KEY, self.logs())[0]

    @property
    def first_key(self) -> str | None:
        """The same, where it shows one."""
        found = re.search(KEY, self.logs())
        return found[0] if found else None

    @property
    def link(self) -> str:
        """The token of the link that the log shows, the latest."""
        return _found(r"\?link=([\w-]+)", self.logs())[-1]

    def told(self, words: str) -> str:
        """The line of the log with these words, and what it points at."""
        return told(self.logs(), words)


def _found(pattern: str, text: str) -> list[str]:
    found = re.findall(pattern, text)
    assert found, f"nothing like {pattern} in:\n{text}"
    return found


def bare_read_only() -> tuple[str, ...]:
    """--read-only, and podman is told not to add temporary folders of its own."""
    ours = "--read-only-tmpfs" in ask("run", "--help").out
    return ("--read-only", "--read-only-tmpfs=false") if ours else ("--read-only",)


def told(text: str, words: str) -> str:
    """The line with these words, and the line with an arrow after it: what is wrong, and what to do."""
    lines = [line.strip() for line in text.splitlines()]
    at = next((number for number, line in enumerate(lines) if words in line), None)
    assert at is not None, f"nobody says {words!r} in:\n{text}"
    after = lines[at + 1] if at + 1 < len(lines) and lines[at + 1].startswith("→") else ""
    return re.sub(r"\s+", " ", f"{lines[at]} {after}").strip()


@contextlib.contextmanager
def box(*arguments: str, publish: bool | int = False) -> Iterator[Box]:
    """`run -d` with these options, the image among them as "IMAGE"; removed afterwards with its volume.

    ``publish``: the server's port inside, True for the usual one.
    """
    made = Box(fresh_name(), free_port() if publish else None)
    inside = 7860 if publish is True else publish
    port = ("-p", f"127.0.0.1:{made.port}:{inside}") if publish else ()
    try:
        said = ask("run", "-d", "--name", made.name, *port, *_named(arguments))
        assert said.code == 0, said.text
        yield made
    finally:
        _run("rm", "-f", "-v", made.name)


@contextlib.contextmanager
def volume() -> Iterator[str]:
    """A named volume, removed afterwards."""
    name = fresh_name()
    assert ask("volume", "create", name).code == 0
    try:
        yield name
    finally:
        _run("volume", "rm", "-f", name)


@contextlib.contextmanager
def network(*options: str) -> Iterator[str]:
    """A network of their own for several containers."""
    name = fresh_name()
    said = ask("network", "create", *options, name)
    if said.code != 0:
        raise NotHere(f"this engine makes no such network: {said.text.strip()[:80]}")
    try:
        yield name
    finally:
        _run("network", "rm", "-f", name)
