"""From what a client says to a request: the same for a new video, a remix, an extension and a plan."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unstill.core.by_card import as_card_has_it
from unstill.core.choosing import USUAL, decide
from unstill.core.inbox import Upload
from unstill.core.loras import only_names
from unstill.core.plan import find_card
from unstill.core.services import Services
from unstill.domain.errors import Language, NotAChoice, UnknownModel
from unstill.domain.notes import Note, note
from unstill.domain.request import VideoRequest, is_auto


@dataclass(frozen=True)
class Ask:
    """What a client wants: fields of `VideoRequest` by name, a length, and what to say of all else it sent.

    ``seconds`` counts where neither ``num_frames`` is given nor a video is remixed; options may be text.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    deadline_s: float | None = None
    """Seconds from now on after which the video is of no more use."""
    notes: tuple[Note, ...] = ()
    """What was sent and is not heeded: a typing mistake must not pass in silence."""
    language: Language | None = None
    """What the client reads: that of a visible label."""
    loose: frozenset[str] = frozenset()
    """Options that stood beside the fields, of a model that is not known yet: some may not be its own."""
    choice: tuple[Note, ...] = ()
    """Which model "auto" came to mean, and why: said first."""

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


def chosen(ask: Ask, services: Services, last_image: object = None, size: tuple[int, int] = USUAL) -> Ask:
    """The same with a model in the place of "auto", and the notes that say which and why. ``size`` is the
    picture's, where it is known.

    Raises a `BadRequest`, and `NothingFits` as `decide`.
    """
    if not is_auto(ask.fields.get("model")):
        return ask
    request = _request(ask, services, last_image)
    choice = decide(request, services, size, ask.seconds)
    return replace(ask, fields={**ask.fields, "model": choice.card.id}, choice=choice.notes)


def request_of(ask: Ask, services: Services, last_image: object = None) -> VideoRequest:
    """The request of an ask that is `chosen`, its options read as the model's card has them and its length
    in frames. ``last_image`` is whatever stands for a picture for the last frame, None for none.

    Raises a `BadRequest`.
    """
    request = _request(ask, services, last_image)
    try:
        family, card = find_card(request.model, services.families)
    except UnknownModel:  # planning knows whether its engine is broken
        return request
    return as_card_has_it(request, ask.seconds, family, card)


def _request(ask: Ask, services: Services, last_image: object) -> VideoRequest:
    _check_choices(ask, services)
    request = VideoRequest(**{**ask.fields, "last_image": last_image})
    only_names(request)
    return request


def _check_choices(ask: Ask, services: Services) -> None:
    """Raises `NotAChoice` for a list or an object in the place of one of an option's words."""
    options = ask.fields.get("options")
    if not isinstance(options, Mapping):
        return
    cards = [card for family in services.families for card in family.cards]
    for name, value in options.items():
        choices = next((c.options[name].choices for c in cards if name in c.options), ())
        if choices and isinstance(value, (list, tuple, Mapping)):
            raise NotAChoice(param=str(name), value=repr(value)[:80], choices=", ".join(choices))


def digest_of(ask: Ask, upload: Upload | None, **besides: object) -> str:
    """What makes two requests the same: what was asked for, the picture's bytes and what ``besides`` names.

    Only the request itself counts (a drawn seed is not there yet), neither a model's card nor what a video it
    goes on from has become: sent again later, it is still the same. Raises a `BadRequest`.
    """
    request = VideoRequest(**ask.fields)
    options = {name: _plain(value) for name, value in request.options.items()}
    said = {**request.settings(), "options": options, "seconds": ask.seconds, **besides}
    said["picture"] = upload and upload.sha256()
    if ask.deadline_s is not None:
        said["deadline_s"] = ask.deadline_s
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
