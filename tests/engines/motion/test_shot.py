"""Paths: smooth, home where promised, and never past the picture's edge."""

from __future__ import annotations

import numpy as np
import pytest

from films import film, flat_scene, scene
from photos import photo
from unstill.engines.motion.lexicon import Cue
from unstill.engines.motion.moves import MOVES
from unstill.engines.motion.shot import _border, ease, leaves

HOMEWARD = {"dolly_out", "zoom_out"}
ALL = sorted(MOVES)


def test_a_move_starts_and_ends_at_rest_and_never_turns_back():
    """Speed is zero at both ends, and the way is the same forwards and backwards."""
    s = np.linspace(0, 1, 501)
    e = np.array([ease(v) for v in s])
    assert e[0] == 0
    assert e[-1] == 1
    assert (np.diff(e) >= 0).all()
    assert np.allclose(e + e[::-1], 1, atol=1e-12)
    assert e[1] < 1e-4
    assert np.abs(np.diff(e, 2)).max() < 1e-3


@pytest.mark.parametrize("name", ["astronaut", "china", "rocket"])
@pytest.mark.parametrize("move", ALL)
@pytest.mark.parametrize("loop", [False, True])
def test_no_ray_ever_leaves_the_picture(name, move, loop):
    """At every frame of every move the cover zoom is at least what the pose needs."""
    take = film(scene(name), (Cue(move),), num_frames=16, loop=loop)
    border = _border(take.shot.lens, 512)
    for index in range(16):
        pose, cover = take.shot.pose(index), take.shot.cover(index)
        assert not leaves(take.shot.lens, take.scene, pose, cover, border), index


@pytest.mark.parametrize("move", ALL)
def test_the_picture_is_met_where_promised(move):
    """A move starts at the picture; a pull-back ends at it."""
    shot = film(scene("china"), (Cue(move),), num_frames=20).shot
    index = 19 if move in HOMEWARD else 0
    assert shot.pose(index).is_home
    assert shot.cover(index) == 1.0
    assert not shot.pose(19 - index).is_home


@pytest.mark.parametrize("move", ALL)
def test_a_loop_comes_back(move):
    """The frame after the last is the first again."""
    shot = film(scene("china"), (Cue(move),), num_frames=20, loop=True).shot
    assert shot.pose(20) == shot.pose(0)
    assert shot.cover(20) == shot.cover(0)


def test_moves_of_a_sequence_follow_one_another():
    """ "Push in, then tilt up": all of the push is before most of the tilt."""
    shot = film(scene("astronaut"), (Cue("dolly_in"),), (Cue("tilt_up"),), num_frames=41).shot
    middle = shot.pose(20)
    final = shot.pose(40)
    assert middle.z > 0.9 * final.z > 0
    assert 0 <= middle.pitch < 0.1 * final.pitch


def test_moves_of_one_stage_go_together():
    """Half-way through, both are half-way."""
    shot = film(scene("astronaut"), (Cue("dolly_in"), Cue("pan_left")), num_frames=41).shot
    assert shot.pose(20).z == pytest.approx(shot.pose(40).z / 2, rel=1e-6)
    assert shot.pose(20).yaw == pytest.approx(shot.pose(40).yaw / 2, rel=1e-6)


@pytest.mark.parametrize(("move", "travel"), [("zoom_in", 0.065), ("pan_right", 0.055), ("truck_left", 0.05)])
def test_every_picture_travels_alike(move, travel):
    """On a wall the landmarks' median shift is the move's travel, up to what the cover zoom adds."""
    where = flat_scene(photo("coffee"), 0.5)
    shot = film(where, (Cue(move),), num_frames=10).shot
    marks = where.landmarks
    landed = shot.lens.project(shot.pose(9), marks, where.disparity_at(marks))
    assert np.median(np.linalg.norm(landed - marks, axis=1)) == pytest.approx(travel * 320, rel=0.02)


def test_strength_scales_the_travel():
    """A gentle push goes as much less far as its strength says."""
    gentle = film(scene("china"), (Cue("zoom_in", 0.5),)).shot.pose(23).zoom
    full = film(scene("china"), (Cue("zoom_in"),)).shot.pose(23).zoom
    assert 0.4 < gentle / full < 0.6


def test_a_hand_trembles_by_its_seed():
    """Another seed is another hand; the same seed the same."""
    take = [film(scene("china"), (Cue("handheld"),), seed=s).shot.pose(12) for s in (1, 1, 2)]
    assert take[0] == take[1] != take[2]


def test_a_dolly_zoom_holds_the_subject():
    """The subject keeps its size while the background grows behind it."""
    where = scene("flower")
    shot = film(where, (Cue("dolly_zoom"),), num_frames=10).shot
    pose = shot.pose(9)
    pair = np.array([[150, 160], [170, 160]], np.float32)

    def growth(disparity: float) -> float:
        landed = shot.lens.project(pose, pair, np.full(2, disparity, np.float32))
        return float(np.linalg.norm(landed[1] - landed[0]) / 20)

    assert growth(where.pivot) == pytest.approx(1, abs=1e-3)
    assert growth(0.3) > 1.02
