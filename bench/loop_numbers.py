"""Loops: does the end meet the beginning, and does a passing cloud stay as crisp half-way?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bench import tracking
from bench.filming import FPS, FRAMES, SEED, film
from bench.samples import Sample
from bench.tracking import Image, Mask
from unstill.engines.motion.effects import make_effect
from unstill.engines.motion.effects.base import Clock
from unstill.engines.motion.engine import Film
from unstill.engines.motion.scene import Scene

STEPS, FEW_STEPS = 10, 6
"""Pairs of neighbours compared for the usual step, evenly over the clip; fewer for effects."""
SKY_MARGIN = 31
"""Width of the erosion that keeps the horizon out of the sky, pixels at 1024."""


def measure(photo: str, scene: Scene, move: str) -> Iterator[Sample]:
    """Closure and wrap step of a move as a loop."""
    yield from of_film(photo, move, film(scene, move, loop=True))


def of_film(photo: str, subject: str, made: Film) -> Iterator[Sample]:
    """Closure: the frame after the last against the first, in dB.

    Wrap step: from the last frame to the first, over the median step between neighbours, in mean absolute
    change and in median tracked displacement. Closure alone would be met by an engine that counts
    frames modulo the length; the wrap step would not.
    """
    seam, pairs = Seam.of(made), list(neighbours(made, STEPS))
    yield Sample("loops", "closure, dB", subject, photo, seam.closure, least=50.0)
    change = wrap_step(tracking.mean_change, seam, pairs)
    yield Sample("loops", "wrap step, of the median change", subject, photo, change, most=1.5)
    way = wrap_step(tracking.displacement, seam, pairs)
    yield Sample("loops", "wrap step, of the median way", subject, photo, way, most=1.5)


@dataclass(frozen=True)
class Seam:
    """The frames on either side of a loop's seam."""

    last: Image
    first: Image
    after: Image
    """The frame that would follow the last, were the clip longer."""

    @classmethod
    def of(cls, made: Film) -> Seam:
        count = made.clock.num_frames
        return cls(made.frame(count - 1), made.frame(0), made.frame(count))

    @property
    def closure(self) -> float:
        return tracking.psnr(self.after, self.first)


def neighbours(made: Film, steps: int) -> Iterator[tuple[Image, Image]]:
    """Pairs of successive frames, evenly over the clip."""
    for i in np.linspace(0, made.clock.num_frames - 2, steps).round().astype(int):
        yield made.frame(int(i)), made.frame(int(i) + 1)


def wrap_step(
    measure: Callable[[Image, Image], float], seam: Seam, pairs: Sequence[tuple[Image, Image]]
) -> float:
    """The step over the seam as a multiple of the median step."""
    return ratio(measure(seam.last, seam.first), float(np.median([measure(*pair) for pair in pairs])))


def ratio(step: float, usual: float) -> float:
    """Step over usual step; 0 where nothing moves at all (less than 1/1000 level or pixel)."""
    if step < 1e-3:
        return 0.0
    return step / usual if usual > 0 else float("inf")


def clouds(photo: str, scene: Scene) -> Iterator[Sample]:
    """A standing camera under drifting clouds, looped: closure, and contrast half-way against the start."""
    clock = Clock(FRAMES, FPS, True)
    try:
        effect = make_effect("clouds", scene, clock, 1.0, SEED)
    except ImportError:
        yield Sample("loops", "cloud contrast half-way", "clouds", photo, float("nan"), note="not there yet")
        return
    if effect is None or scene.sky is None:
        return
    made = film(scene, "static", loop=True, effects=[effect])
    yield from of_film(photo, "clouds", made)
    inside = inner(scene.sky > 0.95, scene.unit)
    if inside.any():
        value = contrast(made.frame(FRAMES // 2), inside) / max(contrast(made.frame(0), inside), 1e-6)
        yield Sample("loops", "cloud contrast half-way", "clouds", photo, value, least=0.85, most=1.15)


def inner(mask: Mask, unit: float) -> Mask:
    """A mask less its rim, the picture's edges included."""
    side = max(3, round(SKY_MARGIN * unit)) | 1
    kernel = np.ones((side, side), np.uint8)
    eroded = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded > 0)


def contrast(frame: Image, where: Mask) -> float:
    """Standard deviation of what a Gaussian blur of sigma 3 takes away from the grey image, in levels."""
    image = tracking.grey(frame).astype(np.float32)
    return float((image - cv2.GaussianBlur(image, (0, 0), 3))[where].std())
