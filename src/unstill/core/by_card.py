"""What a request says, read as one model's card has it: its options, and its length in frames."""

from __future__ import annotations

import math

from unstill.core.ports import EngineFamily
from unstill.domain.catalog import ModelCard, Option
from unstill.domain.errors import InvalidField, OutOfRange
from unstill.domain.request import VideoRequest


def as_card_has_it(
    request: VideoRequest, seconds: float | None, family: EngineFamily, card: ModelCard
) -> VideoRequest:
    """The request with options of the card's kinds, and ``seconds`` in frames where it names no number of
    them. Raises `InvalidField`, and `OutOfRange` as `frames_for`."""
    options = {name: _option(name, value, card.options.get(name)) for name, value in request.options.items()}
    request = request.model_copy(update={"options": options})
    if seconds is None or request.num_frames is not None:
        return request
    defaults = {**card.native, **family.read(request, card).defaults}
    fps = request.fps or int(str(defaults["fps"]))
    return request.model_copy(update={"num_frames": frames_for(seconds, fps, card)})


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
