"""Where the store, the front and the storage end: arithmetic on the peak, the store's wait by M/D/1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.scaling import theory
from bench.scaling.demand import DAY_S, Demand
from bench.scaling.facts import Facts
from bench.scaling.mixes import MIXES, PER_DAY, kinds, upkeep_per_s
from bench.scaling.sizing import Slice
from bench.scaling.tables import count, percent, table

PER_JOB = 3
"""Transactions: added, claimed, settled."""
FULL = 0.7
"""Of a limit: beyond, waits grow quickly (at 0.7 an M/D/1 queue waits 1.2 of its times on average)."""
SHOWN = ("motion", "mixed")


def transactions_per_s(mix: str, daily: float, known: Facts) -> tuple[float, float, float]:
    """At the peak: of jobs, of leases, of progress."""
    part = Slice.peak(Demand(kinds(mix, known), daily))
    renewals = known["renewals_per_s"]
    return (
        PER_JOB * part.demand.rate(0),
        part.load * renewals,
        part.load * (upkeep_per_s(mix, known) - renewals),
    )


def store(known: Facts, seed: int) -> list[str]:
    """Transactions a second at the peak, and how full that makes each store."""
    del seed
    heads = [
        "videos a day",
        "mix",
        "running",
        "jobs, a second",
        "leases",
        "progress",
        "SQLite full",
        "PostgreSQL full",
        "wait for PostgreSQL, ms",
    ]

    def rows() -> Iterator[Sequence[object]]:
        for daily in PER_DAY:
            for mix in SHOWN:
                parts = transactions_per_s(mix, daily, known)
                fulls = [sum(parts) / known[name] for name in ("sqlite_per_s", "postgresql_per_s")]
                wait = 1000 * theory.md1_wait(sum(parts), 1 / known["postgresql_per_s"])
                running = Slice.peak(Demand(kinds(mix, known), daily)).load
                shown = f"{wait:.2f}" if math.isfinite(wait) else "grows"
                yield (
                    count(daily),
                    mix,
                    count(running),
                    *(f"{part:,.1f}" for part in parts),
                    *map(percent, fulls),
                    shown,
                )

    return table(heads, rows())


def ends(known: Facts, seed: int) -> list[str]:
    """Videos a day at which the peak fills a store to `FULL`. Everything in it is in proportion to the
    demand."""
    del seed

    def rows() -> Iterator[Sequence[object]]:
        for mix in MIXES:
            parts = transactions_per_s(mix, DAY_S, known)
            few = sum(parts[:2])
            cells = [
                count(_rounded(FULL * known[name] / each * DAY_S))
                for name in ("sqlite_per_s", "postgresql_per_s") for each in (sum(parts), few)
            ]  # fmt: skip
            yield mix, *cells

    heads = ["mix", "SQLite", "without progress", "PostgreSQL", "without progress"]
    return table(heads, rows())


def _rounded(value: float) -> float:
    """To two figures, downwards."""
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(math.floor(value / scale) * scale)


def front(known: Facts, seed: int) -> list[str]:
    """Uploads and looks a second at the peak, API servers for them, and bytes."""
    del seed
    heads = [
        "videos a day",
        "uploads a second",
        "looks a second",
        "API servers",
        "GB in a day",
        "TB in 30 days",
        "MB/s at the peak, in and out",
    ]

    def rows() -> Iterator[Sequence[object]]:
        for daily in PER_DAY:
            part = Slice.peak(Demand(kinds("mixed", known), daily))
            rate = part.demand.rate(0)
            looks = rate * (part.demand.mean_s + 60) / known["poll_s"]
            busy = rate * known["upload_s"] + looks * known["status_s"]
            servers = max(2, math.ceil(busy / FULL))
            each = stored_bytes(known)
            through = rate * (known["picture_bytes"] + 2 * known["generated_video_bytes"]) / 1e6
            yield (
                count(daily), f"{rate:.2f}", f"{looks:.1f}", servers, f"{daily * each / 1e9:,.1f}",
                f"{daily * each * 30 / 1e12:,.2f}", f"{through:.2f}",
            )  # fmt: skip

    return table(heads, rows())


def stored_bytes(known: Facts) -> float:
    """Of one generated video: its picture, itself, its small pictures."""
    return known["picture_bytes"] + known["generated_video_bytes"] + known["small_pictures_bytes"]


def inputs(known: Facts, seed: int) -> list[str]:
    """Each number, and how far it can be trusted."""
    del seed
    numbers = [
        (f"`{name}`", f"{fact.value:g}", fact.unit, fact.kind, fact.date, fact.source.replace("|", "/"))
        for name, fact in known.numbers.items()
    ]
    return table(["number", "value", "unit", "kind", "date", "source"], iter(numbers))


def models(known: Facts, seed: int) -> list[str]:
    """What a slot needs for a clip in the model's own settings, and for its weights."""
    del seed

    def rows() -> Iterator[Sequence[object]]:
        for mix, shares in MIXES.items():
            for model, share in shares.items():
                kind = known.kind(model)
                how = "measured" if model == "motion" else "planned"
                yield mix, f"`{model}`", percent(share), f"{kind.seconds:.1f}", f"{kind.load_s:.1f}", how

    return table(["mix", "model", "share", "seconds warm", "seconds to load", "kind"], rows())
