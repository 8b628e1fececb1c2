"""From a request to a plan: every setting exact, nothing clamped, every change said."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unstill.core.ports import EngineFamily, Estimate, Machine
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import InvalidField, Language, NotAChoice, NotOffered, OutOfRange, UnknownField, UnknownModel
from unstill.domain.notes import Note, note
from unstill.domain.request import VideoRequest

MEMORY_MARGIN = 0.9
"""A plan fits when its estimated peak is at most this share of the memory that can be had."""


@dataclass(frozen=True)
class Plan:
    """A request made exact for one machine. Units: pixels, frames, frames per second, seconds, bytes."""

    card: ModelCard
    request: VideoRequest
    """The request with every setting that matters filled in, seed included."""
    width: int
    height: int
    fit: str
    num_frames: int
    """Frames in the finished file."""
    fps: int
    seed: int
    loop: bool
    format: str
    details: Mapping[str, Any]
    notes: tuple[Note, ...]
    estimate: Estimate
    fits: bool

    @property
    def model(self) -> str:
        return self.card.id

    @property
    def seconds(self) -> float:
        return self.num_frames / self.fps

    def option(self, name: str) -> Any:
        """A model option, given or by default."""
        return self.request.options.get(name, self.card.options[name].default)

    def to_json(self, language: Language = "en") -> dict[str, Any]:
        """What would be made, as `unstill plan --json` and POST /v1/plans say it."""
        return {
            "model": self.model,
            "generative": self.card.generative,
            "width": self.width,
            "height": self.height,
            "fit": self.fit,
            "num_frames": self.num_frames,
            "fps": self.fps,
            "seconds": round(self.seconds, 3),
            "num_inference_steps": self.request.num_inference_steps,
            "guidance_scale": self.request.guidance_scale,
            "seed": self.seed,
            "loop": self.loop,
            "format": self.format,
            "estimated_seconds": round(self.estimate.seconds, 1),
            "estimated_peak_bytes": self.estimate.peak_bytes,
            "fits": self.fits,
            **self.details,
            "notes": [n.text(language) for n in self.notes],
        }


def find_card(model: str | None, families: Sequence[EngineFamily]) -> tuple[EngineFamily, ModelCard]:
    """The card a request means. Without a model it is the first family's first card.

    Raises:
        UnknownModel: no family has it.
    """
    known = [(family, card) for family in families for card in family.cards]
    for family, card in known:
        if model in (None, card.id):
            return family, card
    raise UnknownModel(param="model", value=model, known=", ".join(card.id for _, card in known))


def make_plan(
    request: VideoRequest,
    picture_size: tuple[int, int],
    families: Sequence[EngineFamily],
    machine: Machine,
) -> Plan:
    """Fill, check and size a request for this machine. ``picture_size`` is upright (width, height).

    Raises:
        BadRequest: an unknown model or option, a number outside the card's limits, or something the model
            does not offer.
    """
    family, card = find_card(request.model, families)
    _check_options(request, card)
    reading = family.read(request, card)
    native = {**card.native, **reading.defaults}
    notes = [*reading.notes, *_unused(request, card)]

    def chosen(name: str) -> Any:
        given = getattr(request, name)
        return native.get(name) if given is None else given

    loop, multiple = bool(chosen("loop")), int(chosen("interpolate") or 1)
    if loop and not card.loops:
        raise NotOffered(param="loop", value="true", model=card.id)
    if multiple > 1 and not card.interpolates:
        raise NotOffered(param="interpolate", value=multiple, model=card.id)
    if (request.upscale or 1) > 1:
        raise NotOffered(param="upscale", value=request.upscale, model=card.id)
    frames = _in_range("num_frames", int(chosen("num_frames")), card.frames)
    snapped = _on_stride(frames, card)
    if snapped != frames:
        rule = f"{card.frame_stride}n + 1"
        notes.append(note("frames_snapped", wanted=frames, got=snapped, model=card.id, rule=rule))
    fps = _in_range("fps", int(chosen("fps")), card.fps)
    size, fit = _size_and_fit(request, native)
    width, height, size_notes = _dimensions(size, fit, picture_size, card)
    seed = secrets.randbelow(2**32) if request.seed is None else request.seed
    full = request.model_copy(
        update={
            "model": card.id, "size": f"{width}x{height}", "fit": fit, "num_frames": snapped, "fps": fps,
            "seed": seed, "loop": loop, "interpolate": multiple, "format": chosen("format") or "mp4",
            "num_inference_steps": _optional("num_inference_steps", chosen("num_inference_steps"), card.steps),
            "guidance_scale": _optional("guidance_scale", chosen("guidance_scale"), card.guidance),
        }
    )  # fmt: skip
    draft = Plan(
        card=card, request=full, width=width, height=height, fit=fit, num_frames=snapped * multiple,
        fps=fps * multiple, seed=seed, loop=loop, format=str(full.format), details=reading.details,
        notes=(*notes, *size_notes), estimate=Estimate(0.0, 0), fits=True,
    )  # fmt: skip
    estimate = family.estimate(draft, machine)
    fits = estimate.peak_bytes <= machine.memory_bytes * MEMORY_MARGIN
    return Plan(**{**vars(draft), "estimate": estimate, "fits": fits})


def _check_options(request: VideoRequest, card: ModelCard) -> None:
    for name, value in request.options.items():
        spec = card.options.get(name)
        if spec is None:
            raise UnknownField(param=name, known=", ".join(card.options) or "none")
        if spec.choices and value not in spec.choices:
            raise NotAChoice(param=name, value=value, choices=", ".join(spec.choices))
        if spec.limits:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InvalidField(param=name, value=value, expected="a number", expected_zh="数字")
            if value not in spec.limits:
                raise OutOfRange(param=name, value=value, low=spec.limits.low, high=spec.limits.high)


def _unused(request: VideoRequest, card: ModelCard) -> list[Note]:
    """Settings this model has no use for: said, not refused, so that one request can try several models."""
    idle = {
        "negative_prompt": not card.negative_prompt,
        "num_inference_steps": card.steps is None,
        "guidance_scale": card.guidance is None,
    }
    return [
        note("setting_unused", param=name, model=card.id)
        for name, unused in idle.items()
        if unused and getattr(request, name) is not None
    ]


def _in_range(name: str, value: int, limits: Range) -> int:
    if value not in limits:
        raise OutOfRange(param=name, value=value, low=int(limits.low), high=int(limits.high))
    return value


def _optional(name: str, value: Any, limits: Range | None) -> Any:
    """A setting only some models have; None where the card has no limits for it."""
    if limits is None or value is None:
        return None
    if value not in limits:
        raise OutOfRange(param=name, value=value, low=limits.low, high=limits.high)
    return value


def _on_stride(frames: int, card: ModelCard) -> int:
    """The nearest count with frames % stride == 1 inside the card's range."""
    stride = card.frame_stride
    if stride == 1:
        return frames
    near = round((frames - 1) / stride) * stride + 1
    return near if near in card.frames else near - stride


