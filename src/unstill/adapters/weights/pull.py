"""A whole fetch: ask, choose, fetch, check, put in place, record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from unstill.adapters.weights import layout
from unstill.adapters.weights.asking import Asker, agreeing, wants
from unstill.adapters.weights.fetch import Fetched, Fetcher
from unstill.adapters.weights.halt import Halt, stoppable
from unstill.adapters.weights.lock import Locked, LockedFile, read_lock, write_lock
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.part import Wanted
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.route import Road, Route
from unstill.adapters.weights.safetensors import check_safetensors
from unstill.adapters.weights.sources import Source
from unstill.adapters.weights.store import Place
from unstill.adapters.weights.together import together
from unstill.adapters.weights.wire import Wire
from unstill.core.weights import Watch
from unstill.domain.catalog import ModelCard
from unstill.domain.notes import note
from unstill.domain.source_errors import NotAtSource, OddListing
from unstill.domain.weight_errors import WeightsDamaged, WeightsUnsafe


class Pull:
    """One fetch of one model, whose place is held."""

    def __init__(
        self, card: ModelCard, place: Place, sources: Sequence[Source], patience: Patience, watch: Watch
    ) -> None:
        self._card, self._place, self._sources, self._patience = card, place, sources, patience
        self._watch = watch
        self._halt, self.meter = Halt(), Meter()
        self._wire = Wire(patience, self._halt)

    def carry_out(self, *, update: bool) -> None:
        """Raises as `unstill.core.weights.WeightStore.pull`."""
        with stoppable(self._card), contextlib.closing(self._wire):
            locked = None if update else read_lock(self._place.models).get(self._card.id)
            self._carry_out(locked)

    def _carry_out(self, locked: Locked | None) -> None:
        card, meter = self._card, self.meter
        asker = Asker(self._sources, self._wire, meter, self._halt, self._patience, self._look)
        roads = self._roads(asker, locked)
        lister = roads[0]
        if lister.source is not self._sources[0]:
            meter.say(note("source_vouches", host=lister.source.host, hub=self._sources[0].host))
        wanted = wants(lister, self._paths(lister), locked, card.id)
        roads = agreeing(roads, wanted, meter)
        self._keep_what_is_here(wanted)
        self._place.needs(max(0, sum(w.size for w in wanted) - self._place.waiting_bytes()))
        meter.stage("weights_probe")
        roads = asker.fastest(roads, self._repo, max(wanted, key=lambda want: want.size))
        files = self._fetch(roads, wanted)
        meter.stage("weights_place")
        self._look()
        self._place.assemble({name: one.path for name, one in files.items()})
        self._record(files, wanted, lister, locked)
        self._place.settle()

    def _roads(self, asker: Asker, locked: Locked | None) -> list[Road]:
        try:
            return asker.roads(self._repo, (locked.commit if locked else None) or self._card.revision)
        except NotAtSource as error:
            if locked is None or locked.commit is None:
                raise
            raise NotAtSource(
                host=error.facts["host"],
                file=error.facts["file"],
                advice="The recorded version may be gone there; take the one it has now with "
                f"`unstill models pull {self._card.id} --update`.",
                advice_zh=f"记录的版本可能已不存在；可用 `unstill models pull {self._card.id} --update` "
                "采用现在的版本。",
            ) from error

    def _keep_what_is_here(self, wanted: Sequence[Wanted]) -> None:
        """Large files of an older or damaged copy that are the same are not fetched again."""
        self.meter.stage("weights_check", sum(want.size for want in wanted))
        for want in wanted:
            if want.sha256 is not None and want.path.endswith(layout.WEIGHTS):
                self._place.keep(want, partial(self._read, want.path))

    def _read(self, name: str, count: int) -> None:
        self.meter.read(name, count)
        self._look()

    @property
    def _repo(self) -> str:
        assert self._card.repo is not None
        return self._card.repo

    def _paths(self, road: Road) -> list[str]:
        """What of a repository is needed. Raises `WeightsUnsafe`, `OddListing`, `NotAtSource`."""
        listed, card = road.listing.files, self._card
        if card.files:
            for name in sorted(set(card.files) - set(listed)):
                raise NotAtSource(host=road.source.host, file=f"{self._repo}/{name}")
            return list(card.files)
        parts = layout.SINGLE
        if layout.INDEX in listed:
            parts = layout.components(self._index(road), card.id)
        missing = layout.lacking(list(listed), parts, card.id)
        if missing is not None:
            raise NotAtSource(host=road.source.host, file=f"{self._repo}/{missing}")
        taken = [
            layout.joined(part, n) for part, found in layout.wanted(listed, parts).items() for n in found
        ]
        paths = [*([layout.INDEX] if parts is not layout.SINGLE else []), *taken]
        texts = [path for path in paths if not path.endswith(layout.WEIGHTS)]
        large = next((path for path in texts if listed[path].size > layout.MOST_TEXT_BYTES), None)
        if large is not None:
            raise WeightsUnsafe(model=card.id, file=large, reason="it is far too large", reason_zh="文件过大")
        return paths

    def _index(self, road: Road) -> bytes:
        """``model_index.json``, checked like any other file; it tells which others are needed."""
        want = wants(road, [layout.INDEX], None, self._card.id)[0]
        if want.size > layout.MOST_TEXT_BYTES:
            raise OddListing(host=road.source.host, file=layout.INDEX, reason="it is far too large",
                             reason_zh="文件过大")  # fmt: skip
        self._place.needs(want.size)
        return self._fetched(Route([road]), [want])[0].path.read_bytes()

    def _fetch(self, roads: Sequence[Road], wanted: Sequence[Wanted]) -> dict[str, Fetched]:
        """All files: configurations first, so that a refused one is found before gigabytes have come."""
        self.meter.stage("weights_fetch", sum(want.size for want in wanted))
        texts = [want for want in wanted if not want.path.endswith(layout.WEIGHTS)]
        heavy = sorted((w for w in wanted if w not in texts), key=lambda want: -want.size)
        files: dict[str, Fetched] = {}
        for group in (texts, heavy):
            for want, one in zip(group, self._fetched(Route(roads), group), strict=True):
                self._look_into(want.path, one.path)
                files[want.path] = one
        self._look()
        return files

    def _fetched(self, route: Route, group: Sequence[Wanted]) -> list[Fetched]:
        fetcher = Fetcher(
            self._card.id, self._repo, self._place.parts, route, self._wire, self.meter, self._halt,
            self._patience,
        )  # fmt: skip
        calls = [partial(fetcher.fetch, want) for want in group]
        patience = self._patience
        got = together(calls, patience.at_once, self._look, patience.look_s, self._halt)
        return [one for one in got if isinstance(one, Fetched)]

    def _look_into(self, name: str, path: Path) -> None:
        """Refuse what could run code. Raises `WeightsUnsafe`; the file is not kept."""
        try:
            if name.endswith(layout.WEIGHTS):
                check_safetensors(path, name, self._card.id)
            else:
                layout.check_text(name, path.read_bytes(), self._card.id)
        except (WeightsUnsafe, WeightsDamaged):
            path.unlink(missing_ok=True)
            raise

    def _record(
        self, files: Mapping[str, Fetched], wanted: Sequence[Wanted], lister: Road, locked: Locked | None
    ) -> None:
        """Write down what has come: hashes of bytes that were read here."""
        by = (locked.commit, locked.listed_by) if locked else (lister.listing.commit, lister.source.host)
        record = Locked(
            repo=self._repo, commit=by[0], listed_by=by[1], sources=tuple(sorted(self.meter.from_hosts)),
            fetched_at=time.time(), licence=self._card.licence,
            files={want.path: LockedFile(want.size, files[want.path].sha256) for want in wanted},
        )  # fmt: skip
        write_lock(self._place.models, self._card.id, record)

    def _look(self) -> None:
        self._watch(self.meter.progress())
