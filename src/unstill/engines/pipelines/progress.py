"""A pipeline's progress bar as our tick: progress out, cancellation in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from unstill.core.ports import Tick

if TYPE_CHECKING:
    from unstill.core.ports import Frame

TOTAL_UNKNOWN = 1


class Steps:
    """Counts the denoising steps of one clip over all of a pipeline's progress bars."""

    def __init__(self, tick: Tick, rounds: int, after: Callable[[int], Frame | None]) -> None:
        """``rounds``: how many bars there will be, for a clip that is made in pieces. ``after`` is told of
        every step that is done, and gives a preview or None."""
        self._tick, self._rounds, self._after = tick, max(1, rounds), after
        self._done = self._total = 0

    def bar(self, iterable: object = None, total: int | None = None) -> Bar:
        """What a pipeline is given for its own bar."""
        items = list(iterable) if iterable is not None else None  # type: ignore[call-overload]
        length = len(items) if items is not None else total or TOTAL_UNKNOWN
        self._total = max(self._total, length * self._rounds, self._done + length)
        self._tick("step", self._done, self._total)
        return Bar(self, items)

    def update(self, count: int = 1) -> None:
        self._done = min(self._done + count, self._total)
        self._tick("step", self._done, self._total, self._after(self._done))


class Bar:
    """What of tqdm's bar pipelines use."""

    def __init__(self, steps: Steps, items: list[object] | None) -> None:
        self._steps, self._items = steps, items

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        return None

    def __iter__(self) -> Iterator[object]:
        for item in self._items or ():
            yield item
            self._steps.update()

    def update(self, count: int = 1) -> None:
        self._steps.update(count)

    def set_postfix(self, *_: object, **__: object) -> None:
        """Nothing is shown of it."""
