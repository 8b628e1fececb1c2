"""The simulation of docs/scaling.md against closed forms of queueing theory."""

from __future__ import annotations

import math
import statistics

import pytest

from bench.scaling import theory
from bench.scaling.demand import DAY_PROFILE, DAY_S, Bursts, Demand, Job, Kind, jobs
from bench.scaling.line import Line
from bench.scaling.room import Outcome, Pool, Room, quantile

MEAN_S = 10.0
STEADY = (Kind("m", MEAN_S, 0.0),)
FLAT = 24 / sum(DAY_PROFILE) * DAY_PROFILE[0]
"""Of the mean, the rate of hour 0."""


def steady(rate: float, *, exponential: bool = True, seconds: float = MEAN_S) -> Demand:
    """Poisson arrivals of ``rate`` a second, without bursts, by one model."""
    lengths = ((1.0, 1.0),) if not exponential else ((0.5, 0.25), (1.0, 0.5), (1.5, 0.25))
    return Demand((Kind("m", seconds, 0.0),), rate / FLAT * DAY_S, hour=0, bursts=None, lengths=lengths,
                  exponential=exponential)  # fmt: skip


def runs(demand: Demand, pool: Pool, count: int, seeds: int = 2) -> list[Outcome]:
    return [Room(pool, jobs(demand, seed, most=count), seed).run() for seed in range(seeds)]


def mean_wait(outcomes: list[Outcome]) -> float:
    return statistics.mean(statistics.mean(one.waits()) for one in outcomes)


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.5), (1, 0.8), (5, 0.8), (20, 0.85)])
def test_exponential_times_wait_as_erlang_says(servers: int, busy: float) -> None:
    """M/M/c: the mean within 10 %, and the wait that 95 % do not exceed, first come, first served."""
    rate = servers * busy / MEAN_S
    found = runs(steady(rate), Pool(servers, fair=False), 20_000)
    assert mean_wait(found) == pytest.approx(theory.mmc_wait(servers, rate, MEAN_S), rel=0.1)
    p95 = statistics.mean(quantile(one.waits(), 0.95) for one in found)
    assert p95 == pytest.approx(theory.mmc_wait_quantile(servers, rate, MEAN_S, 0.95), rel=0.1)


def test_turns_between_keys_leave_the_mean_as_it_is() -> None:
    """Whose turn it is does not depend on how long the work takes: a law of conservation."""
    rate = 4 * 0.8 / MEAN_S
    by_order, by_turns = (mean_wait(runs(steady(rate), Pool(4, fair=fair), 10_000)) for fair in (False, True))
    assert by_turns == pytest.approx(by_order, rel=0.05)


def test_constant_times_wait_as_pollaczek_and_khinchine_say() -> None:
    """M/D/1, half of what M/M/1 waits."""
    rate = 0.7 / MEAN_S
    found = mean_wait(runs(steady(rate, exponential=False), Pool(1), 20_000))
    assert found == pytest.approx(theory.md1_wait(rate, MEAN_S), rel=0.06)
    assert theory.md1_wait(rate, MEAN_S) == pytest.approx(theory.mmc_wait(1, rate, MEAN_S) / 2)


def test_clips_of_three_lengths_wait_as_their_second_moment_says() -> None:
    """M/G/1 with lengths of a half, one and one and a half."""
    rate, second = 0.7 / MEAN_S, MEAN_S**2 * (0.25 * 0.25 + 0.5 + 0.25 * 2.25)
    demand = Demand((Kind("m", MEAN_S, 0.0),), rate / FLAT * DAY_S, hour=0, bursts=None)
    assert mean_wait(runs(demand, Pool(1), 20_000)) == pytest.approx(
        theory.mg1_wait(rate, MEAN_S, second), rel=0.08
    )


