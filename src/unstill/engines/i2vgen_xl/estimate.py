"""What a clip costs on a machine: the rung it begins at, seconds and peak memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstill.core.ports import Estimate, Machine
from unstill.domain.notes import Note, note
from unstill.engines.i2vgen_xl.card import CARD, PARAMETERS
from unstill.engines.i2vgen_xl.memory import device_bytes
from unstill.engines.i2vgen_xl.recipe import Recipe, recipe_of
from unstill.engines.i2vgen_xl.rungs import WORDS, Rung, allowed, ladder
from unstill.engines.placement.choice import Need, choose
from unstill.engines.placement.devices import Speed, speed_of, value_bytes
from unstill.engines.placement.learned import Correction, Figures, figures

if TYPE_CHECKING:
    from unstill.core.plan import Plan

UNET_FLOPS, UNET_FLOPS_PER_PLACE = 5.800e8, 1.438e4
"""Of one denoising step with guidance, per latent place and frame; the second also per place of a frame
(spatial attention). Within 0.2 % of an op-level count from 512x512 to 1280x704, 16 and 24 frames."""
DECODE_FLOPS, DECODE_FLOPS_PER_PIXEL = 9.438e6, 0.521
"""Of the VAE's decoder, per pixel; the second also per pixel of the frame. The encoder takes half of it."""
CLIP_FLOPS = 0.43e12
"""Both encoders, the text one twice."""
MOVED_BYTES = 2.93e6
"""Bytes that a step reads and writes in the device's memory, per latent place and frame, in half precision
and with guidance: 192 GB at 512x512x16, counted op by op."""
WASTE = 1.15
"""Real kernels against the sum of the time to compute and the time to move. Until clips were measured."""
SLOWER = {
    Rung.RESIDENT: 1.0,
    Rung.OFFLOADED: 1.0,
    Rung.CHUNKED: 1.03,
    Rung.SEQUENTIAL: 1.08,
    Rung.FP8: 1.15,
    Rung.STREAMED: 1.1,
}
"""Smaller pieces of work keep a device less busy. Until clips were measured."""
LAUNCH_S = 1613 * 6e-6
"""What a step takes at least on a graphics card: so many kernels, each started by itself."""
HOST_BANDWIDTH, PINNED_BANDWIDTH = 6.0e9, 2.0e10
"""Bytes a second from the host to a graphics card, and from memory set aside for that."""
HOST_BYTES = 1 << 30
"""Of the computer's own memory: the program and its libraries, beside the weights."""
OVERHEAD_BYTES = {"cpu": 900 << 20, "mps": 900 << 20, "cuda": 900 << 20}
"""Libraries and, on a graphics card, its context and scratch memory."""


def step_flops(width: int, height: int, num_frames: int) -> float:
    """Of one denoising step with guidance."""
    places = width * height / 64
    return (UNET_FLOPS + UNET_FLOPS_PER_PLACE * places) * places * num_frames


def passes(plan: Plan, recipe: Recipe) -> float:
    """Steps with guidance that a clip's steps are worth. Corners that are cut count for half of what they
    could save at best."""
    steps = float(plan.request.num_inference_steps or 1)
    guided = float(plan.request.guidance_scale or 1) > 1
    corners = (0.75 if recipe.interval else 1.0) * (0.75 if recipe.reuse > 1 else 1.0)
    return steps * (1.0 if guided else 0.5) * corners


def decode_flops(plan: Plan) -> float:
    """Of the VAE: all frames, and the picture."""
    pixels = plan.width * plan.height
    return (DECODE_FLOPS + DECODE_FLOPS_PER_PIXEL * pixels) * pixels * (plan.num_frames + 0.5)


def clip_flops(plan: Plan, recipe: Recipe) -> float:
    """Of a whole clip."""
    one = step_flops(plan.width, plan.height, plan.num_frames)
    return one * passes(plan, recipe) + decode_flops(plan) + CLIP_FLOPS


