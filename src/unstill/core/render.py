"""From a plan to a file: engine, check and encoder joined, one frame at a time."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstill.core.durable import beside, file_errors, refuse_existing, settle
from unstill.core.metadata import describe
from unstill.core.plan import Plan
from unstill.core.ports import (
    Anchor,
    Encoder,
    Engine,
    FrameCheck,
    See,
    Sounding,
    Still,
    Tick,
    VideoMaker,
    silent,
    unseen,
)
from unstill.domain.errors import NotSigned
from unstill.domain.notes import Note, note

if TYPE_CHECKING:
    from unstill.core.ports import Frame


@dataclass(frozen=True)
class Rendered:
    """A finished file and what is worth saying about it."""

    path: Path
    plan: Plan
    video_id: str
    notes: tuple[Note, ...]
    elapsed_s: float
    bare_end: Frame | None = None
    """The last frame without its label, where the label lasts to the end."""
    sound: bool = False
    """Whether there is something to be heard with it."""


def new_video_id() -> str:
    """ "video_" and 24 random hex digits: the id of one video on every surface."""
    return f"video_{secrets.token_hex(12)}"


def render(
    plan: Plan,
    anchor: Anchor,
    picture_name: str,
    target: Path,
    engine: Engine,
    maker: VideoMaker,
    *,
    tick: Tick = silent,
    keep_prompt: bool = True,
    replace_existing: bool = False,
    number_if_taken: bool = False,
    video_id: str | None = None,
    labelled: int = 0,
    see: See = unseen,
    last_name: str = "",
) -> Rendered:
    """Make the video of ``plan`` at ``target``, or with ``number_if_taken`` at the next free name like it.

    The file is written beside the target under a temporary name, decoded again (``see`` is shown its frames),
    made durable and only then moved, so that no half file ever stands under the final name; an error or a
    cancel leaves nothing. The first ``labelled`` frames come with the visible label on them.

    Raises:
        OutputExists, NotWritable, DiskFull: the target cannot be had.
        EncoderMissing, ExtraMissing, CredentialsUnusable: it could not be written, or not signed.
        BadOutput: the file does not decode to what was planned.
        Cancelled: the tick said so.
    """
    started = time.monotonic()
    name = video_id or new_video_id()
    if not number_if_taken:
        refuse_existing(target, replace_existing)
    said = maker.ready(plan)
    reel = _Reel(plan, maker, labelled)
    with beside(target) as partial:
        engine.load(plan)
        words = describe(plan, name, picture_name, last_name=last_name, keep_prompt=keep_prompt)
        with _written(partial, target, plan, words, maker, tick) as encoder:
            for frame in engine.frames(plan, anchor, tick):
                shown = reel.next(frame)
                with file_errors(target):
                    encoder.write(shown)
            sounds, silenced = _sounded(engine, encoder, plan)
        if maker.signs(plan):
            _sign(partial, target, maker, name)
        _check(partial, plan, maker, tick, see, sounds)
        with file_errors(target):
            path = settle(partial, target, replace_existing=replace_existing, number_if_taken=number_if_taken)
    notes = (*plan.notes, *said, *engine.notes(), *silenced, *reel.watch.verdict())
    took = time.monotonic() - started
    return Rendered(path, replace(plan, notes=notes), name, notes, took, reel.bare_end, sounds)


class _Reel:
    """The frames between engine and encoder: looked at, and then labelled where they are to be."""

    def __init__(self, plan: Plan, maker: VideoMaker, labelled: int) -> None:
        self.watch: FrameCheck = maker.watch(still_allowed=_still_allowed(plan))
        self.bare_end: Frame | None = None
        self._label = maker.label(plan.label, plan.width, plan.height, plan.fps) if plan.label else None
        self._labelled, self._last, self._number = labelled, plan.num_frames - 1, -1

    def next(self, frame: Frame) -> Frame:
        """The next frame as it is to be written."""
        self.watch.see(frame)
        self._number += 1
        if self._label is None or self._number < self._labelled or not self._label.shows(self._number):
            return frame
        if self._number == self._last:
            self.bare_end = frame.copy()
        return self._label.on(self._number, frame)


@contextlib.contextmanager
def _written(
    partial: Path, target: Path, plan: Plan, words: Mapping[str, str], maker: VideoMaker, tick: Tick
) -> Iterator[Encoder]:
    """An open encoder. Only its own file errors are blamed on the target."""
    with contextlib.ExitStack() as stack:
        with file_errors(target):
            encoder = stack.enter_context(maker.encoder(partial, plan, words, tick))
        yield encoder
        with file_errors(target):
            stack.close()


def _sounded(engine: Engine, encoder: Encoder, plan: Plan) -> tuple[bool, tuple[Note, ...]]:
    """Whether what the engine wants heard, if anything, goes into the file; a note where it cannot."""
    sound = engine.sound() if isinstance(engine, Sounding) else None
    if sound is None:
        return False, ()
    heard = encoder.hear(sound)
    return heard, () if heard else (note("sound_left_out", format=plan.format),)


def _sign(partial: Path, target: Path, maker: VideoMaker, name: str) -> None:
    with beside(target) as signed, file_errors(target):
        try:
            maker.sign(partial, signed, name)
        except NotSigned as error:
            facts: dict[str, Any] = {**error.facts, "path": target}
            raise NotSigned(**facts) from error
        signed.replace(partial)


def _check(partial: Path, plan: Plan, maker: VideoMaker, tick: Tick, see: See, sounds: bool) -> None:
    total = plan.num_frames

    def seen(number: int, still: Still) -> None:
        tick("check", min(number, total), total)
        see(number, still)

    tick("check", 0, total)
    maker.check(partial, plan, seen, sounds)
    tick("check", total, total)  # the last chance to cancel: after it the file stands


def _still_allowed(plan: Plan) -> bool:
    """A locked-off camera without effects is meant to stand still; so is a single frame."""
    locked = plan.details.get("moves") == ["static"] and not plan.details.get("effects")
    return locked or plan.num_frames == 1


def frames_of(plan: Plan, anchor: Anchor, engine: Engine, tick: Tick = silent) -> Iterator[Frame]:
    """The frames alone, before any encoder."""
    engine.load(plan)
    return engine.frames(plan, anchor, tick)
