"""What a clip of a row costs on a machine: the rung it begins at, seconds and peak memory. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unstill.core.ports import Estimate, Machine
from unstill.domain.errors import NotAChoice
from unstill.domain.notes import Note, note
from unstill.engines.pipelines.recipe import recipe_of
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rungs import WORDS, Rung, allowed, ladder
from unstill.engines.placement.choice import Need, choose
from unstill.engines.placement.devices import Speed, speed_of, value_bytes
from unstill.engines.placement.learned import Correction, Figures, figures

if TYPE_CHECKING:
    from unstill.core.plan import Plan

WASTE = 1.6
"""Real kernels against the sum of operations at a device's best. Until clips were measured."""
SLOWER = {Rung.RESIDENT: 1.0, Rung.OFFLOADED: 1.0, Rung.TILED: 1.05, Rung.FP8: 1.15, Rung.STREAMED: 1.1}
"""Until clips were measured."""
CACHED = 0.65
"""What first-block caching leaves of the passes at its threshold. Until clips were measured."""
HOST_BANDWIDTH, PINNED_BANDWIDTH = 6.0e9, 2.0e10
"""Bytes a second from the host to a graphics card, and from memory set aside for that."""
OVERHEAD_BYTES, HOST_BYTES = 1200 << 20, 2 << 30
"""Libraries and, on a graphics card, its context and scratch memory; the same of the computer's memory."""
QUANTIZED = {"none": 1.0, "int8": 0.52, "nf4": 0.29, "gguf": 0.6}
"""Bytes of a quantised denoiser against half precision, scales included; of a GGUF file of 8 bits."""
FRAME_BYTES = 3 * 4
"""Of a decoded pixel, before it becomes 8 bits a colour."""


@dataclass(frozen=True)
class Shape:
    """What of a clip decides its cost."""

    width: int
    height: int
    num_frames: int
    steps: int
    guided: bool


def shape_of(plan: Plan) -> Shape:
    request = plan.request
    guided = float(request.guidance_scale or 1) > 1
    return Shape(plan.width, plan.height, plan.num_frames, int(request.num_inference_steps or 1), guided)


def part_bytes(row: Row, value: int, quantization: str = "none") -> dict[str, int]:
    """Bytes of each component's weights; ``value`` is the bytes of a value."""
    found = {}
    for name, count in row.parameters.items():
        whole = row.vae_float32 and name in ("vae", "image_encoder")
        size = count * (4 if whole else value)
        found[name] = int(size * QUANTIZED[quantization]) if name in row.denoisers else size
    return found


def device_bytes(
    row: Row, shape: Shape, rung: Rung, value: int, *, quantization: str = "none", moves: bool = True
) -> int:
    """Peak bytes of weights and activations of a clip at a rung; ``moves`` where weights can leave the
    device."""
    work, parts = row.work, part_bytes(row, value, quantization)
    tokens = row.tokens(shape.width, shape.height, shape.num_frames)
    at_once = 2 if shape.guided and work.joined else 1
    act = work.act + work.act_per_token * tokens * at_once
    act = int(act * value / 2)
    seen = picture_bytes(row, shape, rung, value)
    if not (moves and rung.offloads):
        return sum(parts.values()) + max(act, seen)
    denoiser = max(parts.get(name, 0) for name in row.denoisers)
    if rung.narrows:
        denoiser = denoiser // 2 + work.rest_bytes // 2 + work.block_bytes
    elif rung.streams:
        denoiser = 2 * work.block_bytes + work.rest_bytes
    streams = work.text_layer_bytes if rung.narrows or rung.streams else 0
    others = [
        min(size, streams) if streams and name.startswith("text_encoder") else size
        for name, size in parts.items()
        if name not in (*row.denoisers, "vae")
    ]
    return max(denoiser + act, parts.get("vae", 0) + seen, *others, 0)


def picture_bytes(row: Row, shape: Shape, rung: Rung, value: int) -> int:
    """Peak bytes of the VAE at work beside its weights."""
    work, wide = row.work, 2 if row.vae_float32 or value == 4 else 1
    pixels, frames = shape.width * shape.height, shape.num_frames
    encoded = work.encode_per_pixel * pixels + work.encode_per_pixel_frame * pixels * frames
    if rung.tiles and row.tiles and work.tiled is not None:
        fixed, per_frame, per_pixel_frame = work.tiled
        decoded = fixed + per_frame * frames + per_pixel_frame * pixels * frames
        encoded = min(encoded, decoded) if row.tiles_encoding else encoded
    elif work.decode_at_once:
        few = min(frames, work.decode_at_once)
        decoded = work.decode[1] * pixels * few + FRAME_BYTES / wide * pixels * frames
    else:
        decoded = work.decode[0] * pixels + work.decode[1] * pixels * frames
    return int(max(decoded, encoded) * wide)


def clip_flops(row: Row, shape: Shape, *, cached: bool) -> float:
    """Of a whole clip."""
    work, tokens = row.work, row.tokens(shape.width, shape.height, shape.num_frames)
    pairs = tokens**2 / (shape.num_frames if work.by_frame else 1)
    one = work.flops_per_token * tokens + work.flops_per_token2 * pairs
    passes = shape.steps * (work.passes if shape.guided else 1) * (CACHED if cached else 1.0)
    decoded = work.decode_flops * shape.width * shape.height * shape.num_frames
    return one * passes + decoded + work.text_flops * (2 if shape.guided else 1)


