"""The simulation of docs/scaling.md: nothing lost, nothing twice, the same numbers for the same seed; and the
page."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from bench.scaling import __main__ as program
from bench.scaling import limits, planned, tables
from bench.scaling.demand import DAY_S, Demand, Job, Kind, jobs
from bench.scaling.facts import FILE, facts
from bench.scaling.mixes import MIXES
from bench.scaling.room import Outcome, Pool, Room
from bench.scaling.sizing import Slice, fewest, slots_for
from bench.scaling.turns import Turns

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
QUICK = ("models", "fair", "store", "ends", "front", "inputs")
"""Tables that take less than two seconds."""
A, B = Kind("a", 20.0, 30.0, 0.6), Kind("b", 60.0, 10.0, 0.4)
ROUGH = Pool(8, least=0, start_s=60.0, idle_s=120.0, life_s=1800.0, store_per_s=20.0, upkeep_per_s=1.0,
             uploads_per_s=5.0)  # fmt: skip


def run(pool: Pool, seed: int, daily: float = 5_000) -> Outcome:
    return Room(pool, jobs(Demand((A, B), daily), seed, until_s=DAY_S / 4), seed).run()


# --- laws


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pool", [Pool(3), ROUGH, replace(ROUGH, affinity=False, fair=False)])
def test_every_job_is_settled_exactly_once(pool: Pool, seed: int) -> None:
    """With machines that come, go and are lost; and none ends before its work can be done."""
    made = run(pool, seed)
    asked = [job.number for job in jobs(Demand((A, B), 5_000), seed, until_s=DAY_S / 4)]
    assert [job.number for job in made.jobs] == asked
    assert {job.settled for job in made.jobs} == {1}
    assert sum(job.attempts - 1 for job in made.jobs) == made.lost
    assert (made.lost > 0) is math.isfinite(pool.life_s)
    assert all(job.done >= job.arrived + job.work_s for job in made.jobs)
    assert made.worked_s + made.wasted_s <= made.paid_s


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = run(ROUGH, 1), run(ROUGH, 1), run(ROUGH, 2)
    assert [astuple(job) for job in first.jobs] == [astuple(job) for job in again.jobs]
    assert astuple(first)[1:] == astuple(again)[1:]
    assert first.span_s != other.span_s


def test_chance_is_that_of_every_computer() -> None:
    """Numbers of a seed, written down: a change of them changes every table of the page."""
    first = [round(job.arrived, 6) for job in jobs(Demand((A, B), 5_000), 1, most=3)]
    assert first == [8.866374, 39.099345, 43.438907]


# --- what a slot takes


def test_keys_take_turns_and_a_lost_job_comes_first() -> None:
    turns = Turns()
    for number, owner in enumerate((1, 1, 1, 2)):
        turns.add(Job(number, owner, A, 1.0, 0.0))
    assert [turns.take(None).number for _ in range(2)] == [0, 3]
    turns.add(Job(9, 3, A, 1.0, 0.0), first=True)
    assert [turns.take(None).number for _ in range(3)] == [9, 1, 2]
    with pytest.raises(IndexError):
        turns.take(None)


def test_a_slot_takes_its_own_model_until_another_has_waited_too_long() -> None:
    def offered(first: float, second: float) -> Turns:
        turns = Turns(patience_s=60.0)
        turns.add(Job(0, 1, A, 1.0, 0.0, queued=first))
        turns.add(Job(1, 1, B, 1.0, 0.0, queued=second))
        return turns

    assert offered(0.0, 50.0).take("b").kind is B
    assert offered(0.0, 70.0).take("b").kind is A
    assert offered(0.0, 50.0).take(None).kind is A
    assert offered(0.0, 50.0).take("c").kind is A


def test_warm_slots_go_first_and_loading_takes_its_time() -> None:
    """Two slots, two models in turn, far apart: each loads once."""
    asked = [Job(n, 0, (A, B)[n % 2], 10.0, n * 1000.0) for n in range(6)]
    made = Room(Pool(2), asked).run()
    assert [job.cold for job in made.jobs] == [True, True, False, False, False, False]
    assert [job.wait_s for job in made.jobs] == pytest.approx([30.0, 10.0, 0, 0, 0, 0])
    cold = Room(Pool(1), [replace(job, attempts=0, settled=0) for job in asked]).run()
    assert cold.cold_share() == 1.0


def test_a_lost_job_waits_for_its_lease_and_a_machine() -> None:
    """Everything over the work itself is the lost part, the lease, and the new machine's start."""
    asked = [Job(0, 0, Kind("m", 30.0, 0.0), 30.0, 0.0)]
    made = Room(Pool(1, life_s=15.0, lease_s=20.0, start_s=5.0), asked, 1).run()
    [job] = made.jobs
    assert made.lost == job.attempts - 1 > 0
    assert job.wait_s >= made.wasted_s + 20.0 * made.lost


