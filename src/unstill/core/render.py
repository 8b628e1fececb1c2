"""From a plan to a file: engine, check and encoder joined, one frame at a time."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.core.durable import beside, file_errors, refuse_existing, settle
from unstill.core.metadata import describe
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Engine, FrameCheck, Tick, VideoMaker, silent
from unstill.domain.notes import Note

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
) -> Rendered:
    """Make the video of ``plan`` at ``target``, or with ``number_if_taken`` at the next free name like it.

    The file is written beside the target under a temporary name, decoded again, made durable and only then
    moved, so that no half file ever stands under the final name; an error or a cancel leaves nothing.

    Raises:
        OutputExists, NotWritable, DiskFull: the target cannot be had.
        BadOutput: the file does not decode to what was planned.
        Cancelled: the tick said so.
    """
    started = time.monotonic()
    name = video_id or new_video_id()
    if not number_if_taken:
        refuse_existing(target, replace_existing)
    watch = maker.watch(still_allowed=_still_allowed(plan))
    with beside(target) as partial:
        engine.load(plan)
        words = describe(plan, name, picture_name, keep_prompt=keep_prompt)
        with _written(partial, target, plan, words, maker, watch) as write:
            for frame in engine.frames(plan, anchor, tick):
                write(frame)
        tick("check", 0, 1)
        maker.check(partial, plan)
        tick("check", 1, 1)  # the last chance to cancel: after it the file stands
        with file_errors(target):
            path = settle(partial, target, replace_existing=replace_existing, number_if_taken=number_if_taken)
    notes = (*plan.notes, *engine.notes(), *watch.verdict())
    return Rendered(path, replace(plan, notes=notes), name, notes, time.monotonic() - started)


@contextlib.contextmanager
def _written(
    partial: Path,
    target: Path,
    plan: Plan,
    words: Mapping[str, str],
    maker: VideoMaker,
    watch: FrameCheck,
) -> Iterator[Callable[[Frame], None]]:
    """An open encoder, as a function that takes frames. Only its own file errors are blamed on the target."""
    with contextlib.ExitStack() as stack:
        with file_errors(target):
            encoder = stack.enter_context(maker.encoder(partial, plan, words))

        def write(frame: Frame) -> None:
            watch.see(frame)
            with file_errors(target):
                encoder.write(frame)

        yield write
        with file_errors(target):
            stack.close()


def _still_allowed(plan: Plan) -> bool:
    """A locked-off camera without effects is meant to stand still; so is a single frame."""
    locked = plan.details.get("moves") == ["static"] and not plan.details.get("effects")
    return locked or plan.num_frames == 1


def frames_of(plan: Plan, anchor: Anchor, engine: Engine, tick: Tick = silent) -> Iterator[Frame]:
    """The frames alone, before any encoder."""
    engine.load(plan)
    return engine.frames(plan, anchor, tick)
