"""From the moves of a plan to one smooth path: a pose and a cover zoom for every frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unstill.engines.motion.camera import Lens, Points, Pose, sample
from unstill.engines.motion.handheld import Tremble
from unstill.engines.motion.moves import MOVES, TURN, Move
from unstill.engines.motion.scene import Scene

if TYPE_CHECKING:
    from unstill.engines.motion.lexicon import Cue

RAMP = 0.3
"""Share of a move spent getting up to speed, and again slowing down."""
EARLY = 1.6
"""The cover zoom is done when the move is 1/EARLY through, so that the rest is the move alone."""
OVERLAP = 0.15
"""How far one move of a sequence reaches into the next, as a share of a stage."""
BORDER_POINTS, TIMES = 64, 17
"""Samples along each side and along the shot when fitting the cover zoom."""
FINE_POINTS, FINE_TIMES, WIDENINGS = 512, 49, 8
"""Samples for the proof afterwards, and how often it may ask for more."""
MAX_COVER = 1.5
EDGE = 0.51
"""Pixels by which a ray may pass the outermost pixel centre: half a pixel is still that pixel."""


def ease(s: float) -> float:
    """Rest to rest: speed rises over `RAMP`, holds, and falls over `RAMP`, each along a smoothstep."""
    s = min(1.0, max(0.0, s))
    if s > 0.5:
        return 1.0 - ease(1.0 - s)
    u = min(1.0, s / RAMP)
    distance = RAMP * (u**3 - u**4 / 2) + max(0.0, s - RAMP)
    return distance / (1 - RAMP)


@dataclass(frozen=True)
class Leg:
    """One move over one stretch of the shot (``start`` to ``end``, shares of the whole)."""

    move: Move
    amplitude: float
    pivot: float
    start: float
    end: float
    circling: bool

    def _progress(self, t: float) -> float:
        return (t - self.start) / (self.end - self.start)

    def pose(self, t: float) -> Pose:
        done = ease(self._progress(t))
        if self.circling and self.move.circles:
            return self.move.circles(self.amplitude, self.pivot, TURN * done)
        return self.move.pose(self.amplitude * (1 - done if self.move.homeward else done), self.pivot)

    def cover(self, t: float) -> float:
        """How much of this leg's cover zoom is needed, 0..1; 0 where the leg is at home."""
        s = min(1.0, max(0.0, self._progress(t)))
        if self.circling:
            return ease(min(1.0, 2 * EARLY * min(s, 1 - s)))
        return ease(min(1.0, EARLY * (1 - s if self.move.homeward else s)))


@dataclass(frozen=True)
class Shot:
    """The whole path."""

    lens: Lens
    legs: tuple[Leg, ...]
    tremble: Tremble | None
    covers: tuple[float, ...]
    """Cover zoom of each leg at full, minus 1; the tremble's comes last."""
    num_frames: int
    loop: bool

    def time(self, index: int) -> float:
        """Frame index to time 0..1. A loop goes there and back, or once round."""
        if not self.loop:
            return index / max(1, self.num_frames - 1)
        phase = (index % self.num_frames) / self.num_frames
        return phase if any(leg.circling for leg in self.legs) else 1 - abs(2 * phase - 1)

    def pose(self, index: int) -> Pose:
        t = self.time(index)
        pose = sum((leg.pose(t) for leg in self.legs), Pose())
        if self.tremble:
            pose = pose + self.tremble.pose(index)
        return pose

    def cover(self, index: int) -> float:
        t = self.time(index)
        zoom = 1 + sum(c * leg.cover(t) for c, leg in zip(self.covers, self.legs, strict=False))
        if self.tremble:
            zoom += self.covers[-1] * self.tremble.envelope(index)
        return zoom


def choreograph(
    stages: Sequence[Sequence[Cue]],
    scene: Scene,
    num_frames: int,
    fps: int,
    loop: bool,
    strength: float,
    seed: int,
) -> Shot:
    """Turn the stages of a plan into a path through this scene.

    Amplitudes are found from the scene's own depth and landmarks; then one cover zoom per leg is fitted so
    that no ray ever leaves the picture. The picture itself is met exactly where every leg is at home.
    """
    lens = Lens(scene.width, scene.height)
    moving = [[cue for cue in stage if cue.id in MOVES] for stage in stages]
    circling = loop and len(stages) == 1 and any(cue.id == "orbit" for cue in moving[0])
    legs = []
    for number, stage in enumerate(moving):
        start, end = _window(number, len(moving))
        share = 1 / math.sqrt(max(1, len(stage)))  # together they should not go further than one alone
        for cue in stage:
            move = MOVES[cue.id](cue.side)
            reach = amplitude(move, scene, lens, cue.strength * strength * share)
            legs.append(Leg(move, reach, scene.pivot, start, end, circling and move.circles is not None))
    shaking = [cue.strength for stage in stages for cue in stage if cue.id == "handheld"]
    tremble = Tremble(max(shaking) * strength, num_frames, fps, loop, seed) if shaking else None
    bare = Shot(lens, tuple(legs), tremble, (0.0,) * (len(legs) + bool(tremble)), num_frames, loop)
    return _covered(bare, scene)


