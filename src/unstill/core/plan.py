"""From a request to a plan: every setting exact, nothing clamped, every change said."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unstill.core.finishing import Finishing
from unstill.core.labelling import Labelling
from unstill.core.offered import check_last, check_loras
from unstill.core.ports import EngineFamily, Estimate, Machine
from unstill.core.prompts import in_english
from unstill.core.sizing import cut_off, dimensions, size_and_fit
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import (
    InvalidField,
    Language,
    NotAChoice,
    NotOffered,
    OutOfRange,
    UnknownField,
    UnknownModel,
)
from unstill.domain.notes import Note, note
from unstill.domain.request import FASTEST_FPS, SIDE, VideoRequest, shown_number

MEMORY_MARGIN = 0.9
"""A plan fits when its estimated peak is at most this share of the memory that can be had."""


LONG_S = 600
"""Seconds of work that are worth a warning."""


@dataclass(frozen=True)
class Plan:
    """A request made exact for one machine. Units: pixels, frames, frames per second, seconds, bytes."""

    card: ModelCard
    request: VideoRequest
    """The request with every setting that matters filled in, seed included. Its ``size`` stays as asked
    ("1024p" means something for another picture too); width and height below are exact."""
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
    label: Language | None = None
    """The language of the visible label; None for no label."""

    @property
    def model(self) -> str:
        return self.card.id

    @property
    def seconds(self) -> float:
        return self.num_frames / self.fps

    @property
    def retimed(self) -> int:
        """How many times the engine's own frames there are to be, where it does not make them all itself."""
        return 1 if self.card.interpolates else self.request.interpolate or 1

    @property
    def enlarged(self) -> int:
        """How many times as wide and high the engine's frames are to become."""
        return self.request.upscale or 1

    @property
    def drawn(self) -> Plan:
        """What the engine is to make of it, before its frames become larger, and more; in words it reads."""
        plan = in_english(self)
        if self.retimed == self.enlarged == 1:
            return plan
        return replace(
            plan,
            width=self.width // self.enlarged,
            height=self.height // self.enlarged,
            num_frames=self.num_frames if self.retimed == 1 else self.request.num_frames or self.num_frames,
            fps=self.fps // self.retimed,
        )

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
            "last_picture": self.request.last_image is not None,
            "format": self.format,
            "visible_label": self.label is not None,
            "label_language": self.label,
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


def default_first(
    families: Sequence[EngineFamily], machine: Machine, at_hand: Callable[[ModelCard], bool]
) -> list[EngineFamily]:
    """Where there is an accelerator, families lead whose first model generates and is ``at_hand``.

    Everywhere else, and without a generative model's files, the order stays.
    """
    if machine.device.split(":")[0] == "cpu":
        return list(families)
    return sorted(families, key=lambda family: not _generates(family.cards[0], at_hand))


def _generates(card: ModelCard, at_hand: Callable[[ModelCard], bool]) -> bool:
    return card.generative and at_hand(card)


def make_plan(
    request: VideoRequest,
    picture_size: tuple[int, int],
    families: Sequence[EngineFamily],
    machine: Machine,
    labelling: Labelling | None = None,
    finishing: Finishing | None = None,
) -> Plan:
    """Fill, check and size a request for this machine. ``picture_size`` is upright (width, height).
    ``finishing`` is what can be done to an engine's frames; by default nothing.

    Raises:
        BadRequest: an unknown model or option, a number outside the card's limits, or something the model
            does not offer.
    """
    family, card = find_card(request.model, families)
    _check_options(request, card)
    reading = family.read(request, card)
    native = {**card.native, "only_sizes": card.only_sizes, **reading.defaults}
    notes = [*_kind(card), *reading.notes, *_unused(request, card)]

    def chosen(name: str) -> Any:
        given = getattr(request, name)
        return native.get(name) if given is None else given

    after, loop, multiple = finishing or Finishing(), bool(chosen("loop")), int(chosen("interpolate") or 1)
    larger = request.upscale or 1
    _check_offered(card, loop, multiple, larger, after)
    check_last(request, card, loop, families)
    check_loras(request, card, families)
    frames, frame_notes = _on_stride(int(chosen("num_frames")), card)
    fps = _in_range("fps", int(chosen("fps")), card.fps)
    size, fit = size_and_fit(request, native)
    width, height, size_notes = dimensions(size, fit, picture_size, card)
    _check_enlarged(width, height, larger)
    seed = secrets.randbelow(2**32) if request.seed is None else request.seed
    label = (labelling or Labelling()).of(request.visible_label, card)
    some = {"num_inference_steps": card.steps, "guidance_scale": card.guidance}
    full = request.model_copy(
        update={
            "model": card.id, "size": size, "fit": fit, "num_frames": frames, "fps": fps,
            "seed": seed, "loop": loop, "interpolate": multiple, "format": chosen("format") or "mp4",
            "visible_label": label is not None,
            **{name: _optional(name, chosen(name), limits) for name, limits in some.items()},
        }
    )  # fmt: skip
    draft = Plan(
        card=card, request=full, width=width * larger, height=height * larger, fit=fit,
        num_frames=_frames_shown(frames, multiple, card, loop),
        fps=fps * multiple, seed=seed, loop=loop, format=str(full.format), details=reading.details,
        notes=(*notes, *frame_notes, *size_notes, *cut_off(request, (width, height), picture_size),
               *_too_fast(str(full.format), fps * multiple), *_untrained(card, width, height)),
        estimate=Estimate(0.0, 0), fits=True, label=label,
    )  # fmt: skip
    return _estimated(draft, after.estimated(draft, machine, family.estimate(draft.drawn, machine)), machine)


