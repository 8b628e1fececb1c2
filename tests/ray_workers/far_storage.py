"""A storage that is somewhere else: files come and go between a folder of the node and a far one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from unstill.domain.errors import FileMissing


class FarStorage:
    def __init__(self, far: Path, root: Path) -> None:
        self.far, self.root = far, root

    def at_hand(self, name: str) -> Path:
        near = self.root / name
        near.parent.mkdir(parents=True, exist_ok=True)
        if not (self.far / name).is_file():
            raise FileMissing(path=Path(name))
        shutil.copy2(self.far / name, near)
        return near

    def keep(self, names: Sequence[str]) -> None:
        for name in names:
            target = self.far / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.root / name, target)
            (self.root / name).unlink()


def open_far(spec: str, data: Path, options: Mapping[str, str]) -> FarStorage:
    assert options["region"] == "here"
    return FarStorage(Path(spec.removeprefix("far://")), data / "near")
