"""What a finished file says about itself: the request, how it was made, and the AIGC label."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from unstill.core.plan import Plan
from unstill.domain.errors import Language, UnstillError
from unstill.domain.lora import is_name, name_of
from unstill.domain.notes import BEFORE
from unstill.domain.request import VideoRequest
from unstill.version import __version__

KEY = "unstill"
"""Name of the metadata entry that holds the settings, as JSON."""
LABEL_KEY = "AIGC"
"""Name of the entry GB 45438-2025 asks for; its value is bare JSON."""
SCHEMA = 1
MOST_CHARACTERS = 256 * 1024
"""Of a record; ours have a few thousand."""
MOST_LEVELS = 8
"""Of lists and objects inside each other; ours have four."""
_HALVES = re.compile("[\ud800-\udfff]")


def describe(
    plan: Plan, video_id: str, picture_name: str, *, last_name: str = "", keep_prompt: bool = True
) -> dict[str, str]:
    """The metadata entries of one video, name to value.

    The settings hold the whole request as the plan filled it, so that the same file can be made again.
    ``keep_prompt=False`` leaves the person's words out. Of LoRA files the name alone is told, no folder.
    """
    request = plan.request.settings()
    if plan.request.loras:
        request["loras"] = [{"source": name_of(u.source), "weight": u.weight} for u in plan.request.loras]
    if not keep_prompt:
        for words in ("prompt", "negative_prompt"):
            request.pop(words, None)
    made = {
        "schema": SCHEMA,
        "version": __version__,
        "id": video_id,
        "model": plan.model,
        "revision": plan.card.revision,
        "generative": plan.card.generative,
        "kind": plan.card.kind,
        "licence": plan.card.licence,
        "picture": picture_name,
        **({"last_picture": last_name} if last_name else {}),
        "request": request,
        "prompt_left_out": not keep_prompt,
        "width": plan.width,
        "height": plan.height,
        "num_frames": plan.num_frames,
        "fps": plan.fps,
        "label_language": plan.label,
        "details": dict(plan.details) if keep_prompt else {},
        "notes": [n.to_json() for n in plan.notes if n.code not in BEFORE] if keep_prompt else [],
    }
    return {KEY: _compact(made), LABEL_KEY: _compact(aigc_label(plan, video_id))}


def aigc_label(plan: Plan, video_id: str) -> dict[str, str]:
    """The implicit label of GB 45438-2025, annex E: every key present, unused ones empty.

    ``motion`` carries it too; its producer says that the motion is a camera move and nothing was generated.
    """
    producer = f"unstill {__version__} {plan.model}" + ("" if plan.card.generative else " (camera motion)")
    return {
        "Label": "1",
        "ContentProducer": producer,
        "ProduceID": video_id,
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }


def read_settings(entries: Mapping[str, str]) -> dict[str, Any] | None:
    """The settings in a file's metadata entries; None where there are none or they are not ours.

    Files come from strangers: what comes back is plain JSON, bounded, finite, and of the types that
    `describe` writes. Parts that are not are left out and named in "unusable".
    """
    found = _parsed(entries.get(KEY))
    if not isinstance(found, dict) or not isinstance(found.get("request"), dict):
        return None
    unusable = [name for name, fits in _FITS.items() if name in found and not fits(found[name])]
    kept = {name: value for name, value in found.items() if name not in unusable and name != "unusable"}
    wrong = [name for name, value in kept["request"].items() if not _fits_request(name, value)]
    kept["request"] = {name: value for name, value in kept["request"].items() if name not in wrong}
    if isinstance(kept.get("notes"), list):
        kept["notes"] = [told for told in kept["notes"] if _is_note(told)]
    unusable += [f"request.{name}" for name in wrong]
    return {**kept, "unusable": unusable} if unusable else kept


def read_label(entries: Mapping[str, str]) -> dict[str, str] | None:
    """The AIGC label, ours or another program's; None where there is none that can be read."""
    found = _parsed(entries.get(LABEL_KEY))
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _parsed(text: str | None) -> object:
    """A stranger's JSON; None where it is none, or more than anybody needs."""
    if text is None or len(text) > MOST_CHARACTERS:
        return None
    try:
        found = json.loads(_HALVES.sub("\ufffd", text), parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return _bounded(found, MOST_LEVELS)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _bounded(value: object, levels: int) -> object:
    """The same without what lies too deep, and without halves of characters that were escaped."""
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_bounded(item, levels - 1) for item in value] if levels else None
    if isinstance(value, dict):
        inside = ((str(_bounded(k, 1)), _bounded(v, levels - 1)) for k, v in value.items())
        return dict(inside) if levels else None
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    """A number of pixels, frames or frames a second that arithmetic and screens can bear."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _is_language(value: object) -> bool:
    return value is None or value in get_args(Language)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _are_details(value: object) -> bool:
    """An engine's own facts; the two that are shown are lists of ids."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name, []), list) and all(map(_is_text, value.get(name, [])))
        for name in ("moves", "effects")
    )


def _is_note(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("code"), str):
        return False
    facts = value.get("facts", {})
    return isinstance(facts, dict) and all(isinstance(v, (str, int, float, list)) for v in facts.values())


_FITS: Mapping[str, Callable[[object], bool]] = {
    "version": _is_text,
    "id": _is_text,
    "model": _is_text,
    "generative": _is_flag,
    "kind": _is_text,
    "licence": _is_text,
    "picture": _is_text,
    "last_picture": _is_text,
    "prompt_left_out": _is_flag,
    "width": _is_count,
    "height": _is_count,
    "num_frames": _is_count,
    "fps": _is_count,
    "label_language": _is_language,
    "details": _are_details,
    "notes": lambda value: isinstance(value, list),
}
"""What each entry that is shown has to be. Others, of later versions, are passed on as they are."""


def _fits_request(name: str, value: object) -> bool:
    """A stranger's file may set anything but pictures and paths: those are the person's to name."""
    if name in ("image", "last_image"):
        return False
    if name not in VideoRequest.model_fields:
        return True
    try:
        made = VideoRequest(**{name: value})  # type: ignore[arg-type]
    except UnstillError:
        return False
    return all(is_name(use.source) for use in made.loras)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
