"""A tiny I2VGen-XL with random weights, on disk as the hub has it, for tests that go through the whole house.

A plugin, which `conftest.py` loads; the engine's own tests have a finer one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SMALL = {"model": "i2vgen-xl", "size": "64x64", "num_frames": 2, "num_inference_steps": 8, "seed": 3}
"""A clip of a second."""


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder. Skips where the extra diffusion is not installed."""
    pytest.importorskip("torch", reason="the extra diffusion is not installed")
    sys.path.append(str(HERE / "engines" / "i2vgen_xl"))
    from tiny_i2vgen import modules, write

    return write(tmp_path_factory.mktemp("i2vgen-xl"), modules())
