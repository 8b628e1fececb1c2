"""A worker's task, from its stored picture to a finished file and the small pictures of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.core.making import Ready, plan_for, prepare
from unstill.core.ports import Anchor, Engine, Picture, Tick
from unstill.core.render import Rendered, render
from unstill.core.worker import Done, Task
from unstill.domain.errors import UnstillError
from unstill.domain.notes import Note
from unstill.domain.request import VideoRequest

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame
    from unstill.core.services import Services

LOG = logging.getLogger(__name__)
OPEN, LOAD, FINISH = "open", "load", "finish"
"""Stages of ours; an engine brings its own, and `render` ends with "check"."""


def carry_out(task: Task, services: Services, tick: Tick) -> Done:
    """Make the video of a task. Whatever goes wrong, a cancel at the last tick too, nothing is left of it.

    Raises:
        UnstillError: what `prepare` and `render` raise.
    """
    target = Path(task.target)
    try:
        tick(OPEN, 0, 1)
        ready, film = _extension(task, services) if task.kind == "extend" else (_ready(task, services), None)
        tick(LOAD, 0, 1)
        made = _render(task, ready, film, services, tick)
        tick(FINISH, 0, 1)
        done = _facts(made, services)
        tick(FINISH, 1, 1)
    except BaseException:
        for left in (target, *small_pictures(target)):
            left.unlink(missing_ok=True)
        raise
    return done


def small_pictures(video: Path) -> tuple[Path, Path]:
    """Where the thumbnail and the sprite sheet of a video lie."""
    return video.with_suffix(".jpg"), video.with_suffix(".sheet.jpg")


def _ready(task: Task, services: Services) -> Ready:
    ready = prepare(VideoRequest(image=Path(task.input), **task.request), services)
    return replace(ready, picture_name=task.picture_name)


@dataclass(frozen=True)
class Film:
    """A video that goes on: the plan of what is added to it, and where the earlier part lies."""

    added: Plan
    source: Path


def _extension(task: Task, services: Services) -> tuple[Ready, Film]:
    """What the finished file is to be, and what is added for it: the request, from the source's last frame.

    The file has the source's size. The request's frames count the first one, which repeats that last frame.
    """
    assert task.source is not None
    source = Path(task.source)
    last, count = services.tail(source)
    picture = Picture(last, task.picture_name, "pixels")
    size = f"{picture.width}x{picture.height}"
    request = VideoRequest(**{**task.request, "size": size, "fit": "crop", "loop": None})
    added = plan_for(request, (picture.width, picture.height), services)
    whole = replace(added, num_frames=count + added.num_frames - 1)
    return Ready(whole, services.door.fit(picture, added), task.picture_name), Film(added, source)


class _Continued:
    """An engine whose film begins with another video. Fits `Engine`."""

    def __init__(self, engine: Engine, film: Film, services: Services) -> None:
        self._engine, self._film, self._services = engine, film, services

    def load(self, plan: Plan) -> None:  # noqa: ARG002 the added part is what is made
        self._engine.load(self._film.added)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        added = self._engine.frames(self._film.added, anchor, tick)
        earlier = plan.num_frames - self._film.added.num_frames + 1
        for number, frame in enumerate(self._services.stitched(self._film.source, added)):
            if number < earlier:
                tick("source", number, earlier)
            yield frame

    def notes(self) -> Sequence[Note]:
        return self._engine.notes()

    def unload(self) -> None:
        self._engine.unload()


def _render(task: Task, ready: Ready, film: Film | None, services: Services, tick: Tick) -> Rendered:
    with services.borrow(ready.plan.card) as engine:
        return render(
            ready.plan,
            ready.anchor,
            ready.picture_name,
            Path(task.target),
            _Continued(engine, film, services) if film else engine,
            services.maker,
            tick=tick,
            keep_prompt=services.keep_prompt if task.keep_prompt is None else task.keep_prompt,
            replace_existing=True,  # the name is this attempt's own: what is there was left by a dead one
            video_id=task.job_id,
        )


def _facts(made: Rendered, services: Services) -> Done:
    video = made.path
    small: str | None = None
    sheet: str | None = None
    try:
        small, sheet = map(str, services.thumbnails(video, video.parent))
    except (UnstillError, OSError) as error:  # the video is what was asked for
        LOG.warning("no small pictures of %s: %s", video.name, type(error).__name__)
    with video.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Done(
        path=str(video),
        size_bytes=video.stat().st_size,
        sha256=digest,
        elapsed_s=made.elapsed_s,
        peak_bytes=services.peak_bytes(),
        thumbnail=small,
        spritesheet=sheet,
        notes=made.notes,
        plan={name: value for name, value in made.plan.to_json().items() if name != "notes"},
    )