def _window(number: int, count: int) -> tuple[float, float]:
    reach = OVERLAP / 2 / count if count > 1 else 0.0
    return max(0.0, number / count - reach), min(1.0, (number + 1) / count + reach)


def amplitude(move: Move, scene: Scene, lens: Lens, strength: float) -> float:
    """How far to go so that the scene's landmarks shift by the move's travel in the median (bisection)."""
    if strength == 0:
        return 0.0
    points, around = scene.landmarks, _raster(lens)
    depth, depths = scene.disparity_at(points), scene.disparity_at(around)
    side = min(scene.width, scene.height)
    goal, widest = move.travel * strength * side, move.widest * max(1.0, strength) * side

    def too_far(a: float) -> bool:
        pose = move.pose(a, scene.pivot)
        shift = np.linalg.norm(lens.project(pose, points, depth) - points, axis=1)
        broad = np.linalg.norm(lens.project(pose, around, depths) - around, axis=1)
        return bool(np.median(shift) > goal or np.percentile(broad, 90) > widest)

    low, high = 0.0, move.reach
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if too_far(middle) else (middle, high)
    return low


def _raster(lens: Lens) -> Points:
    """Points evenly over the picture, edges included."""
    x, y = np.linspace(0, lens.width - 1, 9), np.linspace(0, lens.height - 1, 9)
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(np.float32)


def _border(lens: Lens, count: int) -> Points:
    """Points along the picture's four edges."""
    right, bottom = lens.width - 1, lens.height - 1
    s = np.linspace(0, 1, count)
    x = np.concatenate([s, s, 0 * s, 0 * s + 1]) * right
    y = np.concatenate([0 * s, 0 * s + 1, s, s]) * bottom
    return np.stack([x, y], 1).astype(np.float32)


def leaves(lens: Lens, scene: Scene, pose: Pose, cover: float, border: Points) -> bool:
    """Whether any ray of the border looks past the picture, at the background or at the subject."""
    limit = np.array([lens.width - 1, lens.height - 1], dtype=np.float32)

    def outside(points: Points) -> npt.NDArray[np.bool_]:
        return np.asarray(((points < -EDGE) | (points > limit + EDGE)).any(1))

    if pose.is_home:
        return False
    if outside(lens.look(pose, cover, scene.far, border)).any():
        return True
    if pose.is_flat or not scene.has_subject:
        return False
    onto = lens.look(pose, cover, scene.near, border)
    return bool((outside(onto) & (sample(scene.seen, np.clip(onto, 0, limit)) > 0)).any())


def needed_cover(lens: Lens, scene: Scene, pose: Pose, border: Points) -> float:
    """The least zoom from 1 to `MAX_COVER` at which every ray of the border stays inside the picture."""
    if not leaves(lens, scene, pose, 1.0, border):
        return 1.0
    low, high = 1.0, MAX_COVER
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if leaves(lens, scene, pose, middle, border) else (low, middle)
    return high


def _covered(shot: Shot, scene: Scene) -> Shot:
    """Fit the cover zooms: greedily leg by leg, then all together until nothing leaves the picture."""
    if not shot.covers:
        return shot
    border = _border(shot.lens, BORDER_POINTS)
    last = shot.num_frames - 1
    indices = sorted({round(i) for i in np.linspace(0, last, min(TIMES, shot.num_frames))})
    need = np.array([needed_cover(shot.lens, scene, shot.pose(i), border) for i in indices])
    shares = [np.array([leg.cover(shot.time(i)) for i in indices]) for leg in shot.legs]
    if shot.tremble:
        shares.append(np.array([shot.tremble.envelope(i) for i in indices]))
    covers: list[float] = []
    rest = need - 1
    for share in shares:
        usable = share > 0.02
        ratio = np.where(usable, rest / np.maximum(share, 1e-9), 0.0)
        covers.append(float(max(0.0, ratio.max(initial=0.0))))
        rest = np.maximum(0.0, rest - covers[-1] * share)
    spare = tuple(c * 1.01 + 0.002 if c else 0.0 for c in covers)
    return _proved(replace(shot, covers=spare), scene)


def _proved(shot: Shot, scene: Scene) -> Shot:
    """Between the samples of the fit the need may be larger: look closer, and zoom a little more."""
    border, count = _border(shot.lens, FINE_POINTS), min(FINE_TIMES, shot.num_frames)
    indices = sorted({round(i) for i in np.linspace(0, shot.num_frames - 1, count)})
    for _ in range(WIDENINGS):
        poses = ((shot.pose(i), shot.cover(i)) for i in indices)
        if not any(leaves(shot.lens, scene, pose, cover, border) for pose, cover in poses):
            break
        shot = replace(shot, covers=tuple(c * 1.04 + 0.002 if c else 0.0 for c in shot.covers))
    return shot