def clip_seconds(plan: Plan, rung: Rung, speed: Speed, value: int) -> float:
    """Of a whole clip whose model is in memory, before anything was measured here."""
    recipe = recipe_of(plan)
    worth = passes(plan, recipe)
    places = plan.width * plan.height / 64 * plan.num_frames
    moved = MOVED_BYTES * places * worth * value / 2 / speed.bandwidth
    seconds = WASTE * SLOWER[rung] * (clip_flops(plan, recipe) / speed.flops + moved)
    if speed.bandwidth < float("inf"):
        seconds = max(seconds, worth * LAUNCH_S)
    weights = sum(PARAMETERS.values()) * value
    if rung.streams:
        guided = float(plan.request.guidance_scale or 1) > 1
        walks = float(plan.request.num_inference_steps or 1) * (2 if guided else 1)
        return max(seconds, walks * PARAMETERS["unet"] * value / PINNED_BANDWIDTH) + weights / HOST_BANDWIDTH
    return seconds + (weights / HOST_BANDWIDTH if rung.offloads and speed.bandwidth < float("inf") else 0.0)


def kind_of_work(device: str, rung: Rung, value: int) -> str:
    """The name under which measurements of this model are kept."""
    return f"{CARD.id} {rung.name.lower()} {8 * value} bit on {device}"


def correction(known: Figures, device: str, rung: Rung, rungs: Sequence[Rung], value: int) -> Correction:
    """What was measured at a rung; for its seconds, where there is nothing, at the nearest that has some."""
    near = sorted(rungs, key=lambda other: abs(other - rung))  # itself first
    return known.correction(*(kind_of_work(device, each, value) for each in near))


def needs(
    plan: Plan, machine: Machine, rungs: Sequence[Rung], value: int, known: Figures
) -> list[Need[Rung]]:
    """What a clip takes at each rung, put right by what was measured here."""
    kind = machine.device.split(":")[0]
    device = machine.accelerator.name if machine.accelerator else kind
    overhead, speed = OVERHEAD_BYTES.get(kind, OVERHEAD_BYTES["cpu"]), speed_of(machine)
    found = []
    for rung in rungs:
        right = correction(known, device, rung, rungs, value)
        peak = device_bytes(plan, rung, value, moves=kind == "cuda") * right.peak
        found.append(Need(rung, clip_seconds(plan, rung, speed, value) * right.seconds, overhead + int(peak)))
    return found


def predict(plan: Plan, machine: Machine, known: Figures | None = None) -> Estimate:
    """Seconds and peak bytes of ``plan`` on ``machine``, and the rung of the ladder to begin with."""
    kind = machine.device.split(":")[0]
    rungs, device = ladder(kind, exact=recipe_of(plan).exact), machine.accelerator
    free = device.free_bytes if device else machine.memory_bytes
    value = value_bytes(machine)
    chosen = choose(needs(plan, machine, rungs, value, known or figures()), free)
    details = {
        "device": device.name if device else kind,
        "placement": chosen.rung.name.lower(),
        "precision": "float16" if value == 2 else "float32",
    }
    said = [*_said(chosen.rung, rungs, kind), *(_beside(machine, value) if device else [])]
    return Estimate(chosen.seconds, chosen.peak_bytes, free, details, tuple(said))


def _beside(machine: Machine, value: int) -> list[Note]:
    """What to say where the computer's own memory does not hold the weights on their way to the card."""
    needed = sum(PARAMETERS.values()) * value + HOST_BYTES
    if machine.memory_bytes >= needed:
        return []
    return [note("host_memory_tight", needed=needed >> 20, free=machine.memory_bytes >> 20)]


def _said(rung: Rung, rungs: Sequence[Rung], kind: str) -> list[Note]:
    """What a person should know of where the work is done."""
    if kind == "cpu":
        return [note("no_gpu", model=CARD.title)]
    if rung == rungs[0]:
        return []
    if rung.narrows:
        return [note("placed_narrow")]
    how, how_zh = WORDS[rung]
    return [note("placed", how=how, how_zh=how_zh)]


def rung_for(plan: Plan, rungs: Sequence[Rung], available: int, value: int, device: str) -> Rung:
    """The rung to begin with in ``available`` bytes of a graphics card, its context already taken."""
    known = figures()

    def need(rung: Rung) -> Need[Rung]:
        right = known.correction(kind_of_work(device, rung, value)).peak
        return Need(rung, float(rung), int(device_bytes(plan, rung, value) * right))

    fit = allowed(rungs, exact=recipe_of(plan).exact)
    return choose([need(rung) for rung in fit], available).rung
