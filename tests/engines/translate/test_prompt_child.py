"""The child process that translates for a server: no torch in the server, no network in the child."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_marian import write
from unstill.adapters.prompt_child import SETTINGS, PromptChild
from unstill.adapters.prompt_child.interpreter import COMMAND
from unstill.domain.prompt_errors import TranslationFailed
from unstill.domain.weight_errors import WeightsDamaged, WeightsMissing
from unstill.engines.translate.cards import ZH_EN
from unstill.engines.translate.marian import Marian
from unstill.settings import Settings
from unstill.wiring import House

CAT = "一只猫坐在窗边看雨。"
PATIENCE_S = 60.0
SAY = "from functools import partial; say = partial(print, flush=True); "


def house_of(folder: Path) -> House:
    return House(Settings(weights=(f"{ZH_EN.id}={folder}",), models_dir=folder.parent / "none"))


def made_by(command: tuple[str, ...], folder: Path) -> PromptChild:
    house = house_of(folder)
    return PromptChild(house.translator, house.weights, replace(SETTINGS, command=command))


def is_gone(pid: int) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_starts_on_first_use_serves_and_ends_when_idle(tmp_path: Path) -> None:
    """The same English as in a process of one's own; its libraries come into the child alone; a file that is
    damaged meanwhile is named by the next child."""
    folder = write(tmp_path / "files")
    house = house_of(folder)
    child = PromptChild(house.translator, house.weights, replace(SETTINGS, idle_s=2.0))
    try:
        assert child.pool.pids == []
        expected = Marian(folder, "m").translate([CAT, "云在飘动"], lambda *_: None)
        assert child.translate([CAT, "云在飘动"]) == expected
        (pid,) = child.pool.pids
        status = Path(f"/proc/{pid}/status").read_text()
        assert "Seccomp:\t2" in status  # a filter is in force
        assert is_gone(pid)
        (folder / "vocab.json").write_text("[")
        with pytest.raises(WeightsDamaged, match=r"vocab\.json of the model opus-mt-zh-en"):
            child.translate([CAT])
    finally:
        child.close()


def test_without_files_no_child_is_started(tmp_path: Path) -> None:
    """The error is that of any missing model."""
    house = House(Settings(models_dir=tmp_path))
    child = PromptChild(house.translator, house.weights)
    with pytest.raises(WeightsMissing):
        child.translate([CAT])
    assert child.pool.pids == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; say('{}'); input(); sys.exit(3)", "crashed"),
        ("say('{}'); input(); say('{\"done\": [1]}'); input()", "failed"),
        ('say(\'{}\'); input(); say(\'{"done": ["a", "b"]}\'); input()', "failed"),
        ("say('no json'); input()", "crashed"),
    ],
)
def test_a_child_that_is_not_itself(tmp_path: Path, program: str, reason: str) -> None:
    """It is not taken at its word, and the prompt is as it was."""
    folder = write(tmp_path / "files")
    child = made_by((sys.executable, "-c", SAY + program), folder)
    try:
        with pytest.raises(TranslationFailed, match=reason):
            child.translate([CAT])
    finally:
        child.close()


def test_the_server_has_no_torch() -> None:
    """Nor transformers nor sentencepiece: its part of all this is a pipe."""
    program = (
        "import sys; from unstill.wiring import house; import unstill.serving.station;"
        "from unstill.adapters.prompt_child import PromptChild;"
        "h = house(); PromptChild(h.translator, h.weights); h.rewriter;"
        "print({'torch', 'transformers', 'sentencepiece'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_the_program_is_the_packages_own() -> None:
    """By its name, so that the adapter knows no engine."""
    assert COMMAND[-1] == "unstill.translating"
