"""`unstill generate`: pictures in, videos out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstill.apps.cli import words
from unstill.apps.cli.batch import each
from unstill.apps.cli.call import Call
from unstill.apps.cli.inputs import Inputs, sort_words
from unstill.apps.cli.outputs import Outputs
from unstill.apps.cli.progress import shown
from unstill.core.durable import beside, file_errors, settle
from unstill.core.making import Like, like, make, plan_for, prepare, report, request_of, require_brought
from unstill.core.prompts import require
from unstill.core.render import Rendered
from unstill.domain.notes import BEFORE, WARNINGS, Note
from unstill.domain.request import VideoRequest

TOLD_BEFORE = (*BEFORE, "prompt_translated", "prompt_not_english", "translator_missing")
"""Notes that are said when the work begins."""
USUAL = (1024, 1024)
"""A picture's size for checking settings that no picture can make right."""


@dataclass(frozen=True)
class Wish:
    """What was asked for besides the request itself."""

    output: str | None = None
    like: str | None = None
    force: bool = False
    poster: bool = False
    leave_out_prompt: bool = False


def generate(call: Call, named: Sequence[str], fields: Mapping[str, Any], wish: Wish) -> int:
    """The command; its exit code. One picture's failure does not stop the others."""
    inputs = sort_words(named, fields.get("prompt"))
    outputs = Outputs.of(wish.output, fields.get("format"), wish.force, inputs.pictures)
    outputs.posters = wish.poster
    earlier = like(wish.like, call.services)
    request = request_of({**fields, "prompt": inputs.prompt, "format": outputs.format}, earlier)
    plan = plan_for(request, USUAL, call.services)  # what is wrong with all is said once, before any work
    require_brought(request, call.services)
    outputs.check()
    require(plan, call.services.translator)
    if plan.card.repo is not None:
        from unstill.apps.cli.weights import make_sure

        make_sure(call, plan.card)
    job = _Job(call, inputs, outputs, earlier, request, wish)
    return each(call, inputs, job.one)


@dataclass
class _Job:
    """What all pictures of one call share."""

    call: Call
    inputs: Inputs
    outputs: Outputs
    earlier: Like
    request: VideoRequest
    wish: Wish
    introduced: bool = False
    said: set[str] = field(default_factory=set)

    def one(self, picture: Path, number: int) -> dict[str, Any]:
        """Make one picture's video and say so; its part of the JSON."""
        services, screen, stop = self.call.services, self.call.screen, self.call.stop
        count = len(self.inputs.pictures)
        title = f"[{number}/{count}] {picture.name}" if count > 1 else picture.name
        with stop.at_next_tick(), shown(screen, title) as show:

            def tick(stage: str, done: int, total: int, preview: object = None) -> None:  # noqa: ARG001
                stop.check()
                show(stage, done, total)

            tick("start", 0, 1)
            request = self.request.model_copy(update={"image": picture})
            ready = prepare(request, services, self.earlier, screen.language, tick)
            self._before(ready.plan.notes)
            place = self.outputs.place(picture, ready.plan.format)
            keep = False if self.wish.leave_out_prompt else None
            done = make(
                ready, place.path, services, tick=tick, keep_prompt=keep,
                replace_existing=place.replace, number_if_taken=place.number,
            )  # fmt: skip
        self.call.written += 1
        self.outputs.took(done.path)
        return self._tell(done)

    def _before(self, notes: Sequence[Note]) -> None:
        """What is to be known when the work begins; words that many pictures share are said once."""
        screen = self.call.screen
        for note in notes:
            if note.code == "prompt_translated":
                field = "prompt_in_english" if note.facts["field"] == "prompt" else "negative_in_english"
                text = screen.say(field, text=note.facts["after"], translator=note.facts["translator"])
                if text not in self.said:
                    self.said.add(text)
                    screen.talk(text)
            elif note.code in TOLD_BEFORE:
                screen.talk(screen.say("warning_line", text=note.text(screen.language)))

    def _tell(self, done: Rendered) -> dict[str, Any]:
        screen = self.call.screen
        self._introduce(done)
        p, elapsed = done.plan, f"{done.elapsed_s:.1f}"
        screen.talk(
            screen.say(
                "made", width=p.width, height=p.height, num_frames=p.num_frames, fps=p.fps,
                seconds=words.seconds(p.seconds), elapsed=elapsed,
            )
        )  # fmt: skip
        told = report(done, self.call.services.peak_bytes(), screen.language)
        for note in _remarks(done.notes):
            tell = screen.warn if note.code in WARNINGS else screen.talk
            tell(note.text(screen.language))
        if not screen.json:
            screen.out_path(told["path"])
        if self.wish.poster:
            told["poster"] = str(write_poster(self.call, self.outputs, done.path))
            if not screen.json:
                screen.talk(told["poster"])
        return told

    def _introduce(self, done: Rendered) -> None:
        """What kind of video this is, once a call."""
        if self.introduced:
            return
        self.introduced = True
        screen, card = self.call.screen, done.plan.card
        said = next((n for n in done.notes if n.code == "camera_motion"), None)
        screen.talk(
            screen.say("generated", model=card.id)
            if card.generative
            else (said or Note("camera_motion")).text(screen.language)
        )


def write_poster(call: Call, outputs: Outputs, video: Path) -> Path:
    """The still that stands for a finished video."""
    place = outputs.poster(video)
    with beside(place.path) as partial, file_errors(place.path):
        call.services.poster(video, partial)
        made = settle(partial, place.path, replace_existing=place.replace, number_if_taken=place.number)
    outputs.took(made)
    return made


def _remarks(notes: Sequence[Note]) -> list[Note]:
    return [note for note in notes if note.code not in (*TOLD_BEFORE, "camera_motion")]