def _size_and_fit(request: VideoRequest, native: Mapping[str, object]) -> tuple[str, str]:
    """ "WxH" without a fit means crop to exactly that; otherwise the card's way."""
    size = request.size or str(native["size"])
    explicit = request.size is not None and not request.size.endswith("p")
    return size, request.fit or ("crop" if explicit else str(native["fit"]))


def _dimensions(
    size: str, fit: str, picture: tuple[int, int], card: ModelCard
) -> tuple[int, int, list[Note]]:
    """Width and height on the card's grid, and what had to change to get there.

    crop and pad: "Np" is N x N, "WxH" exactly that. keep: "Np" bounds the short side, "WxH" the box; the
    aspect is the picture's, and nothing is ever enlarged.
    """
    if size.endswith("p"):
        bound = int(size[:-1])
        width = height = bound
        scale = bound / min(picture)
    else:
        width, height = (int(side) for side in size.split("x"))
        scale = min(width / picture[0], height / picture[1])
    grid = card.side_grid
    if fit == "keep":
        scale = min(1.0, scale, card.side.high / max(picture))
        width, height = (round(side * scale) for side in picture)
        if scale < 1:  # nobody asked for this exact number of pixels: take the nearest that fits the grid
            width, height = (round(side * scale / grid) * grid for side in picture)
    on_grid = tuple((side // grid if fit == "keep" else round(side / grid)) * grid for side in (width, height))
    for side in on_grid:
        if side not in card.side:
            low, high = int(card.side.low), int(card.side.high)
            raise OutOfRange(param="size", value=f"{width}x{height}", low=f"{low}x{low}", high=f"{high}x{high}")
    got_w, got_h = on_grid
    if (got_w, got_h) == (width, height):
        return width, height, []
    wanted, got = f"{width}x{height}", f"{got_w}x{got_h}"
    return got_w, got_h, [note("size_snapped", wanted=wanted, got=got, grid=grid)]
