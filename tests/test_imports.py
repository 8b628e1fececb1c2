"""What starting costs, and which way imports may run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "pydantic", "pydantic_settings", "rich", "cv2", "av", "PIL", "torch", "platformdirs"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded by a piece of Python in a fresh interpreter."""
    after = "print(json.dumps(sorted(sys.modules)))"
    probe = f"import json, sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n{after}"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "arguments",
    ["--help", "", "--version", "generate --help", "plan --help", "show --help", "models --help",
     "models list --help", "models show --help", "generate --no-such-option"],
)  # fmt: skip
def test_help_loads_no_heavy_library(arguments: str) -> None:
    """Help, version and a mistyped option answer without numpy, pydantic or rich."""
    code = f"from unstill import wiring; sys.argv[1:] = {arguments.split()!r}; wiring.main()"
    assert loaded_by(code) & HEAVY == set()


def test_importing_the_package_loads_no_heavy_library() -> None:
    """`import unstill` is free until something is asked of it."""
    assert loaded_by("import unstill; unstill.__version__; unstill.errors") & HEAVY == set()


def test_listing_models_loads_no_pixels() -> None:
    """Cards are data: no image or video library is needed to read them."""
    assert loaded_by("import unstill; unstill.models()") & {"cv2", "av", "PIL", "torch", "rich"} == set()


def test_help_answers_at_once() -> None:
    """The best of five runs stays near 0.3 s, with room for a busy machine."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "unstill", "--help"], capture_output=True, check=True, timeout=30
        )
        times.append(time.perf_counter() - started)
    assert min(times) < 0.45


def test_arrows_run_down() -> None:
    """The import contracts of pyproject.toml hold."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
