"""Films for the benchmark: made by the engine, encoded by the product's encoder, decoded again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from unstill.core.metadata import describe
from unstill.core.plan import Plan
from unstill.core.ports import Estimate
from unstill.domain.request import VideoRequest
from unstill.engines.motion.card import CARD
from unstill.engines.motion.effects.base import Clock, Effect
from unstill.engines.motion.engine import Film
from unstill.engines.motion.layers import LayerCamera, View
from unstill.engines.motion.lexicon.cues import Cue
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene
from unstill.engines.motion.shot import choreograph
from unstill.media.read_video import read_frames
from unstill.media.video import AvVideoMaker

FRAMES, FPS, SEED = 48, 24, 1
HALF_A_PIXEL = 0.5
SLACK = 0.02
"""Pixels of rounding in float32 positions."""


def film(
    scene: Scene, move: str, frames: int = FRAMES, *, loop: bool = False, effects: Sequence[Effect] = ()
) -> Film:
    """One move at its default strength through a scene."""
    shot = choreograph([[Cue(move)]], scene, frames, FPS, loop, 1.0, SEED)
    return Film(scene, shot, effects, Clock(frames, FPS, loop))


def plan(width: int, height: int, frames: int) -> Plan:
    """What the encoder needs to know: an MP4 of the default settings."""
    request = VideoRequest(model=CARD.id, size=f"{width}x{height}", num_frames=frames, fps=FPS, seed=SEED)
    return Plan(
        card=CARD, request=request, width=width, height=height, fit="keep", num_frames=frames, fps=FPS,
        seed=SEED, loop=False, format="mp4", details={}, notes=(), estimate=Estimate(0.0, 0), fits=True,
    )  # fmt: skip


@dataclass
class Mp4:
    """A file that removes itself, and what writing it took.

    As a context manager it yields itself; `write` is to be called with every frame.
    """

    width: int
    height: int
    frames: int
    encode_s: float = 0.0
    """CPU seconds of this process with all its threads."""
    _folder: tempfile.TemporaryDirectory[str] = field(init=False, repr=False)

    def __enter__(self) -> Mp4:
        self._folder = tempfile.TemporaryDirectory(prefix="unstill-bench-")
        return self

    def __exit__(self, *failure: object) -> None:
        self._folder.cleanup()

    @property
    def path(self) -> Path:
        return Path(self._folder.name) / "clip.mp4"

    def write(self, frames: Iterable[Image]) -> None:
        """Encode with the product's settings; only the encoder's own time is counted."""
        made = plan(self.width, self.height, self.frames)
        started = time.process_time()
        with AvVideoMaker().encoder(self.path, made, describe(made, "bench", "bench")) as sink:
            self.encode_s += time.process_time() - started
            for frame in frames:
                started = time.process_time()
                sink.write(frame)
                self.encode_s += time.process_time() - started
            started = time.process_time()
        self.encode_s += time.process_time() - started

    def read(self) -> Iterator[Image]:
        """The frames as a player would see them."""
        return read_frames(self.path)


class AffineClip:
    """An exact affine clip of the same photo along the same path: what judder a good pan and zoom has.

    For each frame the affine map nearest (least squares over a grid) to what the engine's camera does to the
    background is applied to the photo by `cv2.warpAffine` with cubic sampling.
    """

    def __init__(self, made: Film) -> None:
        self._picture, self._film = made.scene.picture, made
        self._camera = LayerCamera(made.scene)

    def frame(self, index: int) -> Image:
        height, width = self._picture.shape[:2]
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                self._picture, self._map(index), (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )

    def _map(self, index: int) -> npt.NDArray[np.float64]:
        """Output to source, [2 3]."""
        shot = self._film.shot
        where = positions(self._camera.far(shot.pose(index), shot.cover(index)))
        rows, columns = (np.linspace(0, n - 1, 17).astype(int) for n in where.shape[:2])
        x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
        known = np.stack([x, y, np.ones_like(x)], 1).astype(np.float64)
        solved = np.linalg.lstsq(known, where[y, x].astype(np.float64), rcond=None)[0]
        return np.asarray(solved.T)


def positions(view: View) -> npt.NDArray[np.float32]:
    """Where each output pixel of a view's window finds its source, float32 [h w 2] x y in pixels."""
    if view.lookup is not None:
        return view.lookup * np.float32(0.5)
    rows, columns = view.window
    x, y = np.meshgrid(
        np.arange(columns.start or 0, columns.stop, dtype=np.float32),
        np.arange(rows.start or 0, rows.stop, dtype=np.float32),
    )
    assert view.homography is not None
    points = np.stack([x, y], -1).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(points, view.homography)).reshape(*x.shape, 2)


@dataclass(frozen=True)
class Sight:
    """What one frame shows that the photo does not hold."""

    holes: int
    """Output pixels that look past the edge of the picture."""
    invented: float
    """Mean over the output of (1 - subject's alpha as seen) times the guessed share of the background."""


def sight(made: Film, camera: LayerCamera, index: int) -> Sight:
    """Ask the camera where every output pixel of a frame looks, background and subject.

    A pixel is a hole when its background's source lies more than half a pixel outside the outermost pixel
    centre, or its subject's does where the subject covers more than 2 %.
    """
    scene, pose, cover = made.scene, made.shot.pose(index), made.shot.cover(index)
    far = camera.far(pose, cover)
    where = positions(far)
    holes = _outside(where, scene)
    if pose.is_flat or scene.foreground is None:
        return Sight(int(holes.sum()), 0.0)
    guessed = _seen(scene.invented, where)
    near = camera.near(pose, cover)
    if near is not None:
        onto = positions(near)
        alpha = _seen(np.ascontiguousarray(scene.foreground[..., 3]), onto).astype(np.float32) / 255
        guessed[near.window] *= 1 - alpha
        holes[near.window] |= _outside(onto, scene) & (alpha > 0.02)
    return Sight(int(holes.sum()), float(guessed.mean()))


def _seen(plane: Map | Image, where: npt.NDArray[np.float32]) -> Map:
    return np.asarray(cv2.remap(plane, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _outside(where: npt.NDArray[np.float32], scene: Scene) -> npt.NDArray[np.bool_]:
    past = HALF_A_PIXEL + SLACK
    limit = np.array([scene.width - 1, scene.height - 1], np.float32)
    return np.asarray(((where < -past) | (where > limit + np.float32(past))).any(-1))
