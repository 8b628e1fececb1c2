"""Models' files on this computer. Fits `unstill.core.weights.WeightStore` and `unstill.core.ports.Weights`.

Looking for files asks nobody: a folder that the settings name goes before our own store, and that before what
the hub's own client has fetched. Only `pull` uses the network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.adapters.weights import locations
from unstill.adapters.weights.inspect import Found, inspect
from unstill.adapters.weights.lock import Locked, read_lock
from unstill.adapters.weights.loras import FOLDER, LoraShelf, own_file
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.store import Place
from unstill.core.weights import Checked, Origin, Pulled, Watch, WeightFacts, unwatched
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import UnstillError
from unstill.domain.lora import is_name
from unstill.domain.notes import note
from unstill.domain.source_errors import LoraOffline, PullOffline
from unstill.domain.weight_errors import (
    LockDamaged,
    LoraUnknown,
    NothingToPull,
    WeightsDamaged,
    WeightsMissing,
    WeightsNotOurs,
    licence_not_accepted,
    missing,
)
from unstill.settings import Settings

if TYPE_CHECKING:
    from unstill.adapters.weights.sources import Source

MOST_SHOWN = 200
"""Characters of a name that nobody knows."""
_HEX = frozenset("0123456789abcdef")


class WeightShelf:
    """The store, and whatever else may have a model's files."""

    def __init__(
        self,
        settings: Settings,
        *,
        bases: locations.Bases | None = None,
        patience: Patience | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._settings, self._bases = settings, bases or locations.Bases()
        self._patience = patience or Patience()
        self._environ = os.environ if environ is None else environ

    @property
    def models(self) -> Path:
        """The store's folder."""
        return locations.models_dir(self._settings)

    def folder(self, card: ModelCard) -> Path:
        """See `unstill.core.ports.Weights.folder`. Raises besides `WeightsUnsafe`, `WeightsDamaged`."""
        return self._found(card)[0].folder

    @property
    def loras(self) -> LoraShelf:
        """See `unstill.core.weights.WeightStore.loras`."""
        return LoraShelf(self.models / FOLDER, self._fetch_lora)

    def lora(self, source: str) -> Path:
        """See `unstill.core.ports.Weights.lora`."""
        if is_name(source):
            return self.loras.path(source)
        try:
            path = Path(source).expanduser()
            there = path.is_file()
        except (OSError, RuntimeError):  # a name too long for a file; somebody's home who is not known
            there = False
        if not there:
            raise LoraUnknown(param="loras", source=source[:MOST_SHOWN])
        return own_file(path)

    def facts(self, card: ModelCard) -> WeightFacts:
        """See `unstill.core.weights.WeightStore.facts`."""
        waiting = self._place(card).waiting_bytes()
        try:
            found, origin = self._found(card)
        except WeightsMissing as error:
            named = type(error) is not WeightsMissing
            return WeightFacts(card.id, "unusable" if named else "missing", waiting_bytes=waiting,
                               problem=error if named else None)  # fmt: skip
        except UnstillError as error:
            return WeightFacts(card.id, "unusable", waiting_bytes=waiting, problem=error)
        locked = self._locked(card) if origin == "store" else None
        commit = found.folder.name if origin == "hub cache" else None
        return WeightFacts(
            card.id, "ready", found.folder, origin, found.size_bytes, waiting,
            commit=locked.commit if locked else commit,
            source=", ".join(locked.sources) if locked else None,
            fetched_at=locked.fetched_at if locked else None,
        )  # fmt: skip

    def pull(
        self, card: ModelCard, *, accept_licence: bool, watch: Watch = unwatched, update: bool = False
    ) -> Pulled:
        """See `unstill.core.weights.WeightStore.pull`."""
        from unstill.adapters.weights.pull import Pull
        from unstill.adapters.weights.sources import sources

        self._allow(card, accept_licence)
        facts = self.facts(card)
        if facts.state == "ready" and not update:
            damage = self._damage(card, watch)
            if damage is None:
                return Pulled(facts, 0, (note("weights_there", path=str(facts.folder)),))
            if locations.offline(self._environ):
                raise damage
        if locations.offline(self._environ):
            raise PullOffline(model=card.id)
        found = sources(self._settings, self._environ, self._bases, self._patience.connect_s)
        place = self._place(card)
        with place.hold():
            job = Pull(card, place, found, self._patience, watch)
            job.carry_out(update=update)
        return Pulled(self.facts(card), job.meter.fetched_bytes, tuple(job.meter.all_notes))

    def adopt(
        self,
        card: ModelCard,
        folder: Path,
        *,
        accept_licence: bool,
        watch: Watch = unwatched,
        update: bool = False,
    ) -> Pulled:
        """See `unstill.core.weights.WeightStore.adopt`."""
        from unstill.adapters.weights.adopt import Adoption

        self._allow(card, accept_licence)
        place = self._place(card)
        with place.hold():
            job = Adoption(card, place, folder.expanduser().absolute(), watch)
            job.carry_out(update=update)
        facts = self.facts(card)
        return Pulled(facts, facts.size_bytes)

    def verify(self, card: ModelCard, watch: Watch = unwatched) -> Checked:
        """See `unstill.core.weights.WeightStore.verify`."""
        from unstill.adapters.weights.check import check

        found, origin = self._found(card, sizes=False)
        locked = read_lock(self.models).get(card.id) if origin == "store" else None
        compared = check(found, locked, card, watch)
        return Checked(self.facts(card), len(found.sizes), compared)

    def remove(self, card: ModelCard) -> int:
        """See `unstill.core.weights.WeightStore.remove`."""
        place = self._place(card)
        if not (place.final.exists() or place.waiting_bytes()):
            found, _ = self._found(card)
            raise WeightsNotOurs(model=card.id, path=found.folder)
        with place.hold():
            return place.remove()

    def _fetch_lora(
        self, repo: str, file: str | None, folder: Path, watch: Watch
    ) -> AbstractContextManager[tuple[Path, str]]:
        from unstill.adapters.weights.lora_pull import fetched
        from unstill.adapters.weights.sources import sources

        if locations.offline(self._environ):
            raise LoraOffline(model=repo)

        def known() -> Sequence[Source]:
            return sources(self._settings, self._environ, self._bases, self._patience.connect_s)

        return fetched(repo, file, folder, watch, known, self._patience)

    def _damage(self, card: ModelCard, watch: Watch) -> WeightsDamaged | None:
        """What of files in our store is not as recorded, though their sizes are; others' are left alone."""
        found, origin = self._found(card)
        if origin != "store":
            return None
        from unstill.adapters.weights.check import check

        try:
            check(found, self._locked(card), card, watch)
        except WeightsDamaged as error:
            return error
        return None

    def _allow(self, card: ModelCard, accept_licence: bool) -> None:
        if card.repo is None:
            raise NothingToPull(param="model", model=card.id)
        if not accept_licence:
            raise licence_not_accepted(card)

    def _place(self, card: ModelCard) -> Place:
        return Place(self.models, card)

    def _found(self, card: ModelCard, *, sizes: bool = True) -> tuple[Found, Origin]:
        """The folder that counts. ``sizes``: whether they must be the recorded ones."""
        if card.repo is None and not card.files:
            raise NothingToPull(param="model", model=card.id)
        named = locations.named_folder(self._settings, card)
        if named is not None:
            return inspect(named, card.id, card.files), "folder"
        own = self._place(card).final
        if own.is_dir():
            found = inspect(own, card.id, card.files)
            if sizes:
                self._compare_sizes(found, card)
            return found, "store"
        cached = self._cached(card) if card.repo else None
        if cached is not None:
            return cached, "hub cache"
        raise missing(card)

    def _compare_sizes(self, found: Found, card: ModelCard) -> None:
        locked = self._locked(card)
        for name, known in (locked.files if locked else {}).items():
            if found.sizes.get(name) != known.size:
                raise WeightsDamaged(model=card.id, file=name, reason="its size is not the recorded one",
                                     reason_zh="大小与记录不符")  # fmt: skip

    def _cached(self, card: ModelCard) -> Found | None:
        """What the hub's own client has, where that is whole, harmless and not another version."""
        assert card.repo is not None
        locked = self._locked(card)
        revision = (locked.commit if locked else None) or card.revision
        snapshot = locations.cached_snapshot(locations.hub_cache(self._environ), card.repo, revision)
        try:
            found = inspect(snapshot, card.id, card.files) if snapshot else None
        except UnstillError:  # half fetched, or only as a pickle
            return None
        return found if found and (locked is None or _matches(found, locked)) else None

    def _locked(self, card: ModelCard) -> Locked | None:
        """The record; a damaged one must not keep files from being used that are there."""
        try:
            return read_lock(self.models).get(card.id)
        except LockDamaged:
            return None


def _matches(found: Found, locked: Locked) -> bool:
    """Whether files of the hub's cache are the recorded ones: a large one is a link to a file that its sha256
    names; of the others the size must do."""
    for name, known in locked.files.items():
        blob = (found.folder / name).resolve().name
        hashed = len(blob) == 64 and set(blob) <= _HEX
        if found.sizes.get(name) != known.size or (hashed and blob != known.sha256):
            return False
    return True
