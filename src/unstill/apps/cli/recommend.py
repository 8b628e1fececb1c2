"""`unstill models recommend`: which models suit this machine."""

from __future__ import annotations

from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.core.choosing import REASONS, USUAL, Candidate, candidates, decide
from unstill.domain.request import VideoRequest


def recommend(call: Call, prompt: str) -> int:
    """The command; its exit code."""
    request = VideoRequest(prompt=prompt)
    found = candidates(request, call.services, USUAL)
    choice = decide(request, call.services)
    screen = call.screen
    if screen.json:
        told: list[dict[str, Any]] = [
            {**one.to_json(screen.language), "chosen": one.card.id == choice.card.id} for one in found
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
    for said in choice.notes:
        screen.out(said.text(screen.language))
    return 0


def _row(call: Call, one: Candidate) -> list[str]:
    language, plan = call.screen.language, one.plan
    reason = REASONS[one.against][language == "zh"]
    if plan is None:
        return [one.card.id, _files(call, one), "", "", "", reason]
    memory = f"{plan.estimate.peak_bytes / 2**30:.1f} GiB"
    video = f"{plan.width}x{plan.height}, {plan.num_frames}"
    return [one.card.id, _files(call, one), _time(plan.estimate.seconds), memory, video, reason]


def _files(call: Call, one: Candidate) -> str:
    if one.card.repo is None:
        return "-"
    return call.screen.say("here") if one.here else f"{one.card.download_bytes / 1e9:.0f} GB"


def _time(seconds: float) -> str:
    """Short enough for a column."""
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
