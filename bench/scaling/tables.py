"""The tables of docs/scaling.md that are simulated. Each is lines of Markdown; the same seed, the same
lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.scaling import theory
from bench.scaling.demand import DAY_S, Demand, Job, jobs
from bench.scaling.facts import Facts
from bench.scaling.mixes import MIXES, PER_DAY, kinds
from bench.scaling.room import Outcome, Pool, Room, quantile
from bench.scaling.sizing import WARM_UP_S, Slice, slots_for

TARGETS_S = (60, 600)
DAILY, MIX = 10_000, "mixed"
"""Of the tables that look at one demand."""
CROWD = 300
"""Videos that one key asks for at once."""


def line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(heads: Sequence[str], rows: Iterator[Sequence[object]]) -> list[str]:
    return [line(heads), line(["---"] * len(heads)), *map(line, rows)]


def count(value: float) -> str:
    return f"{value:,.0f}"


def slots(value: int | None) -> str:
    return "not met" if value is None else count(value)


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


# --- how many


def gpus(known: Facts, seed: int, per_day: Sequence[int] = PER_DAY) -> list[str]:
    """Slots at the peak for both targets: cores for camera motion, graphics cards for the rest."""
    heads = [
        "videos a day",
        "an hour at the peak",
        "cores, motion",
        *(f"GPUs, {mix}" for mix in MIXES if mix != "motion"),
    ]

    def rows() -> Iterator[Sequence[object]]:
        for daily in per_day:
            parts = [Slice.peak(Demand(kinds(mix, known), daily)) for mix in MIXES]
            cells = [[slots(slots_for(part, most_s, seed)) for most_s in TARGETS_S] for part in parts]
            yield count(daily), count(parts[0].demand.rate(0) * 3600), *(" / ".join(cell) for cell in cells)

    return table(heads, rows())


def one_slice(known: Facts) -> Slice:
    return Slice.peak(Demand(kinds(MIX, known), DAILY))


def cold(known: Facts, seed: int) -> list[str]:
    """What affinity is worth: the quick mix loads longer than it works."""
    heads = [
        "mix",
        "a slot takes",
        "GPUs for 60 s",
        "for 600 s",
        "jobs that load a model, at the first",
        "load, of the paid time",
    ]
    ways: Mapping[str, Pool] = {
        "whoever is next": Pool(0, affinity=False),
        "its warm model first, 60 s of patience": Pool(0, patience_s=60),
        "its warm model first, 300 s of patience": Pool(0),
    }

    def rows() -> Iterator[Sequence[object]]:
        for mix in ("quick", "mixed"):
            part = Slice.peak(Demand(kinds(mix, known), 10 * DAILY))
            for way, pool in ways.items():
                found = [slots_for(part, most_s, seed, pool) for most_s in TARGETS_S]
                made = part.run(replace(pool, slots=found[0] or math.ceil(part.load)), seed)
                work = sum(job.work_s for job in made.jobs)
                yield (
                    mix,
                    way,
                    *map(slots, found),
                    percent(made.cold_share(WARM_UP_S)),
                    percent((made.worked_s - work) / made.paid_s),
                )

    return table(heads, rows())


# --- over a day


def autoscale(known: Facts, seed: int) -> list[str]:
    """A whole day, from no machine to as many as a peak for 60 s takes."""
    heads = [
        "videos a day",
        "machines",
        "start, s",
        "idle, s",
        "GPU hours a day",
        "of always on",
        "p50 wait, s",
        "p95 wait, s",
        "loads",
    ]

    def rows() -> Iterator[Sequence[object]]:
        for daily in (100, 1_000, 10_000):
            demand = Demand(kinds(MIX, known), daily)
            most = slots_for(Slice.peak(demand), TARGETS_S[0], seed) or math.ceil(Slice.peak(demand).load)
            pools = [Pool(most)]
            pools += [
                Pool(most, least=0, start_s=start, idle_s=idle)
                for start, idle in ((60, 300), (180, 300), (180, 1200), (600, 1200))
            ]
            for pool in pools:
                made = Room(pool, jobs(demand, seed, until_s=DAY_S), seed).run()
                hours, always = made.paid_s / 3600, most * made.span_s / 3600
                shown = (
                    ("0 to " + count(most), f"{pool.start_s:g}", f"{pool.idle_s:g}")
                    if pool.floor < most
                    else (count(most), "", "")
                )
                yield (
                    count(daily),
                    *shown,
                    f"{hours:.1f}",
                    percent(hours / always),
                    *_waits(made.waits()),
                    percent(made.cold_share()),
                )

    return table(heads, rows())


def _waits(waits: list[float]) -> tuple[str, str]:
    return f"{quantile(waits, 0.5):.0f}", f"{quantile(waits, 0.95):.0f}"


def spot(known: Facts, seed: int) -> list[str]:
    """Machines that are taken away: what is made twice, and what it adds to the wait."""
    heads = [
        "mix",
        "mean life of a machine",
        "GPUs for 60 s",
        "attempts lost, of jobs",
        "by the formula",
        "GPU time lost",
        "p95 wait, s, with as many GPUs as if none were lost",
    ]
    lives = {"for ever": math.inf, "24 h": 86_400.0, "6 h": 21_600.0, "1 h": 3_600.0}

    def rows() -> Iterator[Sequence[object]]:
        for mix in ("mixed", "rich"):
            part = Slice.peak(Demand(kinds(mix, known), DAILY))
            safe = slots_for(part, TARGETS_S[0], seed) or math.ceil(part.load)
            for name, life_s in lives.items():
                pool = Pool(safe, life_s=life_s, start_s=180.0)
                found, made = slots_for(part, TARGETS_S[0], seed, pool), part.run(pool, seed)
                yield (
                    mix, name, slots(found), percent(made.lost / len(made.jobs)),
                    percent(_expected(made.jobs, life_s)),
                    percent(made.wasted_s / made.paid_s), f"{quantile(made.waits(WARM_UP_S), 0.95):.0f}",
                )  # fmt: skip

    return table(heads, rows())


def _expected(made: Sequence[Job], life_s: float) -> float:
    """Losses a job by the closed form, loading left out."""
    return sum(theory.losses(job.work_s, life_s) for job in made) / len(made)


# --- between keys


def fair(known: Facts, seed: int) -> list[str]:
    """One key asks for hundreds of videos at once, others for one now and then."""
    heads = ["order", "p50 wait of the others, s", "p95", "p95 of the crowd"]

    def rows() -> Iterator[Sequence[object]]:
        ways = (
            ("first come, first served", Pool(6, fair=False)),
            ("keys take turns, 300 s of patience", Pool(6)),
            ("keys take turns, 60 s of patience", Pool(6, patience_s=60.0)),
        )
        for name, pool in ways:
            made = crowded(known, seed, pool)
            others = sorted(job.wait_s for job in made.jobs if job.owner != CROWDER)
            crowd = sorted(job.wait_s for job in made.jobs if job.owner == CROWDER)
            yield name, *_waits(others), f"{quantile(crowd, 0.95):.0f}"

    return table(heads, rows())


CROWDER = -1


def crowded(known: Facts, seed: int, pool: Pool) -> Outcome:
    """1,000 videos a day for two hours; after half an hour a key brings `CROWD` at once."""
    demand = Slice.peak(Demand(kinds(MIX, known), 1_000)).demand
    usual = list(jobs(demand, seed, until_s=7200.0))
    kind = known.kind("wan2.2-ti2v-5b")
    crowd = [Job(len(usual) + n, CROWDER, kind, kind.seconds, 1800.0) for n in range(CROWD)]
    everybody = sorted([*usual, *crowd], key=lambda job: (job.arrived, job.number))
    return Room(pool, everybody, seed).run()
