"""Whether the chosen model takes what a request brings along: a last picture, LoRA files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unstill.core.ports import EngineFamily
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import LastPictureNeeded, LoopHasNoLast, NotOffered
from unstill.domain.lora import name_of
from unstill.domain.request import VideoRequest

MOST_NAMED = 6
"""Models that a refusal names."""


def check_last(request: VideoRequest, card: ModelCard, loop: bool, families: Sequence[EngineFamily]) -> None:
    """A picture for the last frame goes to models that take one. A loop needs none: it ends with its first.

    Raises:
        LastPictureNeeded, NotOffered, LoopHasNoLast
    """
    if request.last_image is None:
        if card.last_picture == "must" and not loop:
            raise LastPictureNeeded(param="last_image", model=card.id)
    elif card.last_picture == "no":
        able = _those(families, lambda one: one.last_picture != "no")
        raise NotOffered(param="last_image", value="a picture", value_zh="图片", model=card.id, able=able)
    elif loop:
        raise LoopHasNoLast(param="last_image")


def check_loras(request: VideoRequest, card: ModelCard, families: Sequence[EngineFamily]) -> None:
    """Raises `NotOffered` for a model that takes no LoRA files."""
    if request.loras and not card.lora:
        named = ", ".join(name_of(use.source) for use in request.loras)
        able = _those(families, lambda one: one.lora)
        raise NotOffered(param="loras", value=named, model=card.id, able=able)


def _those(families: Sequence[EngineFamily], able: Callable[[ModelCard], bool]) -> str:
    """The ids of models that can, a few at most; "" for none."""
    found = [card.id for family in families for card in family.cards if able(card)]
    return ", ".join(found[:MOST_NAMED])
