"""A process dies at each step that the disk remembers, in turn: every rename, link, removal, fsync, opening
for writing, commit, checkpoint and copy, just before it and just after it.

The steps are found by watching a life without faults; see `injected/points.py`. The test run takes some by
the dice, so that every kind and every file is among them.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

import figures
from live import PATIENCE_S, Live, names
from lives import STRAY, Life
from orders import Orders, import_path

Make = Callable[..., Live]
TIMES = 3
"""How often each point is died at in the long form."""
TRIES = 4
"""Times that a part of life is gone through for a point: a checkpoint comes with every sixteenth commit."""
SEED = 7
FORGETFUL = {"UNSTILL_KEEP_DELETED_HOURS": "0"}
TOLD = "server: replace .server.TOKEN.part.json to server.json@after"
"""The last step of a start."""


@pytest.fixture
def make(live: Make, engines: str) -> Make:
    """Servers whose processes take orders."""

    def made(name: str = "data", **environ: str) -> Live:
        return live(name, PYTHONPATH=import_path(engines), **environ)

    return made


def chosen(points: Sequence[str], seed: int) -> list[str]:
    """Enough of them that every kind of step, every file and both sides come up, in the order given."""
    shuffled, covered, kept = list(points), set[str](), set[str]()
    random.Random(seed).shuffle(shuffled)
    for point in shuffled:
        role, _, step = point.partition(": ")
        step, _, side = step.partition("@")
        verb, _, files = step.partition(" ")
        kind = step if verb == "commit" else f"{verb} {side}" if verb == "replace" else verb
        alike = re.sub(r"\.(sheet|last)|\.TOKEN\.part", "", files).replace(".png", ".jpg")
        told = {f"{role} {fact}" for fact in (kind, *alike.split(" to "))}
        if told - covered:
            covered |= told
            kept.add(point)
    return [point for point in points if point in kept]


def noted(orders: Orders, since: int = 0) -> list[str]:
    """The points that were come to, each once, in order; without steps that did nothing, such as making a
    folder that is there."""
    steps = orders.steps()[since:]
    done = {(step.role, step.step) for step in steps if step.side == "after"}
    return list(dict.fromkeys(step.point for step in steps if (step.role, step.step) in done))


# --- starts: one folder goes through all of them, since what comes after a death is still to be done


def start_points(make: Make, *, anew: bool) -> list[str]:
    """What a start does in an empty folder, or in one that a killed server left."""
    life = Life(make("watched"))
    orders = Orders(life.server, "points", note=not anew)
    if anew:
        life.server.start()
        life.die_at_work()
        life.litter()
        orders.note()
    life.server.start().kill()
    found = [point for point in noted(orders) if point.startswith("server")]
    last = found.index(TOLD)  # what follows, clients bring about
    assert last > 20
    return found[: last + 1]


def dies(life: Life) -> bool:
    """Whether a start is killed as ordered; it comes through where it does not come to the point."""
    server = life.server.start(wait=False)
    end = time.monotonic() + PATIENCE_S
    while not server.has_ended:
        if server.is_ready():
            server.kill()
            return False
        assert time.monotonic() < end, server.said()[-2000:]
        time.sleep(0.02)
    assert server.process is not None
    return server.process.returncode == -signal.SIGKILL


def die_in_starts(make: Make, points: Sequence[str], name: str, *, anew: bool) -> None:
    """At each point in turn; then a start comes through, and all is well. What only the very first start does
    is come to in an empty folder again."""
    life = Life(make(name))
    orders = Orders(life.server, "points")
    if anew:
        life.server.start()
        life.die_at_work()
    for point in points:
        if anew:
            life.litter()
        orders.die_at(point)
        died = dies(life)
        if not died:  # it was done before the last death: threads do not always go in the same order
            shutil.rmtree(life.server.data / "unclaimed" if anew else life.server.data, ignore_errors=True)
            if anew:
                life.litter()
            died = dies(life)
        assert died, (point, life.server.said()[-2000:])
    orders.live_on()
    life.make()
    if anew:  # a video that no row knows is kept for whoever knows it
        assert names(life.server.data / "unclaimed") == {f"{STRAY}.1.mp4"}
        shutil.rmtree(life.server.data / "unclaimed")
    life.is_well()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("anew", [False, True], ids=["first", "after a kill"])
def test_a_start_that_dies_anywhere_can_be_made_again(make: Make, anew: bool) -> None:
    """The first one in a folder, and one that has things to put away."""
    points = chosen(start_points(make, anew=anew), SEED)
    die_in_starts(make, points, "data", anew=anew)
    figures.note("points of starts", anew=anew, points=len(points))


# --- work


def work_points(make: Make) -> dict[str, str]:
    """Every point of server, worker and decoding child, and the part of life in which it is come to."""
    life = Life(make("watched", **FORGETFUL).start())
    life.make()  # what only a first video does is another test's
    orders = Orders(life.server, "points", "hurried", note=True)
    life.server.kill()
    life.server.start()
    found: dict[str, str] = {}
    since = len(orders.steps())
    for part in ("make", "cancel", "forget", "back_up", "make", "make"):
        getattr(life, part)()
        found = {**dict.fromkeys(noted(orders, since), part), **found}
        since = len(orders.steps())
    assert {point.partition(":")[0] for point in found} == {"server", "worker", "decode"}
    return found


def die_at_work(life: Life, orders: Orders, part: str, point: str) -> None:
    orders.die_at(point)
    for _ in range(TRIES):
        getattr(life, part)()
        if orders.died:
            orders.live_on()
            return
    raise AssertionError(f"{point} was not come to: {life.server.said()[-2000:]}")


def die_in_work(make: Make, points: Mapping[str, str], name: str) -> None:
    """At each point in turn; each time what was asked for is done in the end, and then all is well."""
    life = Life(make(name, **FORGETFUL).start())
    orders = Orders(life.server, "points", "hurried")
    life.server.kill()
    for point, part in points.items():
        die_at_work(life, orders, part, point)
    life.is_well()


@pytest.mark.timeout(900)
def test_a_process_that_dies_anywhere_at_work_harms_nothing(make: Make) -> None:
    """The server, a worker, the child that looks at pictures."""
    found = work_points(make)
    points = {point: found[point] for point in chosen(list(found), SEED)}
    die_in_work(make, points, "data")
    figures.note("points of work", points=len(points), of=len(found))


# --- the long form


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(TIMES))
def test_every_point_on_both_sides(make: Make, part: int) -> None:
    """Of starts and of work; a time that is done is not done again."""
    if figures.is_done("every point", part):
        pytest.skip("this part is done")
    count = 0
    for anew in (False, True):
        points = start_points(lambda name, anew=anew: make(f"{name}-{anew}"), anew=anew)  # type: ignore[misc]
        die_in_starts(make, points, f"starts-{anew}", anew=anew)
        count += len(points)
    found = work_points(make)
    die_in_work(make, found, "data")
    figures.record("every point", part=part, points=count + len(found))
