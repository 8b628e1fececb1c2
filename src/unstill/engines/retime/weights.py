"""The shipped weights of RIFE HDv3, read without any library of their format."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from importlib import resources

import numpy as np
import numpy.typing as npt

from unstill.domain.errors import DamagedInstall

Tensor = npt.NDArray[np.float32]
WEIGHTS = "rife-hdv3.safetensors"
SHA256 = "660f6081ce4edd0de387f15dc15706ee6b1e2f594a5f1b63e56ff1076d50d5f4"


def weights() -> Mapping[str, Tensor]:
    """Every tensor by its name, read-only; the file is checked against the published hash.

    Raises:
        DamagedInstall: it is missing or was changed.
    """
    file = resources.files("unstill.engines.retime") / "assets" / WEIGHTS
    try:
        raw = file.read_bytes()
    except OSError:
        raise DamagedInstall(name=WEIGHTS) from None
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise DamagedInstall(name=WEIGHTS)
    return tensors(raw)


def tensors(raw: bytes) -> dict[str, Tensor]:
    """The float32 tensors of a safetensors file: a length, a JSON table, and the numbers, little-endian."""
    start = 8 + int.from_bytes(raw[:8], "little")
    table = json.loads(raw[8:start])
    table.pop("__metadata__", None)
    return {
        name: np.frombuffer(raw, "<f4", math.prod(entry["shape"]), start + entry["data_offsets"][0])
        .reshape(entry["shape"])
        for name, entry in table.items()
    }  # fmt: skip
