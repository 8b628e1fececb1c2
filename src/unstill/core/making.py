"""One video from a request: the way that the command line, Python and the workers share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unstill.core.at_hand import with_remarks
from unstill.core.choosing import decide
from unstill.core.labelling import Labelling
from unstill.core.loras import require_loras
from unstill.core.metadata import KEY, read_settings
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Anchor, Tick, silent
from unstill.core.prompts import require, settled, translated
from unstill.core.render import Rendered, render
from unstill.core.services import Services
from unstill.domain.errors import (
    DamagedRecord,
    EmptyName,
    EngineBroken,
    InvalidField,
    Language,
    NotOurVideo,
    UnknownFormat,
)
from unstill.domain.notes import Note, note
from unstill.domain.request import AUTO, FORMATS, VideoRequest

TOLD = ("moves", "effects", "auto", "prompt_used", "translator")
"""What of a plan's details the result repeats."""


@dataclass(frozen=True)
class Ready:
    """A plan with its picture, all that an engine needs."""

    plan: Plan
    anchor: Anchor
    picture_name: str
    last_name: str = ""
    """Of the picture for the last frame."""


@dataclass(frozen=True)
class Like:
    """The settings of an earlier video."""

    settings: Mapping[str, object]
    notes: tuple[Note, ...] = ()


def settings_in(path: Path, services: Services) -> dict[str, Any]:
    """What a file of ours says about itself.

    Raises:
        NotOurVideo, DamagedRecord, NotAVideo, NotReadable, FileMissing: there is nothing to be had from it.
    """
    return settings_among(services.metadata(path), path)


def settings_among(entries: Mapping[str, str], path: Path) -> dict[str, Any]:
    """The settings among the metadata entries of a file. Raises `NotOurVideo`, `DamagedRecord`."""
    found = read_settings(entries)
    if found is None:
        raise DamagedRecord(path=path) if KEY in entries else NotOurVideo(path=path)
    return found


def like(path: str | os.PathLike[str] | None, services: Services) -> Like:
    """The request an earlier video was made from; nothing where there is no such video."""
    if path is None:
        return Like({})
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidField(param="like", value=type(path).__name__, expected="a path", expected_zh="路径")
    if not os.fspath(path):
        raise EmptyName(param="like", what="video to be like", what_zh="参照视频")
    found = settings_in(Path(path), services)
    known = {name: value for name, value in found["request"].items() if name in VideoRequest.model_fields}
    said = [note("like_without_prompt", path=os.fspath(path))] if found.get("prompt_left_out") else []
    if found.get("unusable"):
        said.append(note("like_damaged", path=os.fspath(path), parts=", ".join(found["unusable"])))
    return Like(known, tuple(said))


def request_of(fields: Mapping[str, Any], earlier: Like) -> VideoRequest:
    """A request from what was given, else from the earlier video. None and an empty prompt are not given."""
    given = {name: value for name, value in fields.items() if value is not None}
    if not given.get("prompt"):
        given.pop("prompt", None)
    own = given.pop("options", {})
    if not isinstance(own, Mapping):
        VideoRequest(options=own)  # raises
    options = {**_mapping(earlier.settings.get("options")), **_mapping(own)}
    kept = dict(earlier.settings)
    if given.get("model", kept.get("model")) != kept.get("model"):
        kept.pop("visible_label", None)  # camera motion has none, which says nothing of generated video
        kept.pop("translate", None)  # another model may read what this one did not
    return VideoRequest(**{**kept, **given, "options": options})


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def plan_for(
    request: VideoRequest, size: tuple[int, int], services: Services, language: Language | None = None
) -> Plan:
    """`make_plan` on this computer, for somebody who reads ``language``; by default that of the settings.

    Raises besides `EngineBroken` for a model whose engine is broken.
    """
    if request.model == AUTO:
        choice = decide(request, services, size)
        chosen = request.model_copy(update={"model": choice.card.id})
        plan = plan_for(chosen, size, services, language)
        return replace(plan, notes=(*choice.notes, *plan.notes))
    families, broken = services.families, services.broken
    if request.model in broken or (not families and broken):
        known = {card.id for family in families for card in family.cards}
        if request.model not in known:
            raise EngineBroken(param="model", name=request.model or broken[0])
    labelling = Labelling(services.visible_label, language or services.language or "en")
    plan = make_plan(request, size, families, services.machine(), labelling, services.finishing)
    return settled(plan, services.translator)


