"""`unstill models pull|verify|remove`, and what the other commands say and do about models' files."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstill.apps.cli import words
from unstill.apps.cli.call import Call
from unstill.apps.cli.printable import printable
from unstill.apps.cli.screen import Screen
from unstill.core.at_hand import fetched_card
from unstill.core.weights import Pulled, PullProgress, Watch, WeightFacts, licence_lines
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import EmptyName
from unstill.domain.sizes import size_text
from unstill.domain.weight_errors import NothingToPull, licence_not_accepted, missing

YES = ("y", "yes", "是", "好", "同意")
TENTH = 10
"""Percent between two lines on a terminal without bars."""


@dataclass(frozen=True)
class Wanted:
    """How files are to be fetched."""

    accept_licence: bool = False
    folder: str | None = None
    update: bool = False


def pull(call: Call, name: str, wanted: Wanted) -> int:
    """`unstill models pull ID`; its exit code. Without consent nobody is asked for anything."""
    card = _card(call, name)
    if card.repo is None:
        raise NothingToPull(param="model", model=card.id)
    if wanted.folder == "":
        raise EmptyName(what="folder", what_zh="文件夹")
    facts = call.services.weights.facts(card)
    there = facts.state == "ready" and not wanted.update and wanted.folder is None
    done = fetch(call, card, wanted, accepted=there or _accepted(call, card, wanted.accept_licence))
    screen = call.screen
    if screen.json:
        notes = [note.text(screen.language) for note in done.notes]
        screen.out_json({"model": card.id, **done.facts.to_json(screen.language),
                         "fetched_bytes": done.fetched_bytes, "notes": notes})  # fmt: skip
        call.answered = True
    else:
        for note in done.notes if there else ():
            screen.talk(note.text(screen.language))
        facts = done.facts
        words = "pulled" if facts.origin == "store" else "pulled_elsewhere"
        screen.talk(screen.say(words, id=card.id, size=size_text(facts.size_bytes), path=facts.folder))
        screen.out_path(str(done.facts.folder))
    return 0


def fetch(call: Call, card: ModelCard, wanted: Wanted, *, accepted: bool) -> Pulled:
    """Fetch or copy a model's files while a bar shows how far it is."""
    store = call.services.weights
    with watching(call, call.screen.say("pull_files", id=card.id)) as watch:
        if wanted.folder is not None:
            folder = Path(wanted.folder)
            return store.adopt(card, folder, accept_licence=accepted, watch=watch, update=wanted.update)
        return store.pull(card, accept_licence=accepted, watch=watch, update=wanted.update)


def make_sure(call: Call, card: ModelCard) -> None:
    """See to a model's files before the work: on a terminal they are fetched, with consent.

    Raises:
        WeightsMissing: they are not here, and nobody is there to ask.
        WeightsIncomplete, WeightsUnsafe, WeightsDamaged: what is here cannot be used.
        ExtraMissing, EngineBroken: nor could the files be, if they were here.
    """
    if card.repo is None:
        return
    facts = call.services.weights.facts(card)
    if facts.problem is not None:
        raise facts.problem
    if facts.state == "ready":
        return
    if not _interactive(call.screen):
        raise missing(card)
    with call.services.borrow(card):  # an engine that cannot be had is said before gigabytes are fetched
        pass
    fetch(call, card, Wanted(), accepted=_accepted(call, card, given=False))


def verify(call: Call, name: str) -> int:
    """`unstill models verify ID`; its exit code."""
    card, screen = _card(call, name), call.screen
    with watching(call, screen.say("pull_files", id=card.id)) as watch:
        checked = call.services.weights.verify(card, watch)
    if screen.json:
        facts = checked.facts.to_json(screen.language)
        screen.out_json({"model": card.id, **facts, "files": checked.files, "compared": checked.compared})
        call.answered = True
    else:
        key, size = "verified" if checked.compared else "verified_alone", size_text(checked.facts.size_bytes)
        screen.out(screen.say(key, id=card.id, files=checked.files, size=size))
    return 0


def remove(call: Call, name: str) -> int:
    """`unstill models remove ID`; its exit code."""
    card, screen = _card(call, name), call.screen
    freed = call.services.weights.remove(card)
    if screen.json:
        screen.out_json({"model": card.id, "freed_bytes": freed})
        call.answered = True
    else:
        screen.talk(screen.say("weights_removed", id=card.id, size=size_text(freed)))
    return 0


