"""Weights that come to the device a unit at a time, the next one while this one computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from unstill.engines.placement.berth import stored

if TYPE_CHECKING:
    from torch.nn import Module


class Stream:
    """A gate in front of a part's ``units``; calling it with a unit makes that one ready for work.

    Everything of the part that belongs to no unit is on the device all along. Of the units there are never
    more than three: one that works, one that comes, and one whose last work is not over yet. The part's
    weights must be at home when this is made, and are again after `close`.
    """

    def __init__(
        self,
        part: Module,
        units: Iterable[Module],
        device: torch.device,
        side: torch.cuda.Stream | None = None,
    ) -> None:
        """``side`` is the device's queue for bringing weights; memory is kept for each, so have but one."""
        self._device, self._side = device, side
        self._order = list(units)
        follows = zip(self._order, self._order[1:] + self._order[:1], strict=True)
        self._next = {id(unit): after for unit, after in follows}
        self._homes = {id(unit): [each.data for each in stored(unit)] for unit in self._order}
        belongs = {id(each) for unit in self._order for each in stored(unit)}
        self._rest = [each for each in stored(part) if id(each) not in belongs]
        self._rest_homes = [each.data for each in self._rest]
        self._here: list[Module] = []
        self._arrived: dict[int, torch.cuda.Event] = {}
        self._done: list[torch.cuda.Event] = []

    def open(self) -> None:
        """Bring what has to be there all along."""
        for each in self._rest:
            each.data = each.data.to(self._device)

    def close(self) -> None:
        """Everything goes home, whatever has happened."""
        for unit in list(self._here):
            self._evict(unit)
        for each, home in zip(self._rest, self._rest_homes, strict=True):
            each.data = home

    @property
    def units_here(self) -> list[Module]:
        """The units on the device: the one at work, and the one that was sent for."""
        return list(self._here)

    def __call__(self, unit: Module) -> None:
        """Wait for ``unit``'s weights, let the other units go, and send for the next."""
        if id(unit) not in self._homes or self._here[:1] == [unit]:
            return
        for other in [each for each in self._here if each is not unit]:
            self._evict(other)
        if unit not in self._here:
            self._fetch(unit)
        self._await(unit)
        after = self._next[id(unit)]
        if after is not unit:
            self._fetch(after)

    def _fetch(self, unit: Module) -> None:
        self._here.append(unit)
        with self._beside():
            for each, home in zip(stored(unit), self._homes[id(unit)], strict=True):
                each.data = home.to(self._device, non_blocking=True, copy=True)
            if self._side is not None:
                self._arrived[id(unit)] = self._side.record_event()

    def _await(self, unit: Module) -> None:
        """Let the work on ``unit`` wait for its weights, and this program for the last work but one: so that
        no more than three units hold memory."""
        if self._side is None:
            return
        current = torch.cuda.current_stream(self._device)
        current.wait_event(self._arrived.pop(id(unit)))
        for each in stored(unit):
            each.data.record_stream(current)
        self._done.append(current.record_event())
        if len(self._done) > 1:
            self._done.pop(0).synchronize()

    def _evict(self, unit: Module) -> None:
        self._here.remove(unit)
        self._arrived.pop(id(unit), None)
        for each, home in zip(stored(unit), self._homes[id(unit)], strict=True):
            each.data = home

    @contextmanager
    def _beside(self) -> Iterator[None]:
        """Beside the device's main work, where it can do two things at once."""
        if self._side is None:
            yield
        else:
            with torch.cuda.stream(self._side):
                yield
