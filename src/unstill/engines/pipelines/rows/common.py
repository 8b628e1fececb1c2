"""What the rows share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import Language

FPS, STEPS, GUIDANCE = Range(1, 60), Range(1, 100), Range(1, 20)
WORST = "low quality, worst quality, blurry, jittery, distorted, static, watermark"
"""What is used where a request gives no negative prompt and the authors name none."""


def card(
    id: str,  # noqa: A002 it is the card's own name
    *,
    parameters: Mapping[str, int],
    native: Mapping[str, object],
    frames: tuple[int, int],
    side: tuple[int, int],
    about: Mapping[Language, str],
    **more: Any,
) -> ModelCard:
    """A generative model's card; ``download_bytes`` is two bytes a parameter unless ``more`` says it."""
    count = sum(parameters.values())
    facts: dict[str, Any] = {
        "generative": True, "fps": FPS, "steps": STEPS, "guidance": GUIDANCE, "negative_prompt": True,
        "parameters": count, "download_bytes": 2 * count, **more,
    }  # fmt: skip
    whole = {"fit": "keep", "loop": False, "interpolate": 1, **native}
    return ModelCard(id=id, about=about, native=whole, frames=Range(*frames), side=Range(*side), **facts)
