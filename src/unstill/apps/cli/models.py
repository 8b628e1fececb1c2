"""`unstill models`: what can make videos here."""

from __future__ import annotations

from typing import Any

from unstill.apps.cli import weights, words
from unstill.apps.cli.call import Call
from unstill.apps.cli.plan import kind_of
from unstill.core.plan import find_card
from unstill.domain.catalog import ModelCard, Option
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
            screen.out(
                screen.say(
                    "card_line", id=card.id, mark=mark, licence=card.licence_in(screen.language), **facts
                )
            )
            screen.out(f"    {card.about[screen.language]}")
            if files := weights.line(call, card):
                screen.out(f"    {screen.say('labelled', label=screen.say('files'), text=files)}")
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
        call.screen.table(_rows(card, call))
    return 0


def _json(card: ModelCard, call: Call, *, first: bool) -> dict[str, Any]:
    told = card.to_json(call.screen.language)
    return {**told, "kind": card.kind, "default": first, "weights": weights.told(call, card)}


def _rows(card: ModelCard, call: Call) -> list[tuple[str, str]]:
    """The card, label by label: whether it can be used here stands before how."""
    screen = call.screen
    say, language, files = screen.say, screen.language, weights.line(call, card)
    spans = {
        "side": card.side, "trained": card.trained_side, "frames": card.frames, "fps": card.fps,
        "steps": card.steps, "guidance": card.guidance,
    }  # fmt: skip
    limits = [
        say(f"{name}_limit", low=_number(span.low), high=_number(span.high))
        for name, span in spans.items()
        if span is not None
    ]
    native = [f"{name} {words.plain(value, language)}" for name, value in card.native.items()]
    terms = [note[language] for note in card.licence_notes]
    rows = [
        (say("model"), say("aside", text=card.id, aside=card.title_in(screen.language))),
        (say("kind"), kind_of(card, screen)),
        (say("about"), card.about[language]),
        *([(say("files"), files)] if files else []),
        (say("licence"), card.licence_in(language)),
        *((say("licence_notes") if not at else "", text) for at, text in enumerate(terms)),
        (say("defaults"), say("comma").join(native)),
        (say("limits"), say("semicolon").join(limits)),
    ]
    told = [f"{name} = {_default(option)}  {option.about[language]}" for name, option in card.options.items()]
    return [*rows, *((say("options") if not at else "", text) for at, text in enumerate(told))]


def _default(option: Option) -> str:
    """An option's default, and in brackets what else it may be."""
    may_be = "|".join(option.choices)
    if option.limits:
        may_be = f"{_number(option.limits.low)}..{_number(option.limits.high)}"
    return f"{option.default} [{may_be}]" if may_be else str(option.default)


def _number(value: float) -> str:
    return f"{value:g}"
