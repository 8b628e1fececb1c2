"""One file from whoever has it: resumed, taken over by another source where one fails, every byte checked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from unstill.adapters.weights.halt import Halt
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.part import Part, Wanted, sha256_of, wrong
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.refusal import About
from unstill.adapters.weights.route import Road, Route
from unstill.adapters.weights.sources import Name
from unstill.adapters.weights.wire import Wire
from unstill.domain.notes import note
from unstill.domain.source_errors import (
    AskedTooOften,
    LineBroken,
    LockMismatch,
    SourceFailed,
    SourceUnreachable,
    TooSlow,
    WrongBytes,
)

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
AGAIN = (LineBroken, SourceUnreachable)
"""What another try at the same source may mend; and any answer of 500 and above."""


@dataclass(frozen=True)
class Fetched:
    """A whole, checked file under the name it has until all are there."""

    path: Path
    sha256: str


class Fetcher:
    """Fetches files of one model into one folder, several at a time."""

    def __init__(
        self, model: str, repo: str, folder: Path, route: Route, wire: Wire, meter: Meter, halt: Halt,
        patience: Patience, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.model, self._repo, self._folder, self._route = model, repo, folder, route
        self._wire, self._meter, self._halt, self._patience = wire, meter, halt, patience
        self._monotonic = monotonic

    def fetch(self, want: Wanted) -> Fetched:
        """The finished file. Raises `SourceFailed` once nobody is left who could give it."""
        with Part(self._folder, want, self.model) as part:
            if not part.done.exists():
                self._resume(part)
                _Attempt(self, part).carry_out()
            self._meter.set(want.path, want.size)
            return Fetched(part.done, want.sha256 or sha256_of(part.done))

    def _resume(self, part: Part) -> None:
        def read(_: int) -> None:
            self._halt.check()
            self._meter.set(part.want.path, part.have)

        part.resume(read)

    def copy(self, part: Part, road: Road, failed: set[Name]) -> None:
        """Add what is missing of a part. Raises `SourceFailed`; what came before that is kept."""
        errand = road.source.errand(self._repo, road.listing, part.want.path, part.have)
        with self._wire.open(errand) as (response, about):
            self._check_head(response, part, about)
            window, count = self._monotonic(), 0
            for piece in response.iter_raw():
                self._halt.check()
                if part.have + len(piece) > part.want.size:
                    raise _wrong(about, f"more than {part.want.size} bytes", f"超过 {part.want.size} 字节")
                part.add(piece)
                self._meter.arrived(part.want.path, len(piece), road.source.host)
                count += len(piece)
                now = self._monotonic()
                if now - window >= self._patience.slow_window_s:
                    self._judge(count / (now - window), road, failed, about)
                    window, count = now, 0
            if part.have < part.want.size:
                raise LineBroken(host=about.host, file=about.file)

    def _judge(self, rate: float, road: Road, failed: set[Name], about: About) -> None:
        if rate < self._patience.slow_bytes_s and self._route.has_better(road.source.name, failed):
            raise TooSlow(host=about.host, file=about.file)

    def _check_head(self, response: httpx.Response, part: Part, about: About) -> None:
        """Whether the body that follows is what was asked for. A whole file starts the part anew."""
        size, status = part.want.size, response.status_code
        if status == 416:
            raise _wrong(about, f"it is shorter than {part.have} bytes", f"不到 {part.have} 字节")
        if status == 206:
            match = _RANGE.fullmatch(response.headers.get("content-range", ""))
            if match is None or int(match[1]) != part.have:
                raise _wrong(about, "another range came than was asked for", "返回的范围不对")
            whole = match[3]
        else:
            if part.have:
                part.drop()
                self._meter.set(part.want.path, 0)
            whole = response.headers.get("content-length", "*")
        if whole != "*" and int(whole) != size:
            raise _wrong(about, f"{whole} bytes instead of {size}", f"大小为 {whole} 字节，应为 {size}")

    @property
    def parts(self) -> tuple[Route, Meter, Halt, Patience]:
        """What an attempt needs besides."""
        return self._route, self._meter, self._halt, self._patience


class _Attempt:
    """All tries at one file."""

    def __init__(self, fetcher: Fetcher, part: Part) -> None:
        self._fetcher, self._part = fetcher, part
        self._route, self._meter, self._halt, self._patience = fetcher.parts
        self._failed: set[Name] = set()
        self._idle = self._waits = 0
        self._doubted = part.have == 0
        """Whether what is here all came in this attempt: then wrong bytes are the source's."""

    def carry_out(self) -> None:
        error: SourceFailed | None = None
        while True:
            road = self._route.pick(self._failed)
            if road is None:
                assert error is not None
                raise error
            before = self._part.have
            try:
                if before < self._part.want.size:
                    self._fetcher.copy(self._part, road, self._failed)
                self._check(road)
                return
            except SourceFailed as failure:
                error = failure
                self._consider(failure, road, progress=self._part.have > before)

    def _check(self, road: Road) -> None:
        sha256, git = self._part.hashes()
        differ = wrong(self._part.want, sha256, git)
        if differ is None:
            self._part.finish()
            return
        promised, came = (text[:12] for text in differ)
        about = About(self._part.want.path, road.source.host, "")
        if git == self._part.want.git:  # just what the source lists, so it is the record that differs
            raise LockMismatch(
                host=about.host, file=about.file, model=self._fetcher.model,
                reason=f"sha256 {came}... instead of {promised}...",
                reason_zh=f"sha256 为 {came}…，记录为 {promised}…",
            )  # fmt: skip
        raise _wrong(about, f"its hash is {came}... and should be {promised}...",
                     f"校验值为 {came}…，应为 {promised}…")  # fmt: skip

    def _consider(self, failure: SourceFailed, road: Road, *, progress: bool) -> None:
        """What to do about a failure: the same again, later, or from somebody else."""
        name = road.source.name
        self._idle = 0 if progress else self._idle + 1
        if isinstance(failure, TooSlow):
            self._route.slow(name)
            self._tell(road, "source_slow")
        elif isinstance(failure, WrongBytes):
            self._part.drop()
            self._meter.set(self._part.want.path, 0)
            if self._doubted:
                self._give_up(road)
            self._doubted = True
        elif isinstance(failure, AskedTooOften):
            self._wait(failure, road)
        elif self._may_mend(failure) and self._idle < self._patience.tries:
            self._halt.sleep(self._patience.backoff_s * 2 ** max(0, self._idle - 1))
        else:
            self._give_up(road)

    @staticmethod
    def _may_mend(failure: SourceFailed) -> bool:
        return isinstance(failure, AGAIN) or str(failure.facts.get("answer", "")).startswith("HTTP 5")

    def _wait(self, failure: AskedTooOften, road: Road) -> None:
        """Another source at once, or this one when it says so."""
        seconds = float(str(failure.facts["seconds"]))
        self._waits += 1
        if self._route.has_better(road.source.name, self._failed):
            self._give_up(road)
        elif seconds > self._patience.longest_wait_s or self._waits > self._patience.waits:
            raise failure
        else:
            self._meter.say(note("source_waits", host=road.source.host, seconds=f"{seconds:g}"))
            self._halt.sleep(seconds)

    def _give_up(self, road: Road) -> None:
        self._failed.add(road.source.name)
        self._idle = 0
        self._tell(road, "source_failed_over")

    def _tell(self, road: Road, code: str) -> None:
        other = self._route.pick(self._failed)
        if other is not None and other.source.name != road.source.name:
            self._meter.say(note(code, host=road.source.host, other=other.source.host))


def _wrong(about: About, reason: str, reason_zh: str) -> WrongBytes:
    return WrongBytes(host=about.host, file=about.file, reason=reason, reason_zh=reason_zh)