def told(call: Call, card: ModelCard) -> dict[str, Any] | None:
    """A model's files in JSON; None for a model without any."""
    return call.services.weights.facts(card).to_json(call.screen.language) if card.repo else None


def line(call: Call, card: ModelCard) -> str | None:
    """A model's files in one line; None for a model without any."""
    if card.repo is None:
        return None
    return _line(call.screen, card, call.services.weights.facts(card))


def _line(screen: Screen, card: ModelCard, facts: WeightFacts) -> str:
    if facts.state == "ready":
        origin, size = screen.say(f"origin_{facts.origin}"), size_text(facts.size_bytes)
        return screen.say("weights_ready", size=size, folder=facts.folder, origin=origin)
    if facts.problem is not None:
        return screen.say("weights_unusable", problem=facts.problem.message(screen.language))
    if facts.waiting_bytes:
        return screen.say("weights_waiting", id=card.id, size=size_text(facts.waiting_bytes))
    return screen.say("weights_missing", id=card.id, size=size_text(card.download_bytes))


def _card(call: Call, name: str) -> ModelCard:
    if not name:
        raise EmptyName(what="model", what_zh="模型")
    return fetched_card(name, call.services)


def _accepted(call: Call, card: ModelCard, given: bool) -> bool:
    """Show the licence, and have it accepted: beforehand, or now. Raises `LicenceNotAccepted`."""
    screen = call.screen
    screen.talk(screen.say("licence_of", id=card.id))
    for text in licence_lines(card, screen.language):
        screen.talk(screen.say("licence_line", text=text))
    if not given and not asked(screen, screen.say("ask_licence", size=size_text(card.download_bytes))):
        raise licence_not_accepted(card)
    return True


def _interactive(screen: Screen) -> bool:
    """Whether somebody is there to be asked."""
    return screen.on_terminal and not screen.json and sys.stdin is not None and sys.stdin.isatty()


def asked(screen: Screen, question: str) -> bool:
    """Whether somebody is there to be asked, and says yes."""
    if not _interactive(screen):
        return False
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in YES


@contextlib.contextmanager
def watching(call: Call, title: str) -> Iterator[Watch]:
    """A watcher that shows progress, says what there is to say, and stops when a signal has come."""
    with call.stop.at_next_tick(), _shown(call.screen, title) as show:

        def watch(progress: PullProgress) -> None:
            call.stop.check()
            if progress.note is not None:
                call.screen.talk(progress.note.text(call.screen.language))
            show(progress)

        yield watch


@contextlib.contextmanager
def _shown(screen: Screen, title: str) -> Iterator[Callable[[PullProgress], None]]:
    """A bar with bytes, rate and time left; plain lines on a dumb terminal; nothing where nobody looks."""
    if screen.lively:
        with _bar(screen, title) as show:
            yield show
    else:
        yield _lines(screen) if screen.on_terminal else lambda _: None


@contextlib.contextmanager
def _bar(screen: Screen, title: str) -> Iterator[Callable[[PullProgress], None]]:
    from rich import progress as rich
    from rich.console import Console
    from rich.markup import escape

    columns = (
        rich.TextColumn("{task.description}"), rich.BarColumn(), rich.DownloadColumn(binary_units=True),
        rich.TransferSpeedColumn(), rich.TimeRemainingColumn(),
    )  # fmt: skip
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(printable(title)), total=None)

        def show(progress: PullProgress) -> None:
            stage = words.stage(progress.stage, screen.language)
            text = f"{title}  {stage} {progress.source or ''}".rstrip()
            total = progress.total_bytes or None
            bar.update(task, description=escape(printable(text)), completed=progress.done_bytes, total=total)

        yield show


def _lines(screen: Screen) -> Callable[[PullProgress], None]:
    said: set[tuple[str, int]] = set()

    def show(progress: PullProgress) -> None:
        percent = 100 * progress.done_bytes // progress.total_bytes if progress.total_bytes else 0
        at = (progress.stage, percent // TENTH)
        if at in said:
            return
        said.add(at)
        text = words.stage(progress.stage, screen.language)
        if progress.total_bytes:
            size = size_text(progress.total_bytes)
            text = screen.say("percent", stage=text, percent=percent, size=size)
        screen.talk(text)

    return show
