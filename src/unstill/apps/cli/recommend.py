"""`unstill models recommend`: which models suit this machine."""

from __future__ import annotations

from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.core.choosing import REASONS, USUAL, Candidate, Choice, candidates, decide
from unstill.domain.errors import UnstillError
from unstill.domain.request import VideoRequest


def recommend(call: Call, prompt: str) -> int:
    """The command; its exit code."""
    request = VideoRequest(prompt=prompt)
    found = candidates(request, call.services, USUAL)
    choice = _choice(call, request)
    screen = call.screen
    if screen.json:
        told: list[dict[str, Any]] = [
            {**one.to_json(screen.language), "chosen": isinstance(choice, Choice) and one.card is choice.card}
            for one in found
        ]
        screen.out_json(told)
        call.answered = True
        return 0
    rows = [
        [screen.say(name) for name in ("model", "files", "time", "memory", "video", "about")],
        *(_row(call, one) for one in found),
    ]
    for line in lines(rows):
        screen.out(line)
    screen.out("")
    for text in _said(call, prompt, choice):
        screen.out(text)
    return 0


def _said(call: Call, prompt: str, choice: Choice | UnstillError) -> list[str]:
    """What is chosen and why, and what would do better."""
    screen = call.screen
    if isinstance(choice, UnstillError):
        return [choice.message(screen.language), choice.hint(screen.language)]
    told = [said.text(screen.language) for said in choice.notes]
    if prompt and not choice.card.generative:
        told.insert(1, screen.say("nothing_acts"))
    return told


def _choice(call: Call, request: VideoRequest) -> Choice | UnstillError:
    try:
        return decide(request, call.services)
    except UnstillError as error:  # the table shows why
        return error


def _row(call: Call, one: Candidate) -> list[str]:
    language, plan = call.screen.language, one.plan
    reason = REASONS[one.against][language == "zh"]
    if plan is None:
        return [one.card.id, _files(call, one), "", "", "", reason]
    memory = f"{plan.estimate.peak_bytes / 2**30:.1f} GiB"
    video = f"{plan.width}x{plan.height}, {plan.num_frames}"
    return [one.card.id, _files(call, one), _time(call, plan.estimate.seconds), memory, video, reason]


def _files(call: Call, one: Candidate) -> str:
    if one.card.repo is None:
        return "-"
    return call.screen.say("here") if one.here else f"{one.card.download_bytes / 1e9:.0f} GB"


def _time(call: Call, seconds: float) -> str:
    """Short enough for a column."""
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    if seconds > 48 * 3600:
        return call.screen.say("days", days=round(seconds / 86400))
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
