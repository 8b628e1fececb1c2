"""What a clip costs, before any device is asked: a rough and honest guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstill.core.ports import Estimate, Machine
from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.recipe import Recipe, recipe_of
from unstill.engines.i2vgen_xl.rungs import Rung

if TYPE_CHECKING:
    from unstill.core.plan import Plan

UNET_FLOPS, UNET_FLOPS_PER_PLACE = 5.800e8, 1.438e4
"""Of one denoising step with guidance, per latent place and frame; the second also per place of a frame
(spatial attention). Within 0.2 % of an op-level count from 512x512 to 1280x704, 16 and 24 frames."""
DECODE_FLOPS, DECODE_FLOPS_PER_PIXEL = 9.438e6, 0.521
"""Of the VAE's decoder, per pixel; the second also per pixel of the frame. The encoder takes half of it."""
CLIP_FLOPS = 0.43e12
"""Both encoders, the text one twice."""
ACTIVATION_BYTES = {
    Rung.RESIDENT: 33_400,
    Rung.OFFLOADED: 33_400,
    Rung.CHUNKED: 19_800,
    Rung.SEQUENTIAL: 9_900,
    Rung.STREAMED: 9_900,
}
"""Peak activations in half precision per latent place and frame, guidance on: counted at 512x512x16."""
STREAMED_BYTES = 300 << 20
"""Weights on the device while they are streamed: three of the largest layers, and what always stays."""
SPEEDS = {"cpu": 2.0e10, "mps": 5.0e12, "cuda": 6.0e13}
"""Floating-point operations a second: one CPU core in fp32, a laptop's GPU, a gaming card in fp16."""
MARGIN = 0.9
"""The share of a device's memory that is planned with."""
OVERHEAD_BYTES = {"cpu": 900 << 20, "mps": 900 << 20, "cuda": 900 << 20}
"""Libraries and, on a GPU, its context."""


def step_flops(width: int, height: int, num_frames: int) -> float:
    """Of one denoising step with guidance."""
    places = width * height / 64
    return (UNET_FLOPS + UNET_FLOPS_PER_PLACE * places) * places * num_frames


def clip_flops(plan: Plan, recipe: Recipe) -> float:
    """Of a whole clip. Corners that are cut count for half of what they could save at best."""
    pixels, frames = plan.width * plan.height, plan.num_frames
    one = step_flops(plan.width, plan.height, frames)
    steps = plan.request.num_inference_steps or 1
    guided = float(plan.request.guidance_scale or 1) > 1
    denoise = one * steps * (1.0 if guided else 0.5)
    if recipe.interval:
        denoise *= 0.75
    if recipe.reuse > 1:
        denoise *= 0.75
    decode = (DECODE_FLOPS + DECODE_FLOPS_PER_PIXEL * pixels) * pixels
    return denoise + decode * (frames + 0.5) + CLIP_FLOPS


def predict(plan: Plan, machine: Machine) -> Estimate:
    """Seconds and peak bytes of ``plan`` on ``machine``: of the device's memory where it has its own.

    The one seam through which placement makes this exact.
    """
    kind = machine.device.split(":")[0]
    kind = kind if kind in SPEEDS else "cpu"
    rung, value_bytes = (Rung.CHUNKED, 4) if kind == "cpu" else (Rung.RESIDENT, 2)
    speed = SPEEDS[kind] * (max(1.0, machine.cores) if kind == "cpu" else 1.0)
    peak = OVERHEAD_BYTES[kind] + device_bytes(plan, rung, value_bytes, moves=kind == "cuda")
    return Estimate(clip_flops(plan, recipe_of(plan)) / speed, peak)


def device_bytes(plan: Plan, rung: Rung, value_bytes: int, *, moves: bool = True) -> int:
    """Peak bytes of weights and activations at a rung; ``moves`` where weights can leave the device."""
    places = plan.width * plan.height // 64 * plan.num_frames
    guided = float(plan.request.guidance_scale or 1) > 1
    activations = ACTIVATION_BYTES[rung] * places * value_bytes // 2
    both = guided or rung.sequential
    weights = _weight_bytes(rung if moves else Rung.RESIDENT, value_bytes)
    return weights + (activations if both else activations // 2)


def _weight_bytes(rung: Rung, value_bytes: int) -> int:
    if rung.streams:
        return STREAMED_BYTES * value_bytes // 2
    return (max(PARAMETERS.values()) if rung.offloads else sum(PARAMETERS.values())) * value_bytes


def rung_for(plan: Plan, rungs: Sequence[Rung], available: int | None, value_bytes: int) -> Rung:
    """The best of ``rungs`` whose peak should fit into ``available`` bytes with room to spare, or the last;
    the first where nobody knows how much there is."""
    if available is None:
        return rungs[0]
    needs = ((rung, device_bytes(plan, rung, value_bytes)) for rung in rungs)
    return next((rung for rung, needed in needs if needed <= available * MARGIN), rungs[-1])
