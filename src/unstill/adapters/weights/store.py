"""Our own store of fetched models: finished ones under their ids, unfinished ones under ``.pulls``."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from unstill.adapters.weights.hold import Held, held
from unstill.adapters.weights.inspect import Found, inspect
from unstill.adapters.weights.locations import own_name
from unstill.adapters.weights.part import Wanted, no_room, sha256_of
from unstill.core.durable import file_errors
from unstill.domain.catalog import ModelCard
from unstill.domain.weight_errors import PullUnderWay

PULLS = ".pulls"
SPARE_BYTES = 64 * 2**20
"""Left free besides."""


class Place:
    """One model's room in the store."""

    def __init__(self, models: Path, card: ModelCard) -> None:
        self.models, self._card = models, card
        name = own_name(card)
        self.final = models / name
        self.parts = models / PULLS / name
        self._whole, self._old = self.parts / "whole", self.parts / "old"
        self._held = models / PULLS / f"{name}.held"

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Nobody else fetches or removes this model meanwhile. Raises `PullUnderWay`, `NotWritable`."""
        try:
            with held(self._held):
                yield
        except Held:
            raise PullUnderWay(model=self._card.id) from None

    def waiting_bytes(self) -> int:
        """What an unfinished fetch has left."""
        return _bytes(self.parts)

    def keep(self, want: Wanted, read: Callable[[int], None]) -> None:
        """Take a file over from the copy that is here, if it is the very one; ``read`` is told of bytes."""
        path, done = self.final / want.path, self.parts / want.name
        try:
            if done.exists() or path.stat().st_size != want.size or sha256_of(path, read) != want.sha256:
                return
            done.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, done)
        except OSError:  # it is not here, cannot be read, or the file system has no hard links
            return

    def needs(self, count: int) -> None:
        """Make sure of so many bytes of room. Raises `NoRoomForWeights`, `NotWritable`."""
        with file_errors(self.parts):
            self.parts.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.parts).free < count + SPARE_BYTES:
            raise no_room(self._card.id, self.models, count + SPARE_BYTES)

    def assemble(self, files: Mapping[str, Path]) -> Found:
        """Give finished files their names in one folder, and look it over as a whole.

        Raises:
            WeightsUnsafe, WeightsDamaged, WeightsIncomplete: what came is no model to be used.
        """
        with file_errors(self._whole):
            shutil.rmtree(self._whole, ignore_errors=True)
            for name, path in files.items():
                target = self._whole / name
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(path, target)  # so that a kill right now loses nothing
                except OSError:  # a file system without hard links
                    path.replace(target)
        return inspect(self._whole, self._card.id, self._card.files)

    def settle(self) -> None:
        """Move the assembled folder to its name, in place of an older one. Raises `NotWritable`."""
        with file_errors(self.final):
            for folder in [self._whole, *(p for p in self._whole.iterdir() if p.is_dir())]:
                _sync(folder)
            shutil.rmtree(self._old, ignore_errors=True)
            if self.final.exists():
                self.final.replace(self._old)
            self._whole.replace(self.final)
            _sync(self.models)
        shutil.rmtree(self.parts, ignore_errors=True)

    def remove(self) -> int:
        """Remove everything of this model; how many bytes that were. Raises `NotWritable`."""
        count = _bytes(self.final) + _bytes(self.parts)
        with file_errors(self.final):
            self.parts.mkdir(parents=True, exist_ok=True)
            if self.final.exists():
                shutil.rmtree(self._old, ignore_errors=True)
                self.final.replace(self._old)  # at once: a half removed model is none
        shutil.rmtree(self.parts, ignore_errors=True)
        return count


def _bytes(folder: Path) -> int:
    """Of the files in a folder, once for each however many names it has."""
    seen: dict[tuple[int, int], int] = {}
    for home, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(home, name))
                seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


def _sync(folder: Path) -> None:
    """Make what a folder lists durable. Windows has no folder handles and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
