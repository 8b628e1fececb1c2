"""Several pictures in one call: one failure does not stop the others, and all are told about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.incident import explained
from unstill.apps.cli.inputs import Inputs
from unstill.apps.cli.stopping import Stopped
from unstill.domain.errors import FAILURE, Cancelled, UnstillError

Work = Callable[[Path, int], dict[str, Any]]
"""Picture and its number from 1 to its part of the JSON."""


def each(call: Call, inputs: Inputs, work: Work) -> int:
    """Do the work for every picture and answer; the exit code. A single picture's error is raised."""
    answers: list[dict[str, Any]] = []
    failed = 0
    for number, picture in enumerate(inputs.pictures, 1):
        try:
            answers.append({"picture": str(picture), **work(picture, number)})
        except (Cancelled, Stopped):
            if inputs.many:
                answers.append(_failure(call, picture, Cancelled()))
                _answer(call, inputs, answers)
            raise
        except Exception as error:
            problem = explained(error, call.services)
            if not inputs.many:
                raise problem from error
            failed += 1
            answers.append(_failure(call, picture, problem))
            call.screen.complain(problem, about=_about(call, inputs, picture, problem))
    _answer(call, inputs, answers)
    if failed:
        call.screen.talk(call.screen.say("some_failed", failed=failed, count=len(inputs.pictures)))
    return FAILURE if failed else 0


def _about(call: Call, inputs: Inputs, picture: Path, problem: UnstillError) -> str:
    """Which picture it is about, unless the message says so."""
    message = problem.message(call.screen.language)
    alone = sum(other.name == picture.name for other in inputs.pictures) == 1
    named = str(picture) in message or (alone and picture.name in message)
    return "" if named else f"{picture}: "


def _failure(call: Call, picture: Path, problem: UnstillError) -> dict[str, Any]:
    return {"picture": str(picture), **call.screen.error_json(problem)}


def _answer(call: Call, inputs: Inputs, answers: list[dict[str, Any]]) -> None:
    if call.screen.json:
        call.screen.out_json(answers if inputs.many else answers[0])
        call.answered = True
