"""Gradio in an environment of its own: it holds Pillow and others to older versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(TESTS / "studio"), str(TESTS / "reliability")]  # their helpers serve here, too

from live import Live  # noqa: E402

BESIDE = Path(sys.prefix) / "gradio" / "bin" / "python"


@pytest.fixture(scope="session")
def gradio_python() -> str:
    """An interpreter that has unstill and Gradio."""
    if find_spec("gradio"):
        return sys.executable
    if not BESIDE.exists():
        pytest.skip(f"needs the extra `gradio`: `make test` puts it into {BESIDE.parents[1]}")
    return str(BESIDE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """What makes the videos."""
    with Live(tmp_path_factory.mktemp("gradio") / "data", "") as live:
        yield live.start()


class Page:
    """One process that serves the page."""

    def __init__(self, command: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as err:
            self.process = subprocess.Popen(
                command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True
            )
        self.told = self._told()

    @property
    def url(self) -> str:
        return str(self.told["url"])

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = self.process.stdout.readline()
            assert line, f"it told nothing: {text}\n{self.said()}"
            text += line
        found: dict[str, Any] = json.loads(text)
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


Pages = Callable[..., Page]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, gradio_python: str) -> Iterator[Pages]:
    """Starts pages: with these arguments of `unstill gradio`, or this program in its place."""
    home = tmp_path_factory.mktemp("home")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("UNSTILL_", "GRADIO_", "XDG_", "LC_"))}
    usual = {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home)}
    with ExitStack() as stack:

        def start(*arguments: str, program: tuple[str, ...] = (), **environ: str) -> Page:
            command = [gradio_python, *(program or ("-P", "-m", "unstill", "gradio", "--json")), *arguments]
            number = len(list(home.glob("*.log")))
            page = Page(command, {**usual, **environ}, home / f"page-{number}.log")
            stack.callback(page.end)
            return page

        yield start
