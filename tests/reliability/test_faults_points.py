"""A process dies at each step that the disk remembers, in turn: every rename, link, removal, fsync, opening for
writing, commit, checkpoint and copy, just before it and just after it.

The steps are found by watching a life without faults; see `injected/points.py`. The test run takes one side of
each, by the dice.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
from collections.abc import Callable, Sequence

import pytest

import figures
from live import PATIENCE_S, Live
from lives import Life
from orders import Orders, import_path

Make = Callable[..., Live]
TIMES = 3
"""How often each point is died at in the long form."""
TRIES = 4
"""Times that a part of life is gone through for a point: a checkpoint comes with every sixteenth commit."""
SEED = 7
TOLD = "server: replace .server.TOKEN.part.json to server.json@after"
"""The last step of a start."""


@pytest.fixture
def make(live: Make, engines: str) -> Make:
    """Servers whose processes take orders."""

    def made(name: str = "data", **environ: str) -> Live:
        return live(name, PYTHONPATH=import_path(engines), **environ)

    return made


def chosen(points: Sequence[str], seed: int) -> list[str]:
    """One side of each step."""
    dice, both = random.Random(seed), dict[str, list[str]]()
    for point in points:
        both.setdefault(point.partition("@")[0], []).append(point)
    return [dice.choice(sides) for sides in both.values()]


def noted(orders: Orders, role: str, since: int = 0) -> list[str]:
    """The points of one kind of process that were come to, each once, in order."""
    return list(dict.fromkeys(step.point for step in orders.steps()[since:] if step.role == role))


# --- starts: one folder goes through all of them, since what comes after a death is still to be done


def start_points(make: Make, *, anew: bool) -> list[str]:
    """What a start does in an empty folder, or in one that a killed server left."""
    life = Life(make("watched"))
    orders = Orders(life.server, "points", note=not anew)
    if anew:
        life.server.start()
        life.leave_things()
        orders.note()
    life.server.start().kill()
    found = noted(orders, "server")
    last = found.index(TOLD)  # what follows, clients bring about
    assert last > 20
    return found[: last + 1]


def ended(process: subprocess.Popen[bytes]) -> int | None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(PATIENCE_S)
    return None


def die_in_starts(make: Make, points: Sequence[str], name: str, *, anew: bool) -> None:
    """At each point in turn; then a start comes through, and all is well."""
    life = Life(make(name))
    orders = Orders(life.server, "points")
    if anew:
        life.server.start()
        life.leave_things()
    for point in points:
        orders.die_at(point)
        process = life.server.start(wait=False).process
        assert process is not None
        assert ended(process) == -signal.SIGKILL, (point, life.server.said()[-2000:])
    orders.live_on()
    life.make()
    life.is_well()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("anew", [False, True], ids=["first", "after a kill"])
def test_a_start_that_dies_anywhere_can_be_made_again(make: Make, anew: bool) -> None:
    """The first one in a folder, and one that has things to put away."""
    points = chosen(start_points(make, anew=anew), SEED)
    die_in_starts(make, points, "data", anew=anew)
    figures.note("points of starts", anew=anew, points=len(points))


# --- work


def work_points(make: Make, role: str) -> list[tuple[str, str]]:
    """The part of life in which each point is come to, and the point."""
    life = Life(make("watched").start())
    life.make()  # what only a first video does is another test's
    orders = Orders(life.server, "points", note=True)
    life.server.kill()
    life.server.start()
    found: dict[str, str] = {}
    since = len(orders.steps())
    for part in ("make", "cancel", "back_up", "make", "make"):
        getattr(life, part)()
        found = {**dict.fromkeys(noted(orders, role, since), part), **found}
        since = len(orders.steps())
    return [(part, point) for point, part in found.items()]


def die_at_work(life: Life, orders: Orders, part: str, point: str) -> None:
    orders.die_at(point)
    for _ in range(TRIES):
        getattr(life, part)()
        if orders.died:
            orders.live_on()
            return
    raise AssertionError(f"{point} was not come to: {life.server.said()[-2000:]}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["server", "worker", "decode"])
def test_a_process_that_dies_anywhere_at_work_harms_nothing(make: Make, role: str) -> None:
    """The server, a worker, the child that looks at pictures."""
    found = work_points(make, role)
    assert len(found) > 6
    parts = {point: part for part, point in found}
    life = Life(make().start())
    orders = Orders(life.server, "points")
    life.server.kill()
    points = chosen(list(parts), SEED)
    for point in points:
        die_at_work(life, orders, parts[point], point)
    life.is_well()
    figures.note("points at work", role=role, points=len(points))


# --- the long form


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("time", range(TIMES))
def test_every_point_on_both_sides(make: Make, time: int) -> None:
    """Starts and work, all three kinds of processes; a time that is done is not done again."""
    if figures.is_done("every point", time):
        pytest.skip("this part is done")
    count = 0
    for anew in (False, True):
        points = start_points(lambda name, anew=anew: make(f"{name}-{anew}"), anew=anew)  # type: ignore[misc]
        die_in_starts(make, points, f"starts-{anew}", anew=anew)
        count += len(points)
    for role in ("server", "worker", "decode"):
        found = work_points(lambda name, role=role: make(f"{name}-{role}"), role)  # type: ignore[misc]
        life = Life(make(role).start())
        orders = Orders(life.server, "points")
        life.server.kill()
        for part, point in found:
            die_at_work(life, orders, part, point)
        life.is_well()
        count += len(found)
    figures.record("every point", part=time, points=count)
