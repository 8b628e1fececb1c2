"""`unstill bench`: what a model takes on this computer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unstill.apps.cli import words
from unstill.apps.cli.bench_table import head, kind, table
from unstill.apps.cli.call import Call
from unstill.apps.cli.progress import shown
from unstill.core.bench import GIB, Benchable, BenchCase, BenchOrder, BenchRow
from unstill.core.plan import Plan, find_card, make_plan
from unstill.core.ports import EngineFamily, Machine
from unstill.domain.bench_errors import BenchTooSlow, NoBench
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import InvalidField, NotAChoice
from unstill.domain.request import VideoRequest

CLASSIC = ("512p/16/50", "768p/24/80", "1024p/16/50")
NATIVE = "1280x704/16/50"
TINY = ("64p/2/4", "96x64/3/4")
OTHERS = ("diffusers",)
HOUR_S, MINUTE_S = 3600, 60


@dataclass(frozen=True)
class Asked:
    """The command's options, as they were written."""

    cases: Sequence[str] = ()
    tiny: bool = False
    everything: bool = False
    real: bool = False
    """The model's files are to be used."""
    against: str | None = None
    rungs: bool = False
    numerics: bool = False
    cap_gib: str | None = None
    steps: str | None = None
    options: dict[str, float | str | bool] = field(default_factory=dict)


def bench(call: Call, model: str | None, asked: Asked) -> int:
    """The command; its exit code, which is that of the first failure among the rows."""
    services = call.services
    family, card = _benchable(model, services.families)
    order = _order(asked, card, services.machine(), lambda case: _plan(call, card, case, asked))
    if asked.real:
        order = replace(order, folder=services.weights.folder(card))
    rows: list[BenchRow] = []
    try:
        _measure(call, family, order, rows)
    except BaseException:
        if rows and not call.screen.json:  # what was measured before a stop was not for nothing
            _show(call, rows)
        raise
    if call.screen.json:
        told = [row.to_json(call.screen.language) for row in rows]
        call.screen.out_json({"model": card.id, "device": rows[0].device if rows else None, "rows": told})
        call.answered = True
    else:
        _show(call, rows)
    for row in rows:
        if row.error is not None:
            call.screen.complain(row.error, f"{row.case.name} {kind(row, call.screen)}: ")
    return next((row.error.exit_code for row in rows if row.error is not None), 0)


def _measure(call: Call, family: Benchable, order: BenchOrder, rows: list[BenchRow]) -> None:
    """Append the rows as they come, while a bar shows how far it is."""
    screen = call.screen
    with call.stop.at_next_tick(), shown(screen, screen.say("bench")) as show:

        def heard(what: str, stage: str, done: int, total: int) -> None:
            call.stop.check()
            show(f"{what}  {words.stage(stage, screen.language)}".strip(), done, total)

        rows.extend(family.bench(order, heard))


def _show(call: Call, rows: Sequence[BenchRow]) -> None:
    """The table."""
    screen = call.screen
    if rows:
        screen.out(head(rows[0], screen))
    for line in table(rows, screen):
        screen.out(line)
    if any(row.floor_measured and row.floor_share for row in rows):
        screen.talk(screen.say("bench_floor_measured"))


def _benchable(model: str | None, families: Sequence[EngineFamily]) -> tuple[Benchable, ModelCard]:
    """The model to be measured; without a name the first that can be. Raises `UnknownModel`, `NoBench`."""
    able = [(family, card) for family in families for card in family.cards if isinstance(family, Benchable)]
    if model is None and able:
        return able[0]
    family, card = find_card(model, families)
    if not isinstance(family, Benchable):
        known = ", ".join(card.id for _, card in able) or "none"
        raise NoBench(param="model", model=card.id, known=known, known_zh=known.replace("none", "无"))
    return family, card


def _order(asked: Asked, card: ModelCard, machine: Machine, plan: Callable[[BenchCase], Plan]) -> BenchOrder:
    """Raises `BadRequest` for what cannot be measured, and `BenchTooSlow` for hours that nobody asked for."""
    if asked.against is not None and asked.against not in OTHERS:
        raise NotAChoice(param="--against", value=asked.against, choices=", ".join(OTHERS))
    steps = None if asked.steps is None else int(_positive("--steps", asked.steps, whole=True))
    cap = None if asked.cap_gib is None else int(_positive("--cap-gib", asked.cap_gib) * GIB)
    usual = (*CLASSIC, NATIVE) if asked.everything else CLASSIC
    texts = asked.cases or (TINY if asked.tiny else usual)
    cases = tuple(BenchCase.read(text, card, steps) for text in texts)
    lengths = {case.name: plan(case).estimate.seconds for case in cases}
    if machine.device == "cpu" and not (asked.cases or asked.tiny):
        raise _too_slow(lengths)
    return BenchOrder(
        card=card, cases=cases, machine=machine, tiny=asked.tiny, against=asked.against, rungs=asked.rungs,
        numerics=asked.numerics, cap_bytes=cap, options=asked.options,
    )  # fmt: skip


def _too_slow(lengths: Mapping[str, float]) -> BenchTooSlow:
    said = ["; ".join(_length(name, took, zh=zh) for name, took in lengths.items()) for zh in (False, True)]
    return BenchTooSlow(cases=said[0], cases_zh=said[1].replace("; ", "；"))


def _length(name: str, seconds: float, *, zh: bool) -> str:
    unit, key = (HOUR_S, "bench_hours") if seconds >= 2 * HOUR_S else (MINUTE_S, "bench_minutes")
    return words.say(key, "zh" if zh else "en", case=name, count=max(1, round(seconds / unit)))


def _plan(call: Call, card: ModelCard, case: BenchCase, asked: Asked) -> Plan:
    """A case as `unstill plan` sees it. Raises what is wrong with the model's options."""
    size = f"{case.width}x{case.height}"
    request = VideoRequest(
        prompt="", model=card.id, size=size, num_frames=case.num_frames, num_inference_steps=case.steps,
        options=dict(asked.options),
    )  # fmt: skip
    services = call.services
    return make_plan(request, (case.width, case.height), services.families, services.machine())


def _positive(param: str, text: str, *, whole: bool = False) -> float:
    """A number above zero. Raises `InvalidField`."""
    try:
        value = float(int(text) if whole else float(text))
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        expected, expected_zh = ("a whole number", "整数") if whole else ("a number", "数字")
        raise InvalidField(
            param=param,
            value=repr(text)[:40],
            expected=f"{expected} above 0",
            expected_zh=f"大于 0 的{expected_zh}",
        )
    return value
