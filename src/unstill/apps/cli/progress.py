"""Progress on a terminal: one bar with the stage in words and the time left; plain lines on a dumb one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from unstill.apps.cli import words
from unstill.apps.cli.printable import printable
from unstill.apps.cli.screen import Screen

Show = Callable[[str, int, int], None]
"""stage, done, total"""


@contextlib.contextmanager
def shown(screen: Screen, title: str) -> Iterator[Show]:
    """A function that shows progress as long as the block runs. rich is read only where it draws."""
    if screen.lively:
        with _bar(screen, title) as show:
            yield show
    elif screen.on_terminal:
        yield _lines(screen, title)
    else:
        yield lambda *_: None


@contextlib.contextmanager
def _bar(screen: Screen, title: str) -> Iterator[Show]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    current = ""
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(printable(title)), total=None)

        def show(stage: str, done: int, total: int) -> None:
            nonlocal current
            if stage != current:
                current = stage
                text = escape(printable(f"{title}  {words.stage(stage, screen.language)}"))
                progress.reset(task, description=text)
            # A stage of one step has no middle: its bar pulses, so that it does not look stuck at 0 %.
            progress.tasks[0].total = total if total > 1 else None
            progress.update(task, completed=done)

        yield show


def _lines(screen: Screen, title: str) -> Show:
    said: set[str] = set()

    def show(stage: str, done: int, total: int) -> None:  # noqa: ARG001 a plain line knows no bar
        if stage not in said:  # two stages may take turns, frame by frame
            said.add(stage)
            screen.talk(f"{title}  {words.stage(stage, screen.language)}")

    return show
