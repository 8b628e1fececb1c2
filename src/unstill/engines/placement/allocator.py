"""torch's memory allocator and compiler cache, set up before torch is imported: afterwards it is too late."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ALLOCATOR, OLD_ALLOCATOR = "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"
NEW_SINCE = (2, 12)
"""The torch version from which on the newer name is surely heeded. 2.9.1 knows it and ignores it on CUDA
(pytorch/pytorch#183387); the older one works in all, and some of them grumble about it."""
SEGMENTS = "expandable_segments:True"
"""Memory freed in pieces can be used as a whole again: clips of changing sizes do not splinter it."""
COMPILED = "TORCHINDUCTOR_CACHE_DIR"


def choose_allocator() -> None:
    """Set what the person has not set, where torch has not been imported yet. Growing segments need Linux."""
    if "torch" in sys.modules:
        return
    if sys.platform == "linux" and not {ALLOCATOR, OLD_ALLOCATOR} & set(os.environ):
        os.environ[ALLOCATOR if _torch_version() >= NEW_SINCE else OLD_ALLOCATOR] = SEGMENTS
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as the driver counts cards, and so plans do
    os.environ.setdefault(COMPILED, str(compiled_folder()))


def compiled_folder() -> Path:
    """Where compiled kernels are kept between runs."""
    from platformdirs import user_cache_path

    return user_cache_path("unstill") / "compiled"


def _torch_version() -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in re.findall(r"\d+", version("torch"))[:2])
    except PackageNotFoundError:
        return (0, 0)
