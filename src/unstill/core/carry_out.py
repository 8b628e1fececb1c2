"""A worker's task, from its stored picture to a finished file and the small pictures of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unstill.core.making import Ready, plan_for, prepare
from unstill.core.metadata import read_settings
from unstill.core.ports import Anchor, Engine, Picture, Sound, Sounding, Tick
from unstill.core.prompts import translated
from unstill.core.render import Rendered, render
from unstill.core.sounds import continued
from unstill.core.worker import Done, Task
from unstill.domain.errors import FileMissing, Language, UnstillError
from unstill.domain.notes import Note
from unstill.domain.request import VideoRequest

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame, SmallPictures
    from unstill.core.services import Services

LOG = logging.getLogger(__name__)
OPEN, LOAD, FINISH = "open", "load", "finish"
"""Stages of ours; an engine brings its own, and `render` ends with "check"."""


class Small(NamedTuple):
    """Where the pictures of a video lie: thumbnail, sprite sheet, and its last frame without a label."""

    thumbnail: Path
    sheet: Path
    last_frame: Path


def small_pictures(video: Path) -> Small:
    """The names; any of the pictures may be missing."""
    return Small(*(video.with_suffix(ending) for ending in (".jpg", ".sheet.jpg", ".last.png")))


def carry_out(task: Task, services: Services, tick: Tick) -> Done:
    """Make the video of a task. Whatever goes wrong, a cancel at the last tick too, nothing is left of it.

    Raises:
        UnstillError: what `prepare` and `render` raise.
    """
    target = Path(task.target)
    try:
        tick(OPEN, 0, 1)
        longer = task.kind == "extend"
        ready, film = _extension(task, services, tick) if longer else (_ready(task, services, tick), None)
        tick(LOAD, 0, 1)
        pictures = services.small_pictures(ready.plan.num_frames)
        made = _render(task, ready, film, services, tick, pictures)
        tick(FINISH, 0, 1)
        done = _facts(made, pictures, services)
        tick(FINISH, 1, 1)
    except BaseException:
        for left in (target, *small_pictures(target)):
            left.unlink(missing_ok=True)
        raise
    return done


def _ready(task: Task, services: Services, tick: Tick) -> Ready:
    last = Path(task.last_input) if task.last_input is not None else None
    request = VideoRequest(image=Path(task.input), last_image=last, **task.request)
    ready = prepare(request, services, language=task.language, tick=tick)
    return replace(ready, picture_name=task.picture_name, last_name=task.last_name)


@dataclass(frozen=True)
class Film:
    """A video that goes on: the plan of what is added to it, and where the earlier part lies."""

    added: Plan
    source: Path
    labelled: int
    """How many frames of the earlier part stand as they are where the whole has the visible label: all that
    came with it, none that came without."""


def _extension(task: Task, services: Services, tick: Tick) -> tuple[Ready, Film]:
    """What the finished file is to be, and what is added for it: the request, from the source's last frame.

    The file has the source's size. The request's frames count the first one, which repeats that last frame.
    """
    assert task.source is not None
    source = Path(task.source)
    label, fps = _label_of(source, services)
    last, count = services.tail(source)
    if label and services.maker.label(label, last.shape[1], last.shape[0], fps).shows(count - 1):
        last = _bare_end(source, services)
    picture = Picture(last, task.picture_name, "pixels")
    larger = task.request.get("upscale") or 1
    size = f"{picture.width // larger}x{picture.height // larger}"
    request = VideoRequest(**{**task.request, "size": size, "fit": "crop", "loop": None})
    added = plan_for(request, (picture.width, picture.height), services, task.language)
    added = translated(added, services.translator, tick)
    whole = replace(
        added,
        num_frames=count + added.num_frames - 1,
        label=label or added.label,
        request=added.request.model_copy(update={"visible_label": bool(label or added.label)}),
    )
    ready = Ready(whole, services.door.fit(picture, added.drawn), task.picture_name)
    return ready, Film(added, source, count if label else 0)


def _label_of(video: Path, services: Services) -> tuple[Language | None, float]:
    """The language of the visible label on a video of ours and its frames a second, as it says itself."""
    said = read_settings(services.metadata(video)) or {}
    language: Language | None = said.get("label_language")
    return (language, said["fps"]) if language and "fps" in said else (None, 0.0)


def _bare_end(video: Path, services: Services) -> Frame:
    """A video's last frame as it was before it was labelled: a camera that starts from the file's own would
    carry the label away.

    Raises:
        FileMissing: what was kept of it is gone.
    """
    kept = small_pictures(video).last_frame
    if not kept.exists():
        raise FileMissing(path=kept)
    return services.door.open(kept).pixels


class _Continued:
    """An engine whose film begins with another video. Fits `Engine` and `Sounding`."""

    def __init__(self, engine: Engine, film: Film, services: Services) -> None:
        self._engine, self._film, self._services = engine, film, services
        self._earlier_s = 0.0

    def load(self, plan: Plan) -> None:  # noqa: ARG002 the added part is what is made
        self._engine.load(self._film.added)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        added = self._engine.frames(self._film.added, anchor, tick)
        earlier = plan.num_frames - self._film.added.num_frames + 1
        self._earlier_s = earlier / plan.fps
        for number, frame in enumerate(self._services.stitched(self._film.source, added)):
            if number < earlier:
                tick("source", number, earlier)
            yield frame

    def notes(self) -> Sequence[Note]:
        return self._engine.notes()

    def sound(self) -> Sound | None:
        """The source's own, or silence, and then what is added, from its second frame on."""
        later = self._engine.sound() if isinstance(self._engine, Sounding) else None
        earlier = self._services.heard(self._film.source, later.rate if later else None)
        return continued(earlier, later, self._earlier_s, 1 / self._film.added.fps)

    def unload(self) -> None:
        self._engine.unload()


def _render(
    task: Task, ready: Ready, film: Film | None, services: Services, tick: Tick, pictures: SmallPictures
) -> Rendered:
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
            labelled=film.labelled if film else 0,
            see=pictures.see,
            last_name=ready.last_name,
        )


def _facts(made: Rendered, pictures: SmallPictures, services: Services) -> Done:
    video, small = made.path, small_pictures(made.path)
    drawn = True
    try:
        pictures.save(small.thumbnail, small.sheet)
    except (UnstillError, OSError) as error:  # the video is what was asked for
        drawn = False
        LOG.warning("no small pictures of %s: %s", video.name, type(error).__name__)
    if made.bare_end is not None:
        services.keep(made.bare_end, small.last_frame)
    with video.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = video.stat()
    return Done(
        path=str(video),
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=digest,
        elapsed_s=made.elapsed_s,
        peak_bytes=services.peak_bytes(),
        thumbnail=str(small.thumbnail) if drawn else None,
        spritesheet=str(small.sheet) if drawn else None,
        last_frame=str(small.last_frame) if made.bare_end is not None else None,
        notes=made.notes,
        plan={name: value for name, value in made.plan.to_json().items() if name != "notes"},
        sound=made.sound,
    )
