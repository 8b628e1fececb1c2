"""The camera is a pinhole camera."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstill.engines.motion.camera import Lens, Pose

LENS = Lens(320, 200)
small = st.floats(-0.15, 0.15)


@settings(max_examples=60, deadline=None)
@given(small, small, small, small, small, small, small, st.floats(0.05, 0.9))
def test_looking_undoes_projecting(x, y, z, yaw, pitch, roll, zoom, disparity):
    """A point lands where the camera finds it again, for any pose."""
    pose = Pose(x, y, z, yaw, pitch, roll, zoom)
    points = np.array([[30, 40], [160, 100], [290, 180]], np.float32)
    wall = np.full((LENS.height, LENS.width), disparity, np.float32)
    landed = LENS.project(pose, points, np.full(3, disparity, np.float32))
    found = LENS.look(pose, 1.0, wall, landed)
    assert np.abs(found - points).max() < 0.02


@pytest.mark.parametrize(
    ("pose", "axis", "sign"),
    [
        (Pose(yaw=0.05), 0, -1),
        (Pose(x=0.05), 0, -1),
        (Pose(pitch=0.05), 1, 1),
        (Pose(y=-0.05), 1, 1),
    ],
)
def test_the_picture_goes_the_other_way(pose, axis, sign):
    """Turning or moving right sends the picture left; up sends it down."""
    centre = np.array([LENS.centre], np.float32)
    moved = LENS.project(pose, centre, np.array([0.5], np.float32))
    assert np.sign((moved - centre)[0, axis]) == sign


def test_travel_shifts_by_focal_times_disparity():
    """The parallax of a sideways step is f x d, as a pinhole camera's."""
    points = np.array([[100, 50], [100, 50]], np.float32)
    moved = LENS.project(Pose(x=0.1), points, np.array([0.2, 0.8], np.float32))
    assert np.allclose(points[:, 0] - moved[:, 0], [320 * 0.1 * 0.2, 320 * 0.1 * 0.8], atol=1e-3)


def test_moving_in_grows_things_by_their_nearness():
    """A step forward of z magnifies a thing at disparity d by 1 / (1 - z d)."""
    pair = np.array([[100, 99.5], [220, 99.5]], np.float32)
    moved = LENS.project(Pose(z=0.25), pair, np.array([0.8, 0.8], np.float32))
    assert (moved[1] - moved[0])[0] / 120 == pytest.approx(1 / (1 - 0.25 * 0.8), rel=1e-4)


def test_zoom_is_the_log_of_the_focal_length():
    """Zooming by log 2 doubles all distances, near and far alike."""
    pair = np.array([[140, 99.5], [180, 99.5]], np.float32)
    moved = LENS.project(Pose(zoom=float(np.log(2))), pair, np.array([0.1, 0.9], np.float32))
    assert (moved[1] - moved[0])[0] == pytest.approx(80, rel=1e-4)


def test_a_clockwise_roll_turns_the_picture_counter_clockwise():
    """What was to the right of the centre goes up."""
    right = np.array([[260, 99.5]], np.float32)
    moved = LENS.project(Pose(roll=0.1), right, np.array([0.5], np.float32))
    assert moved[0, 1] < 99.5
