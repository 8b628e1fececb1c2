"""What there is to fetch: asked of every source at once, held against each other and against the record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from unstill.adapters.weights.halt import Halt
from unstill.adapters.weights.lock import Locked
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.part import Wanted
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.route import Road
from unstill.adapters.weights.sources import Listed, Listing, Source
from unstill.adapters.weights.together import together
from unstill.adapters.weights.wire import Wire
from unstill.domain.notes import note
from unstill.domain.source_errors import (
    AccessRefused,
    AskedTooOften,
    LineBroken,
    LockMismatch,
    NotAtSource,
    SourceFailed,
    SourceUnreachable,
    TokenRefused,
)

NEAR = 1e-9


class Asker:
    """Speaks to the sources of one fetch."""

    def __init__(
        self, sources: Sequence[Source], wire: Wire, meter: Meter, halt: Halt, patience: Patience,
        look: Callable[[], None],
    ) -> None:  # fmt: skip
        self._sources, self._wire, self._meter, self._halt = sources, wire, meter, halt
        self._patience, self._look = patience, look

    def roads(self, repo: str, revision: str | None) -> list[Road]:
        """Every source that answers and its listing, the one whose word counts most first.

        Raises:
            TokenRefused, AccessRefused: the hub itself says no. A mirror is no way around that.
            SourceFailed: nobody gives a listing; the most telling reason.
        """
        calls = [partial(self._listing, source, repo, revision) for source in self._sources]
        found = together(calls, len(calls), self._look, self._patience.look_s, self._halt,
                         all_or_none=False, late_s=self._patience.late_s)  # fmt: skip
        answered, failures = [], []
        for source, result in zip(self._sources, found, strict=True):
            if isinstance(result, Listing):
                answered.append(Road(source, result))
            elif isinstance(result, (SourceFailed, TimeoutError)):
                failures.append((source, result))
                if source.name == "hub" and isinstance(result, (TokenRefused, AccessRefused)):
                    raise result
            else:
                raise result
        if not answered:
            raise _most_telling([error for _, error in failures])
        for source, error in failures:
            if source.name != "modelscope":  # most models are not there
                reason = error.code if isinstance(error, SourceFailed) else "late"
                self._meter.say(note("source_silent", host=source.host, reason=reason))
        return answered

    def _listing(self, source: Source, repo: str, revision: str | None) -> Listing:
        tries = waits = 0
        while True:
            self._halt.check()
            try:
                return source.listing(self._wire, repo, revision)
            except AskedTooOften as busy:
                seconds, waits = float(str(busy.facts["seconds"])), waits + 1
                if seconds > self._patience.longest_wait_s or waits > self._patience.waits:
                    raise
                self._meter.say(note("source_waits", host=source.host, seconds=f"{seconds:g}"))
                self._halt.sleep(seconds)
            except LineBroken:
                tries += 1
                if tries >= self._patience.tries:
                    raise
                self._halt.sleep(self._patience.backoff_s * 2 ** (tries - 1))

    def fastest(self, roads: Sequence[Road], repo: str, want: Wanted) -> list[Road]:
        """The roads by how fast a range from the middle of a real file comes; those that give none last."""
        if len(roads) < 2:
            return list(roads)
        calls = [partial(self._rate, road, repo, want) for road in roads]
        found = together(calls, len(calls), self._look, self._patience.look_s, self._halt, all_or_none=False)
        rates = []
        for result in found:
            if isinstance(result, Exception) and not isinstance(result, SourceFailed):
                raise result
            rates.append(-1.0 if isinstance(result, Exception) else result)
        order = sorted(range(len(roads)), key=lambda at: -rates[at])
        return [roads[at] for at in order]

    def _rate(self, road: Road, repo: str, want: Wanted) -> float:
        """Bytes a second."""
        monotonic, most = self._meter.monotonic, min(self._patience.probe_bytes, want.size)
        start = (want.size - most) // 2
        errand = road.source.errand(repo, road.listing, want.path, start, start + most - 1)
        began, count = monotonic(), 0
        with self._wire.open(errand) as (response, _):
            for piece in response.iter_raw():
                self._halt.check()
                count += len(piece)
                if count >= most or monotonic() - began > self._patience.probe_s:
                    break
        return count / max(NEAR, monotonic() - began)


def wants(road: Road, paths: Sequence[str], locked: Locked | None, model: str) -> list[Wanted]:
    """The files, with the hashes they must have by the source's word and by the record.

    Raises:
        NotAtSource: the source does not list one of them, or tells no hash of it.
        LockMismatch: the record says otherwise.
    """
    made = []
    for path in paths:
        listed = road.listing.files.get(path)
        if listed is None or not (listed.sha256 or listed.git):
            raise NotAtSource(host=road.source.host, file=path)
        sha256 = listed.sha256
        if locked is not None:
            sha256 = _held_against(locked, path, listed, road.source.host, model)
        made.append(Wanted(path, listed.size, sha256, listed.git))
    if locked is not None:
        gone = sorted(set(locked.files) - set(paths))
        if gone:
            raise _mismatch(model, gone[0], road.source.host, "it is there no more", "该文件已不存在")
    return made


def _held_against(locked: Locked, path: str, listed: Listed, host: str, model: str) -> str:
    """The recorded sha256 of a file that is still the same, as far as the listing tells."""
    known = locked.files.get(path)
    if known is None:
        raise _mismatch(model, path, host, "it is not among the recorded files", "记录中没有该文件")
    if known.size != listed.size:
        raise _mismatch(model, path, host, f"{listed.size} bytes instead of {known.size}",
                        f"大小为 {listed.size} 字节，记录为 {known.size}")  # fmt: skip
    if listed.sha256 is not None and listed.sha256 != known.sha256:
        now, then = listed.sha256[:12], known.sha256[:12]
        raise _mismatch(model, path, host, f"sha256 {now}... instead of {then}...",
                        f"sha256 为 {now}…，记录为 {then}…")  # fmt: skip
    return known.sha256


def agreeing(roads: Sequence[Road], wanted: Collection[Wanted], meter: Meter) -> list[Road]:
    """The sources that list the same files as the first one; the others are said."""
    kept = []
    for road in roads:
        if all(_same(road.listing.files.get(want.path), want) for want in wanted):
            kept.append(road)
        else:
            meter.say(note("source_differs", host=road.source.host))
    return kept


def _same(listed: Listed | None, want: Wanted) -> bool:
    if listed is None or listed.size != want.size:
        return False
    pairs = ((listed.sha256, want.sha256), (listed.git, want.git))
    return all(one == other for one, other in pairs if one and other)


def _most_telling(failures: Sequence[Exception]) -> Exception:
    """What a host said goes before that one could not be reached."""
    return min(failures, key=lambda failure: isinstance(failure, SourceUnreachable))


def _mismatch(model: str, file: str, host: str, reason: str, reason_zh: str) -> LockMismatch:
    return LockMismatch(model=model, file=file, host=host, reason=reason, reason_zh=reason_zh)
