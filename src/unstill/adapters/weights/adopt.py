"""Copies a model out of a folder into the store: looked over, hashed and recorded like a fetched one."""

from __future__ import annotations

import errno
import hashlib
import re
import time
from pathlib import Path

from unstill.adapters.weights.halt import stoppable
from unstill.adapters.weights.inspect import Found, inspect
from unstill.adapters.weights.lock import Locked, LockedFile, read_lock, write_lock
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.part import CHUNK, no_room
from unstill.adapters.weights.store import Place
from unstill.core.durable import file_errors
from unstill.core.weights import Watch
from unstill.domain.catalog import ModelCard
from unstill.domain.source_errors import LockMismatch
from unstill.domain.weight_errors import NoRoomForWeights

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Adoption:
    """One copy of one model, whose place is held."""

    def __init__(self, card: ModelCard, place: Place, folder: Path, watch: Watch) -> None:
        self._card, self._place, self._folder, self._watch = card, place, folder, watch
        self.meter = Meter()

    def carry_out(self, *, update: bool) -> None:
        """Raises as `unstill.core.weights.WeightStore.adopt`."""
        with stoppable(self._card):
            locked = None if update else read_lock(self._place.models).get(self._card.id)
            found = inspect(self._folder, self._card.id, self._card.files)
            self._place.needs(found.size_bytes)
            self.meter.stage("weights_copy", found.size_bytes)
            hashes = {name: self._copied(name) for name in found.sizes}
            if locked is not None:
                self._compare(locked, found, hashes)
            self._place.assemble({name: self._target(name) for name in found.sizes})
            write_lock(self._place.models, self._card.id, self._record(found, hashes, locked))
            self._place.settle()

    def _target(self, name: str) -> Path:
        return self._place.parts / f"{name.replace('/', '__')}.copy"

    def _copied(self, name: str) -> str:
        """Copy a file; the sha256 of what was written."""
        target, digest = self._target(name), hashlib.sha256()
        try:
            with (self._folder / name).open("rb") as source, target.open("wb") as out:
                while piece := source.read(CHUNK):
                    out.write(piece)
                    digest.update(piece)
                    self.meter.read(name, len(piece))
                    self._watch(self.meter.progress())
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._no_room(target) from error
            with file_errors(target):
                raise
        return digest.hexdigest()

    def _no_room(self, target: Path) -> NoRoomForWeights:
        return no_room(self._card.id, self._place.models, target.stat().st_size)

    def _compare(self, locked: Locked, found: Found, hashes: dict[str, str]) -> None:
        """Raises `LockMismatch` where a file is not the recorded one."""
        for name in sorted(set(locked.files) | set(found.sizes)):
            known = locked.files.get(name)
            if known is None or known.sha256 != hashes.get(name):
                raise LockMismatch(
                    host=self._folder, file=name, model=self._card.id,
                    reason="it is another file" if name in hashes and known else "it is in one of them only",
                    reason_zh="内容不同" if name in hashes and known else "只有一边有该文件",
                )  # fmt: skip

    def _record(self, found: Found, hashes: dict[str, str], locked: Locked | None) -> Locked:
        commit = locked.commit if locked else _commit_of(self._folder)
        return Locked(
            repo=self._card.repo or "", commit=commit, listed_by=locked.listed_by if locked else None,
            sources=(str(self._folder),), fetched_at=time.time(), licence=self._card.licence,
            files={name: LockedFile(size, hashes[name]) for name, size in found.sizes.items()},
        )  # fmt: skip


def _commit_of(folder: Path) -> str | None:
    """What the hub's own client calls its folders of a commit."""
    named = folder.resolve()
    return named.name if named.parent.name == "snapshots" and _COMMIT.fullmatch(named.name) else None
