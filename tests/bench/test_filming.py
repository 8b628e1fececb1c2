"""Holes and invented pixels at poses where they can be worked out by hand; the encoder's round trip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bench import tracking
from bench.filming import AffineClip, Mp4, film, sight
from synthetic import FAR, NEAR, SIDE, hand_made
from unstill.engines.motion.camera import Pose
from unstill.engines.motion.engine import Film
from unstill.engines.motion.layers import LayerCamera


@dataclass(frozen=True)
class Still:
    """A shot that stands at one pose."""

    there: Pose
    lens: object = None

    def pose(self, index: int) -> Pose:
        return self.there

    def cover(self, index: int) -> float:
        return 1.0


def at(pose: Pose) -> tuple[Film, LayerCamera]:
    scene = hand_made()
    return replace(film(scene, "static"), shot=Still(pose)), LayerCamera(scene)  # type: ignore[arg-type]


def test_at_home_there_is_nothing_to_find() -> None:
    seen = sight(*at(Pose()), 0)
    assert (seen.holes, seen.invented) == (0, 0.0)


def test_zooming_out_of_the_picture_makes_holes() -> None:
    """At 10 % wider 256 pixels of picture fill 232 of the output; the frame around them is holes."""
    seen = sight(*at(Pose(zoom=-np.log(1.1))), 0)
    assert seen.holes == SIDE**2 - 232**2


def test_a_step_aside_uncovers_a_strip() -> None:
    """Subject and background slide by focal length x travel x difference of disparity."""
    travel = 0.05
    strip = SIDE * travel * (NEAR - FAR)
    seen = sight(*at(Pose(x=travel)), 0)
    assert seen.invented == pytest.approx(strip * 96 / SIDE**2, rel=0.06)


def test_choreographed_moves_stay_inside_the_picture() -> None:
    scene = hand_made()
    made, camera = film(scene, "truck_right"), LayerCamera(scene)
    assert max(sight(made, camera, i).holes for i in (0, 20, 47)) == 0


def test_the_affine_clip_follows_a_zoom_exactly() -> None:
    """A zoom is affine, so the reference shows what the engine shows, up to how pixels are sampled."""
    made = film(hand_made(), "zoom_in")
    affine = AffineClip(made)
    assert tracking.psnr(affine.frame(47), made.frame(47)) > 40
    assert np.array_equal(affine.frame(0), made.scene.picture)


def test_what_was_encoded_comes_back() -> None:
    scene = hand_made()
    made = film(scene, "zoom_in", 6)
    frames = [made.frame(i) for i in range(6)]
    with Mp4(SIDE, SIDE, 6) as file:
        file.write(frames)
        back = list(file.read())
        assert file.encode_s > 0
    assert len(back) == 6
    assert tracking.psnr(back[3], frames[3]) > 28
    assert not file.path.exists()