def _frames_shown(frames: int, multiple: int, card: ModelCard, loop: bool) -> int:
    """How many frames come of those that are drawn. An engine that interpolates by itself goes on from its
    last one; otherwise new frames are put between two, of a loop between the last and the first, too."""
    return frames * multiple if card.interpolates or loop else (frames - 1) * multiple + 1


def _estimated(draft: Plan, estimate: Estimate, machine: Machine) -> Plan:
    """The draft with what it will cost, and whether that can be had here."""
    free = machine.memory_bytes if estimate.free_bytes is None else estimate.free_bytes
    fits = estimate.peak_bytes <= free * MEMORY_MARGIN
    tight = () if fits else (_tight(estimate.peak_bytes, free),)
    long = () if estimate.seconds <= LONG_S else (note("takes_long", minutes=round(estimate.seconds / 60)),)
    return replace(
        draft, estimate=estimate, fits=fits, details={**draft.details, **estimate.details},
        notes=(*draft.notes, *estimate.notes, *long, *tight),
    )  # fmt: skip


def _kind(card: ModelCard) -> list[Note]:
    """What is not generated is never left to look as if it were."""
    return [] if card.generative else [note("camera_motion")]


def _too_fast(kind: str, fps: int) -> list[Note]:
    limit = FASTEST_FPS.get(kind, fps)
    shown = {"gif": "GIF", "webp": "WebP"}.get(kind, kind)
    return [] if fps <= limit else [note("frames_left_out", format=shown, limit=limit, fps=fps)]


def _untrained(card: ModelCard, width: int, height: int) -> list[Note]:
    if card.trained_side is None or min(width, height) in card.trained_side:
        return []
    low, high = int(card.trained_side.low), int(card.trained_side.high)
    return [note("outside_training", size=f"{width}x{height}", model=card.id, low=low, high=high)]


def _tight(needed: int, free: int) -> Note:
    return note("memory_tight", needed=needed >> 20, free=free >> 20)


def _check_options(request: VideoRequest, card: ModelCard) -> None:
    for name, value in request.options.items():
        spec = card.options.get(name)
        if spec is None:
            raise UnknownField(param=name, known=", ".join(card.options) or "none")
        if spec.choices and value not in spec.choices:
            raise NotAChoice(param=name, value=value, choices=", ".join(spec.choices))
        if spec.limits:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                shown = repr(value)[:80]
                raise InvalidField(param=name, value=shown, expected="a number", expected_zh="数字")
            if value not in spec.limits:
                low, high = (f"{bound:g}" for bound in (spec.limits.low, spec.limits.high))
                raise OutOfRange(param=name, value=f"{value:g}", low=low, high=high)


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
        raise OutOfRange(param=name, value=shown_number(value), low=int(limits.low), high=int(limits.high))
    return value


def _optional(name: str, value: Any, limits: Range | None) -> Any:
    """A setting only some models have; None where the card has no limits for it."""
    if limits is None or value is None:
        return None
    if value not in limits:
        low, high = (f"{bound:g}" for bound in (limits.low, limits.high))
        raise OutOfRange(param=name, value=shown_number(value), low=low, high=high)
    return value


def _check_offered(card: ModelCard, loop: bool, interpolate: int, upscale: int, after: Finishing) -> None:
    if loop and not card.loops:
        raise NotOffered(param="loop", value="true", model=card.id)
    if interpolate > 1 and not card.interpolates and after.retime is None:
        raise NotOffered(param="interpolate", value=interpolate, model=card.id)
    if upscale > 1 and after.upscale is None:
        raise NotOffered(param="upscale", value=upscale, model=card.id)


def _check_enlarged(width: int, height: int, larger: int) -> None:
    if larger > 1 and max(width, height) * larger > SIDE[1]:
        low, high = (f"{side}x{side}" for side in (SIDE[0], SIDE[1] // larger))
        raise OutOfRange(param="size", value=f"{width}x{height}", low=low, high=high)


def _on_stride(frames: int, card: ModelCard) -> tuple[int, list[Note]]:
    """The nearest count with frames % stride == 1 inside the card's range, and what to say about it. What is
    within a stride of the range counts as in it. Raises `OutOfRange`."""
    stride, low, high = card.frame_stride, card.frames.low, card.frames.high
    if not low - stride < frames < high + stride:
        _in_range("num_frames", frames, card.frames)
    near = round((frames - 1) / stride) * stride + 1
    if near not in card.frames:
        near += -stride if near > high else stride
    if near == frames:
        return frames, []
    return near, [note("frames_snapped", wanted=frames, got=near, model=card.id, rule=f"{stride}n + 1")]
