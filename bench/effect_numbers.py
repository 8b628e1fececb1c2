"""What weather and light change: enough in their own place, nothing elsewhere, in the right direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from bench import tracking
from bench.filming import FPS, FRAMES, SEED, film
from bench.loop_numbers import FEW_STEPS, Seam, neighbours, wrap_step
from bench.samples import Sample
from bench.tracking import Image, Mask
from unstill.engines.motion.effects import EFFECT_IDS, make_effect
from unstill.engines.motion.effects.base import Clock, Effect
from unstill.engines.motion.engine import Film
from unstill.engines.motion.scene import Scene

GROUP = "effects"
LEVELS = 8
FALLING = ("snow", "rain", "petals")
STEPS = 4
"""Steps over which movement is summed."""
APART = {"clouds": 8}
"""Frames in a step where one is too little to see; 1 for the others."""
REACH = 0.12
"""Largest movement looked for in a step, as a share of the shorter side."""


def measure(photo: str, scene: Scene) -> Iterator[Sample]:
    """All effects on one photo under a standing camera."""
    for effect_id in EFFECT_IDS:
        try:
            effect = make_effect(effect_id, scene, Clock(FRAMES, FPS, False), 1.0, SEED)
        except ImportError:
            yield Sample(GROUP, "place found", effect_id, photo, float("nan"), note="not there yet")
            continue
        if effect is not None:
            yield from _one(photo, scene, effect_id, effect)
            yield from _looped(photo, scene, effect_id)


def _one(photo: str, scene: Scene, effect_id: str, effect: Effect) -> Iterator[Sample]:
    made = film(scene, "static", effects=[effect])
    region = effect.region
    assert region is not None
    altered = int((made.frame(0) != scene.picture).any(2).sum())
    yield Sample(GROUP, "frame 0, changed pixels", effect_id, photo, altered, most=0.0)
    middle = made.frame(FRAMES // 2)
    changed = 100 * changed_share(scene.picture, middle, region > 0.5)
    yield Sample(GROUP, "changed in its region, %", effect_id, photo, changed, least=2.0)
    outside = region < 0.01
    if outside.any():
        rest = tracking.psnr(middle, scene.picture, outside)
        yield Sample(GROUP, "the rest, dB", effect_id, photo, rest, least=45.0)
    yield from _direction(photo, made, effect_id, region > 0.5)


def _looped(photo: str, scene: Scene, effect_id: str) -> Iterator[Sample]:
    """The wrap step of the effect as a loop (in change only: weather is no place for corners)."""
    effect = make_effect(effect_id, scene, Clock(FRAMES, FPS, True), 1.0, SEED)
    if effect is not None:
        made = film(scene, "static", loop=True, effects=[effect])
        seam, pairs = Seam.of(made), list(neighbours(made, FEW_STEPS))
        step = wrap_step(tracking.mean_change, seam, pairs)
        yield Sample(GROUP, "loop closure, dB", effect_id, photo, seam.closure, least=50.0)
        yield Sample(GROUP, "loop wrap step", effect_id, photo, step, most=1.5)


def changed_share(before: Image, after: Image, where: Mask) -> float:
    """Share of the pixels of a region of which any channel changes by more than 8 levels."""
    if not where.any():
        return float("nan")
    return float((cv2.absdiff(before, after).max(2) > LEVELS)[where].mean())


def _direction(photo: str, made: Film, effect_id: str, where: Mask) -> Iterator[Sample]:
    """Snow, rain and petals must go down, clouds sideways; of the others the movement is only reported."""
    step, start = APART.get(effect_id, 1), FRAMES // 2 - 1
    needed = sorted({start + i + k * step for i in range(STEPS) for k in range(3)})
    frames = {index: made.frame(index) for index in needed}
    triples = [tuple(frames[start + i + k * step] for k in range(3)) for i in range(STEPS)]
    x, y = movement(triples, where)
    note = f"x {x / step:+.1f}, y {y / step:+.1f} px a frame"
    if effect_id in FALLING:
        yield Sample(GROUP, "falls, px a frame", effect_id, photo, y / step, least=0.5, note=note)
    elif effect_id == "clouds":
        sideways = (abs(x) - abs(y)) / step
        yield Sample(
            GROUP, "sideways more than down, px a frame", effect_id, photo, sideways, least=0.05, note=note
        )
    else:
        yield Sample(GROUP, "movement, px a frame", effect_id, photo, float(np.hypot(x, y)) / step, note=note)


def movement(triples: Iterable[Sequence[Image]], where: Mask) -> tuple[float, float]:
    """The commonest displacement (x, y) in pixels from one frame to the next, inside a region.

    Three frames, equally far apart, give two differences, first to second and second to third; whatever
    stands still is in neither. The peak of the cross-correlation of the two (by Fourier transform), summed
    over the triples, is how far the pattern of change has moved on.
    """
    total = np.zeros(where.shape, np.float64)
    for frames in triples:
        one, two, three = (cv2.GaussianBlur(tracking.grey(f).astype(np.float32), (0, 0), 1.5) for f in frames)
        a, b = np.where(where, two - one, 0), np.where(where, three - two, 0)
        total += np.fft.irfft2(np.conj(np.fft.rfft2(a)) * np.fft.rfft2(b), s=where.shape)
    reach = max(2, round(REACH * min(where.shape)))
    near = np.roll(total, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    y, x = np.unravel_index(int(near.argmax()), near.shape)
    dx, dy = _vertex(near[y], int(x)), _vertex(near[:, x], int(y))
    return float(x - reach + dx), float(y - reach + dy)


def _vertex(line: npt.NDArray[np.float64], at: int) -> float:
    """Offset of a peak from its sample: the vertex of the parabola through it and its neighbours."""
    if not 0 < at < len(line) - 1:
        return 0.0
    left, top, right = line[at - 1 : at + 2]
    bend = left - 2 * top + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0