def plan_picture(
    request: VideoRequest,
    services: Services,
    earlier: Like | None = None,
    language: Language | None = None,
) -> Plan:
    """What would be made of ``request.image``, which is opened only as far as its size needs."""
    plan = plan_for(request, services.door.size(request.image), services, language)
    require_brought(request, services)
    plan = with_remarks(plan, services, private=True)
    return replace(plan, notes=(*plan.notes, *(earlier.notes if earlier else ())))


def require_brought(request: VideoRequest, services: Services) -> None:
    """Make sure, before any work, of what a request brings along besides its picture. Raises a `BadPicture`
    of the last picture, and as `require_loras`."""
    if request.last_image is not None:
        services.door.size(request.last_image)
    require_loras(request, services)


def prepare(
    request: VideoRequest,
    services: Services,
    earlier: Like | None = None,
    language: Language | None = None,
    tick: Tick = silent,
) -> Ready:
    """Open the pictures and plan for them; where the model does not read the prompt it is put into English.
    Raises `BadPicture`, `BadRequest`, and as `Finishing.require`, `require_loras` and `translated`."""
    picture = services.door.open(request.image, request.background)
    plan = plan_for(request, (picture.width, picture.height), services, language)
    services.finishing.require(plan)
    require(plan, services.translator)
    require_loras(request, services)
    plan = translated(plan, services.translator, tick)
    plan = replace(plan, notes=(*plan.notes, *picture.notes, *(earlier.notes if earlier else ())))
    ready = Ready(plan, services.door.fit(picture, plan.drawn), picture.name)
    return ready if request.last_image is None else _with_last(ready, request, services)


def _with_last(ready: Ready, request: VideoRequest, services: Services) -> Ready:
    """The picture for the last frame, through the same door and at the same size as the first."""
    last = services.door.open(request.last_image, request.background)
    anchor = replace(ready.anchor, last=services.door.fit(last, ready.plan.drawn).frame)
    plan = replace(
        ready.plan, notes=(*ready.plan.notes, *(n for n in last.notes if n not in ready.plan.notes))
    )
    return Ready(plan, anchor, ready.picture_name, last.name)


def make(
    ready: Ready,
    target: Path,
    services: Services,
    *,
    tick: Tick = silent,
    keep_prompt: bool | None = None,
    replace_existing: bool = False,
    number_if_taken: bool = False,
    video_id: str | None = None,
) -> Rendered:
    """Render a prepared plan to ``target``; see `render`."""
    with services.borrow(ready.plan.card) as engine:
        return render(
            ready.plan,
            ready.anchor,
            ready.picture_name,
            target,
            engine,
            services.maker,
            tick=tick,
            keep_prompt=services.keep_prompt if keep_prompt is None else keep_prompt,
            replace_existing=replace_existing,
            number_if_taken=number_if_taken,
            video_id=video_id,
            last_name=ready.last_name,
        )


def format_of(path: Path) -> str | None:
    """The format a file name asks for; None without an ending. Raises `UnknownFormat` for another ending."""
    suffix = path.suffix.lower().removeprefix(".")
    if not suffix:
        return None
    if suffix not in FORMATS:
        raise UnknownFormat(path=path, known=", ".join(f".{name}" for name in FORMATS))
    return suffix


def report(done: Rendered, peak_bytes: int, language: Language = "en") -> dict[str, Any]:
    """A finished video in JSON: what `unstill generate --json` prints."""
    plan = done.plan
    return {
        "path": str(done.path),
        "id": done.video_id,
        "model": plan.model,
        "generative": plan.card.generative,
        "kind": plan.card.kind,
        "width": plan.width,
        "height": plan.height,
        "num_frames": plan.num_frames,
        "fps": plan.fps,
        "seconds": round(plan.seconds, 3),
        "seed": plan.seed,
        "loop": plan.loop,
        "format": plan.format,
        "visible_label": plan.label is not None,
        "sound": done.sound,
        "elapsed_s": round(done.elapsed_s, 3),
        "peak_bytes": peak_bytes,
        **{name: plan.details[name] for name in TOLD if name in plan.details},
        "notes": [n.text(language) for n in done.notes],
    }
