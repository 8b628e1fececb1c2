"""`unstill plan`: what would be made, without making it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unstill.apps.cli import words
from unstill.apps.cli.batch import each
from unstill.apps.cli.call import Call
from unstill.apps.cli.inputs import sort_words
from unstill.apps.cli.screen import Screen
from unstill.core.making import like, plan_for, plan_picture, request_of
from unstill.core.plan import Plan
from unstill.core.ports import Machine
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import UnstillError
from unstill.domain.lora import read_loras
from unstill.domain.notes import BEFORE

USUAL = (1024, 1024)
"""A picture's size for checking settings that no picture can make right."""
GIB = 2**30


def plan(call: Call, named: Sequence[str], fields: Mapping[str, Any], like_file: str | None) -> int:
    """The command; its exit code."""
    inputs = sort_words(named, fields.get("prompt"), 'unstill plan photo.jpg "slow push in"')
    earlier = like(like_file, call.services)
    request = request_of({**fields, "prompt": inputs.prompt}, earlier)
    plan_for(request, USUAL, call.services)  # what is wrong with all of them is said once

    def one(picture: Path, number: int) -> dict[str, Any]:
        asked = request.model_copy(update={"image": picture})
        made = plan_picture(asked, call.services, earlier, call.screen.language)
        if not call.screen.json:
            if number > 1:
                call.screen.out("")
            call.screen.table(plan_rows(call, picture, made, drawn=request.seed is None))
        return made.to_json(call.screen.language)

    return each(call, inputs, one)


def plan_rows(call: Call, picture: Path, plan: Plan, *, drawn: bool) -> list[tuple[str, str]]:
    """The plan in words, label by label."""
    screen = call.screen
    say, language = screen.say, screen.language
    rows = [
        (say("picture"), str(picture)),
        *((say("warning"), note.text(language)) for note in plan.notes if note.code in BEFORE),
        (say("model"), say("aside", text=plan.model, aside=kind_of(plan.card, screen))),
        *move_rows(plan.details, screen),
        (say("video"), video_line(plan.to_json(), screen)),
        *([(say("last_picture"), str(plan.request.last_image))] if plan.request.last_image else []),
        *settings_rows(plan.request.settings(), plan.details, screen),
        (say("seed"), say("seed_drawn", seed=plan.seed) if drawn else str(plan.seed)),
        *_costs(plan, call.services.machine(), screen),
    ]
    notes = [note.text(language) for note in plan.notes if note.code not in (*BEFORE, "camera_motion")]
    return rows + [(say("notes") if not at else "", text) for at, text in enumerate(notes)]


def _costs(plan: Plan, machine: Machine, screen: Screen) -> list[tuple[str, str]]:
    """Time and memory, and of which device where that makes the difference."""
    say, card = screen.say, machine.accelerator if plan.card.generative else None
    size = _size(plan.estimate.peak_bytes)
    rows = [
        (say("time"), _time(plan.estimate.seconds, screen)),
        (say("device_memory" if card else "memory"), say("fits" if plan.fits else "fits_not", size=size)),
    ]
    if not plan.card.generative:
        return rows
    processor = machine.device.partition(":")[0] == "cpu"
    named = card.name if card else say("processor") if processor else machine.device
    return [(say("device"), named), *rows]


def _time(seconds: float, screen: Screen) -> str:
    if seconds > 120:  # many minutes are said in hours
        return screen.say("about_minutes", minutes=round(seconds / 60))
    return screen.say("about_seconds", seconds=max(1, round(seconds)))


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count < GIB else f"{count / GIB:.1f} GiB"


def kind_of(card: ModelCard, screen: Screen) -> str:
    return screen.say("generated_video" if card.generative else "camera_motion")


def move_rows(details: Mapping[str, Any], screen: Screen) -> list[tuple[str, str]]:
    """What the camera and the air do, for models that plan it."""
    if "moves" not in details:
        return []
    moves = _staged(details, screen) or words.listed(details["moves"], words.MOVES, screen.language)
    return [
        (screen.say("moves"), screen.say("auto", moves=moves) if details.get("auto") else moves),
        (screen.say("effects"), words.listed(details.get("effects"), words.EFFECTS, screen.language)),
    ]


def _staged(details: Mapping[str, Any], screen: Screen) -> str:
    """Moves that follow one another, told from those that go together; "" where a record has it otherwise."""
    try:
        ids = [[str(cue["id"]) for cue in stage] for stage in details["stages"] if stage]
    except (KeyError, TypeError):
        return ""
    told = [stage for at, stage in enumerate(ids) if not at or ids[at - 1] != stage]
    together = (words.listed(stage, words.MOVES, screen.language) for stage in told)
    return screen.say("then").join(together)


def settings_rows(
    request: Mapping[str, Any], details: Mapping[str, Any], screen: Screen
) -> list[tuple[str, str]]:
    """Steps, guidance and scheduler, for models that have them; a stranger's record may hold anything."""
    options = request.get("options")
    told = {"scheduler": details.get("scheduler"), **(options if isinstance(options, Mapping) else {})}
    parts = [
        screen.say(name, value=f"{value:g}")
        for name in ("num_inference_steps", "guidance_scale")
        if isinstance(value := request.get(name), (int, float))
    ]
    parts += [
        f"{name} {words.plain(value, screen.language)}"
        for name, value in told.items()
        if isinstance(value, (str, int, float))
    ]
    rows = [(screen.say("settings"), screen.say("comma").join(parts))] if parts else []
    worn = lora_texts(request.get("loras"))
    return [*rows, (screen.say("loras"), screen.say("comma").join(worn))] if worn else rows


def lora_texts(told: object) -> list[str]:
    """LoRA files with their weights, as --lora takes them; none of a record that holds something else."""
    try:
        return [use.text for use in read_loras(told)]
    except UnstillError:
        return []


def video_line(made: Mapping[str, Any], screen: Screen) -> str:
    """Size, frames, rate, length and format in one line."""
    seconds = words.seconds(made["num_frames"] / made["fps"])
    facts = {name: made[name] for name in ("width", "height", "num_frames", "fps")}
    line = screen.say("video_line", **facts, seconds=seconds, format=words.format_name(str(made["format"])))
    return line + (screen.say("looping") if made.get("loop") else "")
