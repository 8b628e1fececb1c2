"""Closed forms of queueing theory. Rates in jobs a second, times in seconds.

M/M/c: Poisson arrivals, exponential times, c slots. M/D/1: constant times, one slot.
"""

from __future__ import annotations

import math


def erlang_c(servers: int, load: float) -> float:
    """Probability that a job of an M/M/c queue has to wait; ``load`` is arrival rate times mean time.

    A. K. Erlang (1917); here by Erlang B's recurrence, which does not overflow. 1 where the queue grows
    without end.
    """
    if load >= servers:
        return 1.0
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mmc_wait(servers: int, rate: float, mean_s: float) -> float:
    """Mean wait of an M/M/c queue; infinite where it grows without end."""
    if rate * mean_s >= servers:
        return math.inf
    return erlang_c(servers, rate * mean_s) * mean_s / (servers - rate * mean_s)


def mmc_wait_quantile(servers: int, rate: float, mean_s: float, share: float) -> float:
    """The wait that ``share`` of the jobs of an M/M/c queue do not exceed: P(W > t) = C exp(-(c / s - rate)
    t)."""
    if rate * mean_s >= servers:
        return math.inf
    waits = erlang_c(servers, rate * mean_s)
    return max(0.0, math.log(waits / (1 - share)) / (servers / mean_s - rate))


def mmc_servers(rate: float, mean_s: float, share: float, most_s: float) -> int:
    """The fewest slots of an M/M/c queue at which ``share`` of the jobs wait no longer than ``most_s``."""
    servers = math.floor(rate * mean_s) + 1
    while mmc_wait_quantile(servers, rate, mean_s, share) > most_s:
        servers += 1
    return servers


def md1_wait(rate: float, constant_s: float) -> float:
    """Mean wait of an M/D/1 queue (Pollaczek, Khinchine): rho s / 2 (1 - rho)."""
    busy = rate * constant_s
    return busy * constant_s / (2 * (1 - busy)) if busy < 1 else math.inf


def mg1_wait(rate: float, mean_s: float, second_moment: float) -> float:
    """Mean wait of an M/G/1 queue; ``second_moment`` is the mean of the squared times, in square seconds."""
    return rate * second_moment / (2 * (1 - rate * mean_s)) if rate * mean_s < 1 else math.inf


def restarted_s(work_s: float, life_s: float) -> float:
    """Mean seconds of machines that a job of ``work_s`` takes where they are lost after exponential lives and
    the job begins anew each time: life (exp(work / life) - 1)."""
    return work_s if math.isinf(life_s) else life_s * math.expm1(work_s / life_s)


def losses(work_s: float, life_s: float) -> float:
    """Mean number of machines that such a job loses: exp(work / life) - 1."""
    return 0.0 if math.isinf(life_s) else math.expm1(work_s / life_s)
