"""Peak memory of each rung: counted on this engine's own code with tensors that have shapes and no values.

The counts are those of `tests/engines/placement/test_memory_model.py`, which holds them to a tenth for many
sizes. Attention is taken to keep no matrix of scores, as it does on every device that is meant here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.rungs import CHUNK_BYTES, Rung, frames_at_once

if TYPE_CHECKING:
    from unstill.core.plan import Plan


@dataclass(frozen=True)
class _Pass:
    """Bytes in half precision of a pass through the UNet, per latent place and frame, where it needs most."""

    whole: int
    """In a feed-forward layer that is computed at once."""
    sliced: int
    """In the same, without what a slice of it takes."""
    attention: int
    """In attention."""
    attention_split: int
    """The same where there are more heads than a device takes at once."""
    always: int
    """Bytes that do not grow: the context's keys and values."""


BOTH = _Pass(33_970, 18_610, 23_730, 26_290, 16_500_000)
"""Both halves of guidance together."""
ONE = _Pass(17_970, 10_290, 12_850, 14_130, 9_250_000)
"""A clip without guidance."""
HALF = _Pass(18_640, 10_960, 13_500, 14_780, 16_500_000)
"""One half of guidance after the other: what both begin with is kept."""
HEADS, MOST_HEADS = 5, 65_535
"""Attention heads of the widest layers, and what `layers` gives a device at once."""
SLICE_BYTES = CHUNK_BYTES * 3 // 2
"""A slice's hidden values, and its gates."""
DECODED_BYTES, ENCODED_BYTES = 1_537, 1_287
"""Of the VAE, in half precision per pixel that is worked on at once."""
STREAMED_PARAMETERS = 120_652_800 + 11_309_928
"""On the device while weights are streamed: the three largest neighbours, and what belongs to no unit."""

NARROW_BYTES, WIDENED_PARAMETERS, PLAIN_PARAMETERS = 1_408_204_800, 49_152_000, 12_264_424 + 642_816
"""Weights kept in 8 bits; the largest unit, which is wide while it works; the rest, with the scales."""


def activation_bytes(
    width: int, height: int, num_frames: int, rung: Rung, *, guided: bool, value: int
) -> int:
    """Peak bytes of one denoising step beside the weights; ``value`` is the bytes of a value."""
    frame = width * height // 64
    places = frame * num_frames
    use = (HALF if rung.sequential else BOTH) if guided else ONE
    peak = use.whole * places * value // 2
    if rung.chunks:
        attention = use.attention_split if frame * HEADS > MOST_HEADS else use.attention
        sliced = use.sliced * places * value // 2 + SLICE_BYTES
        peak = min(peak, max(attention * places * value // 2, sliced))
    return peak + use.always * value // 2


def picture_bytes(width: int, height: int, rung: Rung, *, value: int) -> int:
    """Peak bytes of the VAE at work beside its weights: on the picture, or on the frames that it decodes at
    once."""
    pixels = width * height
    at_once = frames_at_once(rung, width, height)
    return max(DECODED_BYTES * pixels * at_once, ENCODED_BYTES * pixels) * value // 2


def _unet_bytes(rung: Rung, whole: int, value: int) -> int:
    if rung.narrows:
        return NARROW_BYTES + (WIDENED_PARAMETERS + PLAIN_PARAMETERS) * value
    return STREAMED_PARAMETERS * value if rung.streams else whole


def device_bytes(plan: Plan, rung: Rung, value_bytes: int, *, moves: bool = True) -> int:
    """Peak bytes of weights and activations of a clip at a rung; ``moves`` where weights can leave the
    device."""
    guided = float(plan.request.guidance_scale or 1) > 1
    step = activation_bytes(plan.width, plan.height, plan.num_frames, rung, guided=guided, value=value_bytes)
    seen = picture_bytes(plan.width, plan.height, rung, value=value_bytes)
    weights = {part: count * value_bytes for part, count in PARAMETERS.items()}
    if not (moves and rung.offloads):
        return sum(weights.values()) + max(step, seen)
    unet = _unet_bytes(rung, weights["unet"], value_bytes)
    encoder = 0 if rung.streams else weights["image_encoder"]
    return max(unet + step, weights["vae"] + seen, encoder)
