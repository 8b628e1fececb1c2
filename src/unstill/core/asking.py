"""From what a client says to a request: the same for a new video, a remix, an extension and a plan."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unstill.core.choosing import AUTO, decide
from unstill.core.inbox import Upload
from unstill.core.loras import only_names
from unstill.core.plan import find_card
from unstill.core.services import Services
from unstill.domain.catalog import ModelCard, Option
from unstill.domain.errors import InvalidField, Language, OutOfRange, UnknownModel
from unstill.domain.notes import Note, note
from unstill.domain.request import VideoRequest


@dataclass(frozen=True)
class Ask:
    """What a client wants: fields of `VideoRequest` by name, a length, and what to say of all else it sent.

    ``seconds`` counts where neither ``num_frames`` is given nor a video is remixed; options may be text.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    notes: tuple[Note, ...] = ()
    """What was sent and is not heeded: a typing mistake must not pass in silence."""
    language: Language | None = None
    """What the client reads: that of a visible label."""
    loose: frozenset[str] = frozenset()
    """Options that stood beside the fields, of a model that is not known yet: some may not be its own."""

    def settled(self, model: str, services: Services) -> Ask:
        """The same for this model: loose options that it does not have are named and left out."""
        try:
            _, card = find_card(model, services.families)
        except UnknownModel:  # planning knows whether its engine is broken
            return self
        strange = sorted(self.loose - card.options.keys())
        given = self.fields.get("options")
        if not strange or not isinstance(given, Mapping):
            return replace(self, loose=frozenset())
        options = {name: value for name, value in given.items() if name not in strange}
        said = tuple(note("field_ignored", param=name) for name in strange)
        fields = {**self.fields, "options": options}
        return replace(self, fields=fields, notes=(*self.notes, *said), loose=frozenset())


def request_of(ask: Ask, services: Services, last_image: object = None) -> VideoRequest:
    """The request, its options read as the model's card has them and its length in frames. ``last_image`` is
    whatever stands for a picture for the last frame, None for none.

    Raises a `BadRequest`.
    """
    request = VideoRequest(**{**ask.fields, "last_image": last_image})
    only_names(request)
    model = decide(request, services).card.id if request.model == AUTO else request.model
    try:
        family, card = find_card(model, services.families)
    except UnknownModel:  # planning knows whether its engine is broken
        return request
    options = {name: _option(name, value, card.options.get(name)) for name, value in request.options.items()}
    request = request.model_copy(update={"options": options})
    if ask.seconds is None or request.num_frames is not None:
        return request
    defaults = {**card.native, **family.read(request, card).defaults}
    fps = request.fps or int(str(defaults["fps"]))
    return request.model_copy(update={"num_frames": frames_for(ask.seconds, fps, card)})


def frames_for(seconds: float, fps: int, card: ModelCard) -> int:
    """Frames of so many seconds. Raises `OutOfRange` in seconds, which is what was asked for."""
    low, high = card.frames.low / fps, card.frames.high / fps
    frames = round(seconds * fps)
    if frames not in card.frames:
        least, most = math.ceil(low * 1000) / 1000, math.floor(high * 1000) / 1000
        raise OutOfRange(param="seconds", value=f"{seconds:g}", low=least, high=most)
    return frames


def _option(name: str, value: object, option: Option | None) -> object:
    """An option out of a form, where everything is text. The plan refuses what cannot be read."""
    if option is None or not isinstance(value, str):
        return value
    if isinstance(option.default, bool):
        if value.lower() not in ("true", "false", "1", "0"):
            raise InvalidField(
                param=name, value=repr(value)[:80], expected="true or false", expected_zh="true 或 false"
            )
        return value.lower() in ("true", "1")
    if option.limits:
        try:
            return float(value)
        except ValueError:
            return value
    return value


def digest_of(ask: Ask, upload: Upload | None, **besides: object) -> str:
    """What makes two requests the same: what was asked for, the picture's bytes and what ``besides`` names.

    Only the request itself counts (a drawn seed is not there yet), neither a model's card nor what a video it
    goes on from has become: sent again later, it is still the same. Raises a `BadRequest`.
    """
    request = VideoRequest(**ask.fields)
    options = {name: _plain(value) for name, value in request.options.items()}
    said = {**request.settings(), "options": options, "seconds": ask.seconds, **besides}
    said["picture"] = upload and upload.sha256()
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _plain(value: object) -> object:
    """An option's value, whether a form or JSON carried it."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "false"):
            return text == "true"
        with contextlib.suppress(ValueError):
            return float(text)
    return value
