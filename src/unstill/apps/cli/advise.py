"""`unstill advise`: a finished clip is measured, and what to try next is said."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.screen import Screen
from unstill.core.making import settings_among
from unstill.core.measure import ClipMeasure
from unstill.core.plan import find_card
from unstill.domain.advice import ADVICE, BLURRED, LITTLE_MOTION, Advice, Changes, Made, seen
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import EmptyName


def advise(call: Call, file: str) -> int:
    """The command; its exit code."""
    if not file:
        raise EmptyName(what="file", what_zh="文件")
    path, services = Path(file), call.services
    found = settings_among(services.metadata(path), path)
    card = find_card(_text(found.get("model")), services.families)[1]
    measured = services.measure(path)
    fitting = seen(measured.motion, measured.sharpness) if card.generative else ()
    changes = _changes(fitting, _made(found), card)
    line = command(path, found, changes) if changes else None
    if call.screen.json:
        call.screen.out_json(_told(call.screen, path, card, measured, fitting, changes, line))
        call.answered = True
    else:
        call.screen.table(_rows(call.screen, card, measured, fitting, line))
    return 0


def command(path: Path, found: Mapping[str, Any], changes: Changes) -> str:
    """The line to type next: the same again, but for the changes."""
    name = str(found.get("picture", ""))
    beside = next((p for p in (Path(name), path.parent / name) if name and p.is_file()), None)
    picture = shlex.quote(str(beside)) if beside else "PICTURE"
    options = " ".join(f"--{key.replace('_', '-')} {_shown(value)}" for key, value in changes.items())
    return f"unstill generate {picture} --like {shlex.quote(str(path))} {options}"


def _changes(fitting: tuple[Advice, ...], made: Made, card: ModelCard) -> dict[str, object]:
    merged: dict[str, object] = {}
    for advice in fitting:
        merged |= advice.changes(made, card)
    return merged


def _made(found: Mapping[str, Any]) -> Made:
    """What the file says of how it was made; a stranger's file may say anything or nothing."""
    request = found["request"]
    sides = [found[name] for name in ("width", "height") if isinstance(found.get(name), int)]
    return Made(
        guidance_scale=request.get("guidance_scale"),
        num_inference_steps=request.get("num_inference_steps"),
        short_side=min(sides) if len(sides) == 2 else None,
        num_frames=found.get("num_frames"),
    )


def _told(
    screen: Screen,
    path: Path,
    card: ModelCard,
    measured: ClipMeasure,
    fitting: tuple[Advice, ...],
    changes: Changes,
    line: str | None,
) -> dict[str, Any]:
    return {
        "path": str(path),
        "model": card.id,
        "motion": round(measured.motion, 3),
        "sharpness": round(measured.sharpness, 3),
        "usual": {"motion": LITTLE_MOTION, "sharpness": BLURRED},
        "advice": [advice.to_json(screen.language) for advice in fitting],
        "changes": dict(changes),
        "command": line,
        "other": [a.to_json(screen.language) for a in ADVICE if a not in fitting] if card.generative else [],
    }


def _rows(
    screen: Screen, card: ModelCard, measured: ClipMeasure, fitting: tuple[Advice, ...], line: str | None
) -> list[tuple[str, str]]:
    say, language = screen.say, screen.language
    rows = [
        (say("motion_amount"), _judged(screen, measured.motion, LITTLE_MOTION, "little", "enough")),
        (say("sharpness"), _judged(screen, measured.sharpness, BLURRED, "blurred", "sharp")),
    ]
    if not card.generative:
        return [*rows, (say("advice"), say("advice_does_not_fit", model=card.id))]
    lines = [] if fitting else [say("nothing_wrong")]
    lines += [
        say("advice_line", symptom=a.symptom[language], text=a.text[language]) for a in fitting or ADVICE
    ]
    rows += [(say("advice") if not at else "", text) for at, text in enumerate(lines)]
    return [*rows, (say("try_next"), line)] if line else rows


def _judged(screen: Screen, value: float, least: float, below: str, fine: str) -> str:
    key = f"measured_{below if value < least else fine}"
    return screen.say(key, value=f"{value:.2f}", usual=f"{least:g}")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
