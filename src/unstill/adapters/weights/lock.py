"""``weights.lock``: what was fetched, byte for byte, so that it is never silently something else.

One JSON file for all models. Hashes stand in it only after the bytes they belong to were read here. It
outlives `remove`: a later fetch, from whichever mirror, must bring the same files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unstill.adapters.weights.hold import held
from unstill.core.durable import beside, file_errors, settle
from unstill.domain.weight_errors import LockDamaged

NAME = "weights.lock"
VERSION = 1
MOST_BYTES = 16 * 2**20
PATIENCE_S = 10.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class LockedFile:
    """Bytes, and their sha256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Locked:
    """One model as it was fetched."""

    repo: str
    commit: str | None
    """Of the repository at ``listed_by``; None for files out of a folder."""
    listed_by: str | None
    """The host whose API named commit and hashes."""
    sources: tuple[str, ...]
    """Where the bytes came from."""
    fetched_at: float
    """Seconds since 1970."""
    licence: str
    """As it was shown and accepted."""
    files: Mapping[str, LockedFile]


def read_lock(folder: Path) -> dict[str, Locked]:
    """Every model recorded there, by id. Raises `LockDamaged`."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LockDamaged(path=path) from error
    try:
        found = json.loads(raw)
        if found["version"] != VERSION:
            raise ValueError
        return {str(model): _model(told) for model, told in found["models"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LockDamaged(path=path) from None


def write_lock(folder: Path, model: str, locked: Locked) -> None:
    """Record a model; the others stay. Raises `LockDamaged`, `NotWritable`, `DiskFull`."""
    path = folder / NAME
    with held(folder / f".{NAME}.held", wait_s=PATIENCE_S):
        models = {**read_lock(folder), model: locked}
        told = {"version": VERSION, "models": {name: asdict(models[name]) for name in sorted(models)}}
        with beside(path) as partial, file_errors(path):
            partial.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            settle(partial, path, replace_existing=True, number_if_taken=False)


def _model(told: Mapping[str, Any]) -> Locked:
    files = {str(name): LockedFile(int(f["size"]), _hash(f["sha256"])) for name, f in told["files"].items()}
    return Locked(
        repo=str(told["repo"]),
        commit=None if told["commit"] is None else str(told["commit"]),
        listed_by=None if told["listed_by"] is None else str(told["listed_by"]),
        sources=tuple(map(str, told["sources"])),
        fetched_at=float(told["fetched_at"]),
        licence=str(told["licence"]),
        files=files,
    )


def _hash(value: object) -> str:
    if not (isinstance(value, str) and _SHA256.fullmatch(value)):
        raise ValueError(value)
    return value
