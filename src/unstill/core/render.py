"""From a plan to a file: engine, check and encoder joined, one frame at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.core.metadata import describe
from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Engine, Tick, VideoMaker, silent
from unstill.domain.errors import DiskFull, NotWritable, OutputExists
from unstill.domain.notes import Note

if TYPE_CHECKING:
    from unstill.core.ports import Frame

NO_SPACE = 28
"""errno.ENOSPC and its Windows equals both mean that the disk is full."""


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
    video_id: str | None = None,
) -> Rendered:
    """Make the video of ``plan`` at ``target``.

    The file is written beside the target under a temporary name, decoded again, made durable and only then
    moved, so that no half file ever stands under the final name; an error or a cancel leaves nothing.

    Raises:
        OutputExists, NotWritable, DiskFull: the target cannot be had.
        BadOutput: the file does not decode to what was planned.
        Cancelled: the tick said so.
    """
    started = time.monotonic()
    name = video_id or new_video_id()
    refuse_existing(target, replace_existing)
    watch = maker.watch(still_allowed=_still_allowed(plan))
    with _file_errors(target):
        partial = _temporary(target)
        try:
            engine.load(plan)
            with maker.encoder(partial, plan, describe(plan, name, picture_name, keep_prompt=keep_prompt)) as encoder:
                for frame in engine.frames(plan, anchor, tick):
                    watch.see(frame)
                    encoder.write(frame)
            tick("check", 0, 1)
            maker.check(partial, plan)
            _make_durable(partial, target, replace_existing)
            tick("check", 1, 1)
        finally:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
    notes = (*plan.notes, *engine.notes(), *watch.verdict())
    return Rendered(target, replace(plan, notes=notes), name, notes, time.monotonic() - started)


def refuse_existing(target: Path, replace_existing: bool) -> None:
    """Say no before the work, not after it."""
    if target.is_dir() or (target.exists() and not replace_existing):
        raise OutputExists(path=target)


def _still_allowed(plan: Plan) -> bool:
    """A locked-off camera without effects is meant to stand still."""
    return plan.details.get("moves") == ["static"] and not plan.details.get("effects")


def _temporary(target: Path) -> Path:
    """A name in the target's folder (a rename is atomic only there) that nobody else uses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent / f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}"


def _make_durable(partial: Path, target: Path, replace_existing: bool) -> None:
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    if replace_existing:
        partial.replace(target)
    else:
        try:
            os.link(partial, target)  # unlike rename, fails where somebody made the target meanwhile
        except FileExistsError:
            raise OutputExists(path=target) from None
        except OSError:  # a file system without hard links
            refuse_existing(target, replace_existing)
            partial.replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows has no folder handles and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _file_errors(target: Path) -> Iterator[None]:
    """The system's word for a bad output folder, in ours."""
    try:
        yield
    except OSError as error:
        if error.errno == NO_SPACE:
            raise DiskFull(path=target.parent) from error
        raise NotWritable(path=target, reason=error.strerror or type(error).__name__) from error


def frames_of(plan: Plan, anchor: Anchor, engine: Engine, tick: Tick = silent) -> Iterator[Frame]:
    """The frames alone, before any encoder."""
    engine.load(plan)
    return engine.frames(plan, anchor, tick)