def test_a_store_delays_as_a_line_of_constant_times() -> None:
    """Poisson passers, 70 % full: M/D/1's wait and its own time."""
    line, rate = Line(rate=10.0), 7.0
    demand = jobs(steady(rate), 0, most=20_000)
    found = statistics.mean(line.take(job.arrived) for job in demand)
    assert found == pytest.approx(theory.md1_wait(rate, 0.1) + 0.1, rel=0.05)


def test_upkeep_takes_its_part_of_the_store() -> None:
    """Of 10 a second 4 are for leases: 0.3 a second more than fits piles up, and goes when the leases do."""
    line = Line(rate=10.0)
    line.weigh(0.0, 4.0)
    for second in range(1, 101):
        line.take(float(second), 7)
    assert line.take(100.0, 0) == pytest.approx(100 * 1.1 - 100, abs=0.71)
    line.weigh(100.0, 0.0)
    assert line.take(200.0) == pytest.approx(0.1)
    assert line.passed == pytest.approx(100 * 4 + 700 + 1)


def test_what_is_inside_is_what_comes_times_how_long_it_stays() -> None:
    """Little's law, exactly, on any run: here with loads, lost machines and autoscaling."""
    kinds = (Kind("a", 20.0, 30.0, 0.6), Kind("b", 60.0, 10.0, 0.4))
    demand = Demand(kinds, 5_000, bursts=Bursts())
    pool = Pool(8, least=0, start_s=60.0, idle_s=120.0, life_s=3600.0, store_per_s=20.0, upkeep_per_s=1.0)
    made = Room(pool, jobs(demand, 3, until_s=DAY_S / 2), 3).run()
    stays = [job.done - job.arrived for job in made.jobs]
    assert made.lost > 0
    assert made.in_system * made.span_s == pytest.approx(sum(stays))


def test_lost_machines_cost_what_restarts_cost() -> None:
    """A job of 600 s on machines of an hour: life (exp(s / life) - 1) of machine time."""
    life_s, work_s, count = 3600.0, 600.0, 4000
    kind = Kind("m", work_s, 0.0)
    spread = [Job(n, 0, kind, work_s, n * 20.0) for n in range(count)]
    made = Room(Pool(200, life_s=life_s, lease_s=0.0), spread, 0).run()
    assert made.lost / count == pytest.approx(theory.losses(work_s, life_s), rel=0.1)
    spent = (made.worked_s + made.wasted_s) / count
    assert spent == pytest.approx(theory.restarted_s(work_s, life_s), rel=0.02)
    assert theory.restarted_s(work_s, math.inf) == work_s


def test_arrivals_are_as_many_as_asked_for() -> None:
    """Over a day with its hours and bursts; the busiest hour has its share."""
    day = list(jobs(Demand(STEADY, 50_000), 0, until_s=DAY_S))
    assert len(day) == pytest.approx(50_000, rel=0.02)
    evening = [job for job in day if 20 * 3600 <= job.arrived < 21 * 3600]
    assert len(evening) / len(day) == pytest.approx(max(DAY_PROFILE) / sum(DAY_PROFILE), rel=0.06)


def test_formulas_say_what_textbooks_say() -> None:
    """Erlang's C for 10 trunks and 8 erlangs is 0.4092 (tables); M/M/1 waits rho / (1 - rho) times its
    work."""
    assert theory.erlang_c(10, 8.0) == pytest.approx(0.4092, abs=5e-5)
    assert theory.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert theory.erlang_c(3, 3.0) == 1.0
    assert theory.mmc_wait(1, 0.5, 1.0) == pytest.approx(1.0)
    assert theory.mmc_wait(1, 1.5, 1.0) == theory.md1_wait(1.5, 1.0) == math.inf
    few = theory.mmc_servers(1.0, 8.0, 0.95, 10.0)
    assert theory.mmc_wait_quantile(few, 1.0, 8.0, 0.95) <= 10.0
    assert theory.mmc_wait_quantile(few - 1, 1.0, 8.0, 0.95) > 10.0