def clip_seconds(row: Row, shape: Shape, rung: Rung, speed: Speed, value: int, *, cached: bool) -> float:
    """Of a whole clip whose model is in memory, before anything was measured here."""
    seconds = WASTE * SLOWER[rung] * clip_flops(row, shape, cached=cached) / speed.flops
    if speed.bandwidth == float("inf") or not rung.offloads:
        return seconds
    weights = part_bytes(row, value)
    brought = sum(weights.values()) / HOST_BANDWIDTH
    if rung.streams:
        walks = shape.steps * (row.work.passes if shape.guided and not row.work.joined else 1)
        return max(seconds, walks * row.denoiser_parameters * value / PINNED_BANDWIDTH) + brought
    return seconds + brought


def kind_of_work(row: Row, device: str, rung: Rung, value: int) -> str:
    """The name under which measurements of a model are kept."""
    return f"{row.card.id} {rung.name.lower()} {8 * value} bit on {device}"


def correction(
    known: Figures, row: Row, device: str, rung: Rung, rungs: Sequence[Rung], value: int
) -> Correction:
    """What was measured at a rung; for its seconds, where there is nothing, at the nearest that has some."""
    near = sorted(rungs, key=lambda other: abs(other - rung))  # itself first
    return known.correction(*(kind_of_work(row, device, each, value) for each in near))


def predict(row: Row, plan: Plan, machine: Machine, known: Figures | None = None) -> Estimate:
    """Seconds and peak bytes of ``plan`` on ``machine``, and the rung of the ladder to begin with."""
    kind, recipe, device = machine.device.split(":")[0], recipe_of(plan), machine.accelerator
    if recipe.quantization == "nf4" and kind != "cuda":
        raise NotAChoice(param="quantization", value="nf4", choices="none, int8")
    rungs = ladder(kind, exact=recipe.exact, tiles=row.tiles)
    value, known = value_bytes(machine), known or figures()
    name = device.name if device else kind
    shape, speed = shape_of(plan), speed_of(machine)
    needs = []
    for rung in rungs:
        right = correction(known, row, name, rung, rungs, value)
        peak = device_bytes(row, shape, rung, value, quantization=recipe.quantization, moves=kind == "cuda")
        cached = row.caches and not recipe.exact
        seconds = clip_seconds(row, shape, rung, speed, value, cached=cached)
        needs.append(Need(rung, seconds * right.seconds, OVERHEAD_BYTES + int(peak * right.peak)))
    free = device.free_bytes if device else machine.memory_bytes
    chosen = choose(needs, free)
    details = {
        "device": name,
        "placement": chosen.rung.name.lower(),
        "precision": "half" if value == 2 else "float32",
    }
    said = [*_said(row, chosen.rung, rungs, kind), *(_beside(row, machine, value) if device else [])]
    return Estimate(chosen.seconds, chosen.peak_bytes, free, details, tuple(said))


def memory_by_rung(row: Row) -> Mapping[str, int]:
    """Bytes of a graphics card that a clip in native settings takes at each rung, as counted."""
    native = row.card.native
    width, height = (int(side) for side in row.card.sizes[0].split("x"))
    shape = Shape(
        width, height, int(str(native["num_frames"])), 1, float(str(native.get("guidance_scale") or 1)) > 1
    )
    rungs = allowed(tuple(Rung), exact=False, tiles=row.tiles)
    return {rung.name.lower(): OVERHEAD_BYTES + device_bytes(row, shape, rung, 2) for rung in rungs}


def with_memory(row: Row) -> Row:
    """The row with what `memory_by_rung` counts on its card."""
    return replace(row, card=replace(row.card, memory=memory_by_rung(row)))


def _beside(row: Row, machine: Machine, value: int) -> list[Note]:
    """What to say where the computer's own memory does not hold the weights on their way to the card."""
    needed = sum(part_bytes(row, value).values()) + HOST_BYTES
    if machine.memory_bytes >= needed:
        return []
    return [note("host_memory_tight", needed=needed >> 20, free=machine.memory_bytes >> 20)]


def _said(row: Row, rung: Rung, rungs: Sequence[Rung], kind: str) -> list[Note]:
    """What a person should know of where the work is done."""
    if kind == "cpu":
        return [note("no_gpu", model=row.card.title_in("en"))]
    if rung == rungs[0]:
        return []
    if rung.narrows:
        return [note("placed_narrow")]
    how, how_zh = WORDS[rung if rung is not Rung.TILED else Rung.OFFLOADED]
    return [note("placed_tiled" if rung.tiles and row.tiles else "placed", how=how, how_zh=how_zh)]


def rung_for(row: Row, plan: Plan, rungs: Sequence[Rung], available: int, value: int, device: str) -> Rung:
    """The rung to begin with in ``available`` bytes of a graphics card, its context already taken."""
    known, recipe = figures(), recipe_of(plan)

    def need(rung: Rung) -> Need[Rung]:
        right = known.correction(kind_of_work(row, device, rung, value)).peak
        peak = device_bytes(row, shape_of(plan), rung, value, quantization=recipe.quantization)
        return Need(rung, float(rung), int(peak * right))

    fit = allowed(rungs, exact=recipe.exact, tiles=row.tiles)
    return choose([need(rung) for rung in fit], available).rung
