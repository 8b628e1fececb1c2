"""Fixtures that every room's tests may use. Nothing here reads or writes the person's own folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from testcard import TESTCARD, draw
from unstill import wiring
from unstill.settings import Settings

# A busy machine is slow without being wrong.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

pytest_plugins = ["budget", "tiny_checkpoint"]

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no settings, no language, no log of the person who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in [n for n in os.environ if n.startswith(("UNSTILL_", "LC_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("UNSTILL_LOG_DIR", str(home / "log"))
    return home


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def photo(here: Path) -> Path:
    """photo.jpg, 64 x 48, in the current folder."""
    path = here / "photo.jpg"
    Image.fromarray(draw()).save(path)
    return path


@pytest.fixture
def house() -> wiring.House:
    """All parts real but the engine, which joins through an entry point like any other."""
    return wiring.House(Settings(), entries=[TESTCARD])


@dataclass(frozen=True)
class Answer:
    """What a call of the program gave."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@pytest.fixture
def cli(house: wiring.House, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """The command line, called in this process."""
    from unstill.apps.cli.run import run

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = run(house, [str(a) for a in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the test engine, and a broken one, the way installed packages would."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "testcard.py").write_text((HERE / "testcard.py").read_text(encoding="utf-8"), encoding="utf-8")
    for name, value in (("testcard", "testcard:family"), ("ruin", "no_such_module_anywhere:family")):
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {value}\n")
    return folder


@dataclass(frozen=True)
class Shell:
    """The program as a person runs it: another process."""

    folder: Path
    plugins: Path

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.plugins)}

    def command(self, arguments: Sequence[object]) -> list[str]:
        return [sys.executable, "-m", "unstill", *map(str, arguments)]

    def __call__(self, *arguments: object, **environ: str) -> Answer:
        done = subprocess.run(
            self.command(arguments), cwd=self.folder, env={**self.environ, **environ},
            capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(here: Path, plugins: Path) -> Shell:
    return Shell(here, plugins)
