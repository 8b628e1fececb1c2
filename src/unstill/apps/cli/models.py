"""`unstill models`: what can make videos here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

from unstill.apps.cli import weights, words
from unstill.apps.cli.call import Call
from unstill.apps.cli.card_words import LANGUAGES, RUNGS
from unstill.apps.cli.columns import cut, lines
from unstill.apps.cli.plan import kind_of
from unstill.apps.cli.screen import Screen
from unstill.core.plan import find_card
from unstill.domain.catalog import ModelCard, Option
from unstill.domain.errors import EngineBroken

LICENCE_COLUMNS = 40
"""Longer terms are cut in the list; `unstill models show` has all of them."""


def list_models(call: Call) -> int:
    """`unstill models list`; its exit code: what can be used at once, then a line for each of the others by
    their families. Engines that cannot be loaded are said on stderr."""
    screen = call.screen
    cards = [card for family in call.services.families for card in family.cards]
    if screen.json:
        screen.out_json([_json(card, call, first=card is cards[0]) for card in cards])
        call.answered = True
    else:
        far = [card for card in cards if card is not cards[0] and _is_far(card, call)]
        for card in cards:
            if card not in far:
                _here(card, call, first=card is cards[0])
        _others(far, call)
    for name in call.services.broken:
        screen.talk(screen.say("broken_engine", name=name))
    return 0


def _is_far(card: ModelCard, call: Call) -> bool:
    """Whether its files are still to be fetched, none of them being here."""
    if card.repo is None:
        return False
    facts = call.services.weights.facts(card)
    return facts.state != "ready" and facts.problem is None and not facts.waiting_bytes


def _here(card: ModelCard, call: Call, *, first: bool) -> None:
    screen = call.screen
    facts = {"title": card.title_in(screen.language), "kind": kind_of(card, screen)}
    mark, licence = screen.say("default_mark") if first else "", card.licence_in(screen.language)
    screen.out(screen.say("card_line", id=card.id, mark=mark, licence=licence, **facts))
    screen.out(f"    {card.about[screen.language]}")
    if files := weights.line(call, card):
        screen.out(f"    {screen.say('labelled', label=screen.say('files'), text=files)}")


def _others(cards: Sequence[ModelCard], call: Call) -> None:
    """A line for each: name, download, what its licence limits, what it is good at."""
    screen = call.screen
    if not cards:
        return
    screen.out("")
    screen.out(screen.say("others"))
    made = lines([_columns(card, screen) for card in cards], _wide())
    for at, (card, line) in enumerate(zip(cards, made, strict=True)):
        if not at or card.family != cards[at - 1].family:
            screen.out("")
        screen.out(line)


def _columns(card: ModelCard, screen: Screen) -> list[str]:
    limits = card.terms.limits(screen.language) or _name(card.licence_in(screen.language))
    size = f"{card.download_bytes / 2**30:.0f} GiB"
    return [f"  {card.id}", size, cut(limits, LICENCE_COLUMNS), card.about[screen.language]]


def _name(licence: str) -> str:
    """A licence without what stands behind its name."""
    return licence.split(":")[0].split("：")[0]


def _wide() -> int | None:
    """Columns of the terminal; elsewhere a line is as long as it is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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
        *_knows(card, screen),
        *([(say("files"), files)] if files else []),
        (say("licence"), card.licence_in(language)),
        *((say("licence_notes") if not at else "", text) for at, text in enumerate(terms)),
        (say("defaults"), say("comma").join(native)),
        *([(say("sizes"), _sizes(card, screen))] if card.sizes else []),
        (say("limits"), say("semicolon").join(limits)),
        *([(say("device_memory"), _memory(card, screen))] if card.memory else []),
    ]
    told = [f"{name} = {_default(option)}  {option.about[language]}" for name, option in card.options.items()]
    return [*rows, *((say("options") if not at else "", text) for at, text in enumerate(told))]


def _knows(card: ModelCard, screen: Screen) -> list[tuple[str, str]]:
    """What it reads, takes and makes besides pictures, and how large it is."""
    say, chinese = screen.say, screen.language == "zh"
    read = [LANGUAGES.get(name, (name, name))[chinese] for name in card.prompt_languages]
    has = {"lora": card.lora, "loop": card.loops, "sound": card.sound, "negative": card.negative_prompt}
    known = [
        say("reads", languages=("、" if chinese else ", ").join(read)) if read else say("reads_nothing"),
        say(f"last_{card.last_picture}"),
        *(say(f"{name}_{'yes' if able else 'no'}") for name, able in has.items()),
    ]
    rows = [(say("knows"), say("semicolon").join(known))]
    if card.parameters:
        rows.append((say("parameters"), say("billions", count=f"{card.parameters / 1e9:.1f}")))
    return rows


def _sizes(card: ModelCard, screen: Screen) -> str:
    sizes = screen.say("comma").join(card.sizes)
    return screen.say("sizes_only", sizes=sizes) if card.only_sizes else sizes


def _memory(card: ModelCard, screen: Screen) -> str:
    """GiB of a graphics card by placement, for a clip in its own settings."""
    chinese = screen.language == "zh"
    return screen.say("comma").join(
        screen.say("rung", name=RUNGS.get(name, (name, name))[chinese], size=f"{count / 2**30:.1f}")
        for name, count in card.memory.items()
    )


def _default(option: Option) -> str:
    """An option's default, and in brackets what else it may be."""
    may_be = "|".join(option.choices)
    if option.limits:
        may_be = f"{_number(option.limits.low)}..{_number(option.limits.high)}"
    return f"{option.default} [{may_be}]" if may_be else str(option.default)


def _number(value: float) -> str:
    return f"{value:g}"