def test_machines_come_when_asked_for_and_go_when_idle() -> None:
    """From none: a job waits for a look (5 s) and the start; the machine is paid until the idle time is
    over."""
    asked = [Job(0, 0, A, 100.0, 1.0), Job(1, 0, A, 100.0, 10_000.0)]
    made = Room(Pool(1, least=0, start_s=60.0, idle_s=300.0), asked).run()
    assert [job.wait_s for job in made.jobs] == pytest.approx([4 + 60 + 30, 60 + 30], abs=5.0)
    assert made.paid_s == pytest.approx(60 + 130 + 300 + 60 + 130, abs=10.0)


# --- how many


def test_the_search_finds_the_fewest_or_says_that_none_helps() -> None:
    for least, needed in ((1, 1), (1, 7), (10, 60), (5, 5)):
        assert fewest(lambda n, needed=needed: n >= needed, least) == needed  # type: ignore[misc]
    assert fewest(lambda n: n >= 1000, 990) in range(1000, 1011)
    assert fewest(lambda n: False, 3) is None


def test_fewer_than_the_answer_do_not_do() -> None:
    part = Slice.peak(Demand((A, B), 2_000), counted=1500)
    slots = slots_for(part, 60.0, 1)
    assert slots is not None
    assert slots > part.load
    assert part.wait_s(Pool(slots), 1) <= 60.0 < part.wait_s(Pool(slots - 1), 1)


# --- the page and its numbers


@pytest.mark.parametrize("name", QUICK)
def test_the_page_says_what_the_program_says(name: str) -> None:
    """`make scaling` writes all of it anew."""
    found = re.search(
        re.escape(program.MARK.format(name=name)) + "\n(.*?)\n\n" + program.END, PAGE, re.DOTALL
    )
    assert found, name
    assert found[1].split("\n") == program.TABLES[name](facts(), program.SEED)


def test_one_row_of_the_sizes_is_made_anew() -> None:
    [*_, row] = tables.gpus(facts(), program.SEED, per_day=(1_000,))
    assert row in PAGE.split("\n")


def test_every_table_has_its_place_and_its_command() -> None:
    assert re.findall(r"made by python -m bench\.scaling (\w+)", PAGE) == list(program.TABLES)
    assert re.findall(r"<!-- (\w+): made", PAGE) == list(program.TABLES)
    with pytest.raises(LookupError, match="spot"):
        program.page("# Nothing\n", {"spot": []})
    assert "make scaling" in PAGE
    assert "-m bench.scaling" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_command_prints_a_table_and_refuses_an_unknown_one() -> None:
    command = [sys.executable, "-m", "bench.scaling"]
    done = subprocess.run([*command, "ends"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == limits.ends(facts(), 1)
    refused = subprocess.run([*command, "nothing"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "no such table: nothing" in refused.stderr


def test_planned_seconds_are_the_catalogues() -> None:
    """`python -m bench.scaling planned` writes them anew, then `make scaling` the tables."""
    known, now = facts(), planned.planned()
    assert known.card == planned.CARD.name
    assert set(known.models) == set(now)
    for model, figures in now.items():
        assert known.models[model].seconds == pytest.approx(figures["seconds"], rel=0.05), model
        assert known.models[model].weights_bytes == pytest.approx(figures["weights_bytes"], rel=0.05), model
    assert {model for mix in MIXES.values() for model in mix} <= {*now, "motion"}


def test_a_number_without_a_source_is_refused(tmp_path: Path) -> None:
    said = json.loads(FILE.read_text(encoding="utf-8"))
    for field, value in (("source", ""), ("kind", "guessed")):
        broken = json.loads(json.dumps(said))
        broken["numbers"]["upload_s"][field] = value
        path = tmp_path / f"{field}.json"
        path.write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(ValueError, match="upload_s"):
            facts(path)


def test_turns_between_keys_spare_the_others() -> None:
    """Beside a crowd others wait less than a third as long when keys take turns; the crowd waits longer."""
    by_order, by_turns = (tables.crowded(facts(), 1, Pool(6, fair=fair)) for fair in (False, True))

    def p95(made: Outcome, crowd: bool) -> float:
        waits = sorted(job.wait_s for job in made.jobs if (job.owner == tables.CROWDER) is crowd)
        return tables.quantile(waits, 0.95)

    assert p95(by_turns, False) < p95(by_order, False) / 3
    assert p95(by_turns, True) > p95(by_order, True)
