"""What a clip costs, before any device is asked: a rough and honest guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unstill.core.ports import Estimate, Machine
from unstill.engines.i2vgen_xl.card import PARAMETERS
from unstill.engines.i2vgen_xl.recipe import Recipe, recipe_of

if TYPE_CHECKING:
    from unstill.core.plan import Plan

UNET_FLOPS, UNET_FLOPS_PER_PLACE = 5.800e8, 1.438e4
"""Of one denoising step with guidance, per latent place and frame; the second also per place of a frame
(spatial attention). Within 0.2 % of an op-level count from 512x512 to 1280x704, 16 and 24 frames."""
DECODE_FLOPS, DECODE_FLOPS_PER_PIXEL = 9.438e6, 0.521
"""Of the VAE's decoder, per pixel; the second also per pixel of the frame. The encoder takes half of it."""
CLIP_FLOPS = 0.43e12
"""Both encoders, the text one twice."""
ACTIVATION_BYTES = 42_330
"""Peak activations in half precision per latent place and frame, guidance on: 2.584 GiB at 512x512x16."""
SPEEDS = {"cpu": 2.0e10, "mps": 5.0e12, "cuda": 6.0e13}
"""Floating-point operations a second: of one CPU core in fp32, of a laptop's GPU, of a gaming card in fp16."""
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
    speed = SPEEDS[kind] * (max(1.0, machine.cores) if kind == "cpu" else 1.0)
    value = 4 if kind == "cpu" else 2
    places = plan.width * plan.height // 64 * plan.num_frames
    halves = 2 if float(plan.request.guidance_scale or 1) > 1 else 1
    activations = ACTIVATION_BYTES * places * halves // 2 * value // 2
    peak = OVERHEAD_BYTES[kind] + sum(PARAMETERS.values()) * value + activations
    return Estimate(clip_flops(plan, recipe_of(plan)) / speed, peak)
