"""What `make test` says of tests that fail: always, once, or in numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools/test_run.py"
WELL = "def test_well():\n    pass\n"
ONCE = """
from pathlib import Path
def test_once():
    mark = Path("mark")
    if not mark.exists():
        mark.touch()
        raise AssertionError
"""
NEVER = "def test_never():\n    raise AssertionError\n"


def looked(folder: Path, code: str) -> tuple[int, str]:
    (folder / "test_it.py").write_text(code, encoding="utf-8")
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, str(TOOL), "-q"], cwd=folder, env=alone, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout


def test_a_test_that_fails_in_company_only_is_named(tmp_path: Path) -> None:
    code, said = looked(tmp_path, WELL + ONCE)
    assert code == 0
    assert "Unsteady, to be looked into: test_it.py::test_once" in said


def test_what_fails_twice_is_red(tmp_path: Path) -> None:
    code, said = looked(tmp_path, WELL + ONCE + NEVER)
    assert code == 1
    assert "Unsteady" not in said


def test_many_failures_get_no_second_look(tmp_path: Path) -> None:
    many = "".join(ONCE.replace("once", f"n{n}").replace("mark", f"mark{n}") for n in range(6))
    code, said = looked(tmp_path, WELL + many)
    assert code == 1
    assert "second look" not in said


def test_an_error_of_the_run_itself_is_red(tmp_path: Path) -> None:
    code, _ = looked(tmp_path, "import nothing_of_this_name\n")
    assert code != 0


def test_a_run_that_is_well_is_made_once(tmp_path: Path) -> None:
    code, said = looked(tmp_path, WELL)
    assert code == 0
    assert said.count(" passed") == 1
