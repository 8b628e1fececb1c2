"""`unstill models`: what can make videos here."""

from __future__ import annotations

from typing import Any

from unstill.apps.cli import weights
from unstill.apps.cli.call import Call
from unstill.apps.cli.plan import kind_of
from unstill.apps.cli.screen import Screen
from unstill.core.plan import find_card
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import EngineBroken


def list_models(call: Call) -> int:
    """`unstill models list`; its exit code. Engines that cannot be loaded are said on stderr."""
    screen = call.screen
    cards = [card for family in call.services.families for card in family.cards]
    if screen.json:
        screen.out_json([_json(card, call, first=card is cards[0]) for card in cards])
        call.answered = True
    else:
        for card in cards:
            facts = {"title": card.title_in(screen.language), "kind": kind_of(card, screen)}
            mark = screen.say("default_mark") if card is cards[0] else ""
            screen.out(screen.say("card_line", id=card.id, mark=mark, licence=card.licence, **facts))
            screen.out(f"    {card.about[screen.language]}")
            if files := weights.line(call, card):
                screen.out(f"    {screen.say('files')}: {files}")
    for name in call.services.broken:
        screen.talk(screen.say("broken_engine", name=name))
    return 0


def show_model(call: Call, name: str) -> int:
    """`unstill models show ID`; its exit code."""
    services = call.services
    known = [card.id for family in services.families for card in family.cards]
    if name in services.broken and name not in known:
        raise EngineBroken(param="model", name=name)
    _, card = find_card(name, services.families)
    if call.screen.json:
        call.screen.out_json(_json(card, call, first=card.id == known[0]))
        call.answered = True
    else:
        call.screen.table([*_rows(card, call.screen), *_file_rows(card, call)])
    return 0


def _json(card: ModelCard, call: Call, *, first: bool) -> dict[str, Any]:
    told = card.to_json(call.screen.language)
    return {**told, "kind": card.kind, "default": first, "weights": weights.told(call, card)}


def _file_rows(card: ModelCard, call: Call) -> list[tuple[str, str]]:
    """What each source says of the licence, and whether the model's files are here."""
    screen = call.screen
    said = [note[screen.language] for note in card.licence_notes]
    rows = [(screen.say("licence_notes") if not at else "", text) for at, text in enumerate(said)]
    files = weights.line(call, card)
    return [*rows, (screen.say("files"), files)] if files else rows


def _rows(card: ModelCard, screen: Screen) -> list[tuple[str, str]]:
    say = screen.say
    limits = [
        say(f"{name}_limit", low=_number(span.low), high=_number(span.high))
        for name, span in (("side", card.side), ("frames", card.frames), ("fps", card.fps))
    ]
    rows = [
        (say("model"), say("aside", text=card.id, aside=card.title_in(screen.language))),
        (say("kind"), kind_of(card, screen)),
        (say("about"), card.about[screen.language]),
        (say("licence"), card.licence),
        (say("defaults"), say("comma").join(f"{name} {value}" for name, value in card.native.items())),
        (say("limits"), say("semicolon").join(limits)),
    ]
    for at, (name, option) in enumerate(card.options.items()):
        span = f" [{_span(option.limits)}]" if option.limits else ""
        rows.append(
            (
                "" if at else say("options"),
                f"{name} = {option.default}{span}  {option.about[screen.language]}",
            )
        )
    return rows


def _span(limits: Range) -> str:
    return f"{_number(limits.low)}..{_number(limits.high)}"


def _number(value: float) -> str:
    return f"{value:g}"
