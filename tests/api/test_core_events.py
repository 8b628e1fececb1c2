"""News reach watchers in order; slow ones lose old progress and never the end."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from unstill.core.events import BACKLOG, Event, Events
from unstill.domain.job import Input, Job, Progress, State


def job(state: State, name: str = "video_a") -> Job:
    picture = Input("inputs/a.png", "a.png", "0" * 64, 64, 48)
    return Job(name, 1, "", state, 0, "generate", {"model": "m"}, {}, picture, None, 1.0)


def progress(done: int) -> Progress:
    return Progress("frame", done, 1000, 1)


async def all_of(events: Events, name: str = "video_a", after: int | None = None) -> list[Event]:
    with events.watch(name, after) as watch:
        events.close()
        found = []
        while (event := await watch.next(1)) is not None:
            found.append(event)
    return found


def test_threads_reach_the_loop_in_order() -> None:
    """What threads publish arrives once and in the order of its ids."""

    async def watched() -> list[Event]:
        events = Events()
        with events.watch("video_a") as watch:
            thread = threading.Thread(
                target=lambda: [events.progressed("video_a", progress(n)) for n in range(30)]
            )
            thread.start()
            found = [await watch.next(5) for _ in range(30)]
            thread.join()
            return [event for event in found if event]

    found = asyncio.run(watched())
    assert [e.body.done for e in found if isinstance(e.body, Progress)] == list(range(30))
    assert [e.id for e in found] == sorted(e.id for e in found)


def test_a_slow_watcher_keeps_states_and_the_newest_progress() -> None:
    """Old progress goes first; every state is still there, and only the last preview."""

    async def watched() -> list[Event]:
        events = Events()
        with events.watch("video_a") as watch:
            events.changed(job(State.QUEUED))
            events.changed(job(State.IN_PROGRESS))
            for n in range(1000):
                events.progressed("video_a", progress(n))
                events.previewed("video_a", bytes([n % 256]))
            events.changed(job(State.COMPLETED))
            events.close()
            found = []
            while (event := await watch.next(1)) is not None:
                found.append(event)
            return found

    found = asyncio.run(watched())
    assert len(found) <= BACKLOG
    states = [e.body.state for e in found if isinstance(e.body, Job)]
    assert states == [State.QUEUED, State.IN_PROGRESS, State.COMPLETED]
    assert sum(e.kind == "preview" for e in found) == 1
    assert [e.body.done for e in found if isinstance(e.body, Progress)][-1] == 999


def test_a_watcher_of_everything_never_loses_an_end() -> None:
    """More ends than the backlog holds: all of them are kept."""

    async def watched() -> int:
        events = Events()
        with events.watch() as watch:
            for n in range(3 * BACKLOG):
                events.changed(job(State.FAILED, f"video_{n}"))
                events.progressed(f"video_{n}", progress(1))
            events.close()
            ends = 0
            while (event := await watch.next(1)) is not None:
                ends += event.is_final
            return ends

    assert asyncio.run(watched()) == 3 * BACKLOG


def test_replay_is_complete_or_not_promised() -> None:
    """Ids in the ring give exactly what came behind them; older or foreign ones do not resume."""

    async def watched() -> None:
        events = Events(keep=4)
        start = events.last_id
        for n in range(3):
            events.progressed("video_a", progress(n))
        events.progressed("video_b", progress(7))
        with events.watch("video_a", start + 1) as watch:
            assert watch.resumed
            assert [e.id for e in (await watch.next(0), await watch.next(0)) if e] == [start + 2, start + 3]
        assert events.watch("video_a", start).resumed
        events.progressed("video_a", progress(4))
        assert not events.watch("video_a", start).resumed
        assert not events.watch("video_a", events.last_id + 1).resumed

    asyncio.run(watched())


def test_ids_grow_across_restarts() -> None:
    """A server that starts later starts above everything said before."""
    first = Events(wall=lambda: 1000.0)
    for n in range(500):
        first.progressed("video_a", progress(n))
    assert Events(wall=lambda: 1000.1).last_id > first.last_id


def test_a_newcomer_gets_the_last_preview_until_the_end() -> None:
    """Previews are not in the ring, but the newest one waits for whoever comes."""
    events = Events()
    events.previewed("video_a", b"1")
    events.previewed("video_a", b"2")
    assert [e.body for e in asyncio.run(all_of(events))] == ["data:image/jpeg;base64,Mg=="]
    events = Events()
    events.previewed("video_a", b"1")
    events.changed(replace(job(State.COMPLETED)))
    assert asyncio.run(all_of(events)) == []


def test_a_listener_that_fails_stops_nobody() -> None:
    """Its mistake is logged; the others hear the news."""
    events, heard = Events(), []

    def broken(event: Event) -> None:
        raise RuntimeError

    events.listen(broken)
    events.listen(heard.append)
    events.changed(job(State.QUEUED))
    assert len(heard) == 1
