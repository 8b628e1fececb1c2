"""Measuring a model on this computer: what is asked, what comes back, and the seam to who can do it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from unstill.core.ports import Machine
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import InvalidField, Language, OutOfRange, UnstillError
from unstill.domain.notes import Note

CASE = re.compile(
    r"(?:(?P<side>\d{1,5})p|(?P<width>\d{1,5})x(?P<height>\d{1,5}))(?:/(\d{1,4}))?(?:/(\d{1,4}))?"
)
EXAMPLE = "512p/16/50"
GIB = 2**30

Heard = Callable[[str, str, int, int], None]
"""Told of progress: what is measured, stage, done, total. Raises `Cancelled` to stop."""


@dataclass(frozen=True)
class BenchCase:
    """A clip to be made. Pixels, frames, denoising steps."""

    width: int
    height: int
    num_frames: int
    steps: int

    @property
    def name(self) -> str:
        """As it is asked for: "512p/16/50", "1280x704/16/50"."""
        size = f"{self.width}p" if self.width == self.height else f"{self.width}x{self.height}"
        return f"{size}/{self.num_frames}/{self.steps}"

    @classmethod
    def read(cls, text: str, card: ModelCard, steps: int | None = None) -> BenchCase:
        """From "SIZE/FRAMES/STEPS"; frames and steps may be left out. ``steps`` wins over the text's.

        Raises:
            InvalidField: it is not written like that, or its sides are not on the model's grid.
            OutOfRange: the model makes no such clip.
        """
        found = CASE.fullmatch(text.strip())
        if found is None:
            expected = f"SIZE/FRAMES/STEPS such as {EXAMPLE}"
            raise InvalidField(
                param="--case", value=repr(text)[:60], expected=expected, expected_zh=f" {EXAMPLE} 的形式"
            )
        side = found["side"]
        frames, written = found[4], found[5]
        made = cls(
            width=int(side or found["width"]),
            height=int(side or found["height"]),
            num_frames=int(frames or _usual(card, "num_frames")),
            steps=steps or int(written or _usual(card, "num_inference_steps")),
        )
        made._check(text, card)
        return made

    def _check(self, text: str, card: ModelCard) -> None:
        spans = {"width": card.side, "height": card.side, "num_frames": card.frames, "steps": card.steps}
        for name, span in spans.items():
            _within(f"--case {text} ({name})", int(getattr(self, name)), span)
        if self.width % card.side_grid or self.height % card.side_grid:
            expected, expected_zh = f"in multiples of {card.side_grid}", f" {card.side_grid} 的倍数"
            raise InvalidField(param="--case", value=text, expected=expected, expected_zh=expected_zh)


def _usual(card: ModelCard, name: str) -> str:
    """The card's own number of frames or steps."""
    return str(card.native.get(name, 1))


def _within(param: str, value: int, span: Range | None) -> None:
    if span is not None and value not in span:
        raise OutOfRange(param=param, value=value, low=f"{span.low:g}", high=f"{span.high:g}")


@dataclass(frozen=True)
class BenchOrder:
    """What is to be measured."""

    card: ModelCard
    cases: tuple[BenchCase, ...]
    machine: Machine
    tiny: bool = False
    """A tiny model with random weights instead of the full-size one: to try the bench itself."""
    folder: Path | None = None
    """The model's files; None for random weights of the full size, which cost the same time."""
    against: str | None = None
    """What to compare with in the same run: "diffusers"."""
    rungs: bool = False
    """Also each placement by itself."""
    numerics: bool = False
    """Also how far rounding takes the result from that of a finer number format."""
    cap_bytes: int | None = None
    """Also a clip with no more of the device's memory than this."""
    options: Mapping[str, float | str | bool] = field(default_factory=dict)
    """The model's own options."""


@dataclass(frozen=True)
class BenchRow:
    """One measurement. None where something was not measured or has no meaning. Seconds, bytes."""

    kind: str
    """ "ours", "diffusers", "rung", "numerics" or "cap"."""
    case: BenchCase
    model: str
    weights: str
    """ "random", "tiny" or "folder"."""
    device: str
    dtype: str
    """Of weights and activations: "float16"."""
    rung: str | None = None
    """The placement at the end of the clip."""
    options: Mapping[str, Any] = field(default_factory=dict)
    acceleration: str | None = None
    seconds: float | None = None
    """Of the whole clip, the model loaded: words and picture read, all steps, all frames decoded."""
    step_seconds: float | None = None
    """Median of the steps after the first two."""
    peak_bytes: int | None = None
    """Allocated on the device; resident memory of the process on a CPU."""
    reserved_bytes: int | None = None
    """What the device's allocator took for that."""
    floor_seconds: float | None = None
    """What the device's arithmetic alone needs at its best."""
    floor_measured: bool = False
    """The device's best was measured by a short product of matrices, not read off its data sheet."""
    seconds_ratio: float | None = None
    """Ours, as a share of the other's seconds."""
    peak_ratio: float | None = None
    difference: float | None = None
    """The largest difference of the latents from those of ``compared_with``, of their largest value."""
    difference_rms: float | None = None
    """Root mean square of the difference, of that of the latents."""
    compared_with: str | None = None
    predicted_bytes: int | None = None
    """The peak that the planner expects at this rung."""
    frames_made: int | None = None
    notes: tuple[Note, ...] = ()
    error: UnstillError | None = None

    @property
    def floor_share(self) -> float | None:
        """How much of the time the arithmetic alone would need; 1 is the device's best."""
        return None if not (self.floor_seconds and self.seconds) else self.floor_seconds / self.seconds

    @property
    def off_percent(self) -> float | None:
        """By how much the real peak is above the predicted one, in percent of that."""
        if not (self.predicted_bytes and self.peak_bytes):
            return None
        return 100 * (self.peak_bytes / self.predicted_bytes - 1)

    def to_json(self, language: Language = "en") -> dict[str, Any]:
        """JSON-ready."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return {
            **plain,
            "case": self.case.name,
            "width": self.case.width,
            "height": self.case.height,
            "frames": self.case.num_frames,
            "steps": self.case.steps,
            "options": dict(self.options),
            "floor_share": self.floor_share,
            "off_percent": self.off_percent,
            "notes": [note.text(language) for note in self.notes],
            "error": self.error.to_json(language) if self.error else None,
        }


_PLAIN = (
    "kind", "model", "weights", "device", "dtype", "rung", "acceleration", "seconds", "step_seconds",
    "peak_bytes", "reserved_bytes", "floor_seconds", "floor_measured", "seconds_ratio", "peak_ratio",
    "difference", "difference_rms", "compared_with", "predicted_bytes", "frames_made",
)  # fmt: skip


@runtime_checkable
class Benchable(Protocol):
    """An engine family that can measure its models."""

    def bench(self, order: BenchOrder, heard: Heard) -> Iterator[BenchRow]:
        """Measure, a row at a time. What fails for want of memory or of a library becomes a row with an
        error, and the others go on.

        Raises:
            ExtraMissing, NoMemoryForBench, WeightsMissing and company: nothing can be measured.
            Cancelled: ``heard`` raised it.
        """
