"""Which worker of a crew takes what: warm before cold, no place too many, nobody left waiting for long."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from unstill.core.placing import DEFER_S, IN_A_ROW, Place, Placing
from unstill.core.queue import Reach

GIB = 2**30


class Waiting:
    """What waits: the part of a job store that is asked here."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, int]] = []

    def waiting(self, models: Collection[str], reach: Reach) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for model, needs in self.jobs:
            if model in models and (reach.memory_bytes is None or needs <= reach.memory_bytes):
                counts[model] = counts.get(model, 0) + 1
        return counts


class Crew:
    """Workers by name, of so many GiB; ``up`` are those that have a place."""

    def __init__(self, models: str = "ab", **gib: int | None) -> None:
        self.store, self.now, self.up, self.asked = Waiting(), 0.0, set[str](), set[str]()
        self.placing = Placing(self.store, lambda: self.now)  # type: ignore[arg-type]
        self.places: dict[str, Place] = {}
        for name, size in gib.items():
            reach = Reach(None if size is None else size * GIB)
            self.places[name] = self.placing.place(name, list(models), reach, self.ready(name))

    def ready(self, name: str):  # type: ignore[no-untyped-def]
        def ask(demand: bool) -> bool:
            (self.asked.add if demand else self.asked.discard)(name)
            return name in self.up

        return ask

    def look(self) -> dict[str, list[list[str]]]:
        self.now += 1.0
        return {name: [list(part) for part in place.orders(())] for name, place in self.places.items()}

    def wait_for(self, *jobs: tuple[str, int]) -> None:
        self.store.jobs = [(model, gib * GIB) for model, gib in jobs]

    def do(self, name: str, model: str) -> None:
        self.places[name].took(model)
        self.places[name].done(alive=True)


def test_no_more_places_are_asked_for_than_jobs_wait() -> None:
    crew = Crew(x=24, y=24, z=24)
    crew.look()
    assert crew.asked == set()
    crew.wait_for(("a", 4), ("a", 4))
    crew.look()
    crew.look()
    assert crew.asked == {"x", "y"}


def test_a_place_that_is_there_comes_first() -> None:
    crew = Crew(x=24, y=24)
    crew.up = {"y"}
    crew.wait_for(("a", 4))
    crew.look()
    crew.look()
    assert crew.asked == {"y"}


def test_the_smallest_place_that_will_do_is_asked_for() -> None:
    crew = Crew(large=80, small=24)
    crew.wait_for(("a", 16))
    crew.look()
    crew.look()
    assert crew.asked == {"small"}
    crew.wait_for(("a", 40))
    crew.look()
    crew.look()
    assert crew.asked == {"large"}
    crew.wait_for(("a", 40), ("a", 16))
    crew.look()
    crew.look()
    assert crew.asked == {"large", "small"}


def test_a_job_goes_where_its_model_is_warm() -> None:
    crew = Crew(x=24, y=24)
    crew.up = {"x", "y"}
    crew.look()
    crew.do("y", "a")
    crew.wait_for(("a", 4))
    found = crew.look()
    assert found == {"x": [], "y": [["a"]]}


def test_what_nobody_takes_warm_is_taken_cold_after_a_moment() -> None:
    """The idle one that has it may be late: nobody waits for it for long."""
    crew = Crew(x=24, y=24)
    crew.up = {"x", "y"}
    crew.look()
    crew.do("y", "a")
    crew.wait_for(("a", 4))
    assert crew.look()["x"] == []
    crew.now += DEFER_S
    assert crew.look()["x"] == [["a"]]


def test_a_busy_worker_keeps_no_model_to_itself() -> None:
    crew = Crew(x=24, y=24)
    crew.up = {"x", "y"}
    crew.look()
    crew.places["y"].took("a")
    crew.wait_for(("a", 4))
    assert crew.look()["x"] == [["a"]]


def test_the_warm_model_is_preferred_but_not_for_ever() -> None:
    crew = Crew(x=None)
    crew.up = {"x"}
    crew.wait_for(("a", 4), ("b", 4))
    crew.look()
    crew.do("x", "a")
    for _ in range(IN_A_ROW):
        assert crew.look()["x"][0] == ["a"]
        crew.do("x", "a")
    assert sorted(crew.look()["x"][0]) == ["a", "b"], "the others' turn comes"
    crew.do("x", "b")
    assert crew.look()["x"][0] == ["b"]


def test_a_worker_that_died_is_warm_no_more() -> None:
    crew = Crew(x=24, y=24)
    crew.up = {"x", "y"}
    crew.look()
    crew.places["y"].took("a")
    crew.places["y"].done(alive=False)
    crew.wait_for(("a", 4))
    crew.up = {"x"}
    assert crew.look()["x"] == [["a"]]


def test_a_model_that_is_being_fetched_waits() -> None:
    crew = Crew(x=None)
    crew.up = {"x"}
    crew.wait_for(("a", 4), ("b", 4))
    assert crew.places["x"].orders({"a"}) == [["b"]]


def test_a_place_that_was_asked_for_is_coming_until_it_is_there() -> None:
    crew = Crew(x=24)
    crew.wait_for(("a", 4))
    crew.look()
    assert crew.places["x"].coming
    crew.up = {"x"}
    assert crew.look()["x"] == [["a"]]
    assert not crew.places["x"].coming
