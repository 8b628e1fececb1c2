"""What a finished file says about itself: the request, how it was made, and the AIGC label."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from unstill.core.plan import Plan
from unstill.version import __version__

KEY = "unstill"
"""Name of the metadata entry that holds the settings, as JSON."""
LABEL_KEY = "AIGC"
"""Name of the entry GB 45438-2025 asks for; its value is bare JSON."""
SCHEMA = 1


def describe(plan: Plan, video_id: str, picture_name: str, *, keep_prompt: bool = True) -> dict[str, str]:
    """The metadata entries of one video, name to value.

    The settings hold the whole request as the plan filled it, so that the same file can be made again.
    ``keep_prompt=False`` leaves the person's words out.
    """
    request = plan.request.settings()
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
        "request": request,
        "prompt_left_out": not keep_prompt,
        "width": plan.width,
        "height": plan.height,
        "num_frames": plan.num_frames,
        "fps": plan.fps,
        "details": dict(plan.details) if keep_prompt else {},
        "notes": [n.to_json() for n in plan.notes] if keep_prompt else [],
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
    """The settings in a file's metadata entries; None where there are none or they are not ours."""
    try:
        found = json.loads(entries[KEY])
    except (KeyError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("request"), dict) else None


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
