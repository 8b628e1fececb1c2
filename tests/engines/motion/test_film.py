"""The frames themselves."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from films import film, flat_scene, scene
from photos import photo, psnr
from unstill.engines.motion.camera import Lens
from unstill.engines.motion.layers import Nodes, Plate, lay_over
from unstill.engines.motion.lexicon import Cue
from unstill.engines.motion.moves import MOVES

HOMEWARD = {"dolly_out", "zoom_out"}


@pytest.mark.parametrize("name", ["astronaut", "china", "rocket"])
@pytest.mark.parametrize("move", sorted(MOVES))
def test_the_film_starts_or_ends_at_the_picture(name, move):
    """Exactly: not one level is changed at home."""
    take = film(scene(name), (Cue(move),), num_frames=12)
    assert np.array_equal(take.frame(11 if move in HOMEWARD else 0), photo(name))


@pytest.mark.parametrize("name", ["astronaut", "china", "flower"])
def test_leaving_home_does_not_jump(name):
    """A hair away from home the two layers still look like the photo."""
    take = film(scene(name), (Cue("dolly_in"),), num_frames=3000)
    assert psnr(take.frame(4), photo(name)) > 55


@pytest.mark.parametrize("move", ["pan_left", "truck_right", "tilt_up", "crane_down", "zoom_in", "dolly_out"])
def test_moves_go_the_way_they_are_called(move):
    """Tracked corners move as the camera's name says."""
    take = film(scene("china"), (Cue(move),), num_frames=8)
    flow = _tracked(take.frame(0), take.frame(7))
    start, shift = flow
    expected = {"pan_left": (0, 1), "truck_right": (0, -1), "tilt_up": (1, 1), "crane_down": (1, -1)}
    if move in expected:
        axis, sign = expected[move]
        assert np.sign(np.median(shift[:, axis])) == sign
    else:
        outwards = ((start - 160) * shift).sum(1)
        assert np.sign(np.median(outwards)) == (1 if move == "zoom_in" else -1)
    assert np.median(np.linalg.norm(shift, axis=1)) > 0.03 * 320


def _tracked(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners [n 2] and their shift, by pyramidal Lucas-Kanade there and back."""
    a, b = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in (first, last))
    start = cv2.goodFeaturesToTrack(a, 150, 0.02, 8)
    end, ok, _ = cv2.calcOpticalFlowPyrLK(a, b, start, None, winSize=(21, 21), maxLevel=4)
    back, ok2, _ = cv2.calcOpticalFlowPyrLK(b, a, end, None, winSize=(21, 21), maxLevel=4)
    good = (ok[:, 0] > 0) & (ok2[:, 0] > 0) & (np.linalg.norm((back - start)[:, 0], axis=1) < 0.5)
    return start[good, 0], (end - start)[good, 0]


@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_loop_closes_exactly(move):
    """Frame n is frame 0, and the last frame is no jump away from it."""
    take = film(scene("astronaut"), (Cue(move),), num_frames=24, loop=True)
    frames = [take.frame(i) for i in range(24)]
    assert np.array_equal(take.frame(24), frames[0])
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert np.abs(frames[-1].astype(int) - frames[0]).mean() <= 1.5 * np.median(steps)


def test_standing_still_is_the_picture():
    """A static shot repeats the picture without one changed level."""
    take = film(scene("china"), (Cue("static"),), num_frames=5)
    assert all(np.array_equal(take.frame(i), photo("china")) for i in range(5))


def test_near_and_far_part_ways():
    """A truck moves the subject further than what is behind it: true parallax."""
    where = scene("astronaut")
    take = film(where, (Cue("truck_right"),), num_frames=8)
    start, shift = _tracked(take.frame(0), take.frame(7))
    on = where.alpha[start[:, 1].astype(int), start[:, 0].astype(int)] > 0.9
    off = where.alpha[start[:, 1].astype(int), start[:, 0].astype(int)] < 0.01
    assert np.median(shift[on, 0]) < np.median(shift[off, 0]) - 0.01 * 320


def test_a_pan_shows_no_parallax():
    """Turning on the spot moves everything by one homography: subject and background keep together."""
    where = scene("astronaut")
    take = film(where, (Cue("pan_right"),), num_frames=8)
    start, shift = _tracked(take.frame(0), take.frame(7))
    homography, _ = cv2.findHomography(start, start + shift)
    left = start + shift - cv2.perspectiveTransform(start[:, None], homography)[:, 0]
    on = where.alpha[start[:, 1].astype(int), start[:, 0].astype(int)] > 0.5
    assert np.linalg.norm(np.median(left[on], 0) - np.median(left[~on], 0)) < 0.001 * 320


def test_a_wall_seen_from_the_side_is_a_plain_shift():
    """On a wall a truck is a translation of f x d pixels: the frame equals OpenCV's own warp."""
    where = flat_scene(photo("coffee"), 0.5)
    take = film(where, (Cue("truck_right"),), num_frames=6)
    pose, cover = take.shot.pose(5), take.shot.cover(5)
    shift, centre = 320 * pose.x * 0.5, 159.5
    back = np.array(
        [[1 / cover, 0, centre - centre / cover + shift], [0, 1 / cover, centre - centre / cover]]
    )
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    wanted = cv2.warpAffine(photo("coffee"), back, (320, 320), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    assert psnr(take.frame(5), wanted) > 38


def test_sampling_on_the_pixels_changes_nothing():
    """A plate gives back its own pixels, and half-way values close to a windowed sinc's."""
    plate = Plate(photo("china"))
    y, x = np.mgrid[0:320, 0:320].astype(np.float32)
    assert np.array_equal(plate.remap(np.dstack([2 * x, 2 * y])), photo("china"))
    half = cv2.remap(photo("china"), x + 0.5, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    assert psnr(plate.remap(np.dstack([2 * x + 1, 2 * y]))[:, 8:-8], half[:, 8:-8]) > 36


@pytest.mark.parametrize("size", [(320, 200), (33, 47), (16, 16), (641, 358)])
def test_the_mapping_grid_is_exact_for_linear_maps(size):
    """Between its nodes the grid interpolates a linear map without error, right up to the edges."""
    nodes = Nodes(Lens(*size))
    dense = nodes.dense(nodes.points * np.float32(0.5) + np.float32(3), nodes.whole) / 2
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    assert np.abs(dense[..., 0] - (0.5 * x + 3)).max() < 1e-3
    assert np.abs(dense[..., 1] - (0.5 * y + 3)).max() < 1e-3


def test_laying_over_is_premultiplied_compositing():
    """layer + (1 - alpha) below, within one level of the closed form."""
    random = np.random.default_rng(0)
    alpha = random.integers(0, 256, (20, 20, 1))
    layer = np.dstack([random.integers(0, alpha + 1, (20, 20, 3)), alpha]).astype(np.uint8)
    below = random.integers(0, 256, (20, 20, 3)).astype(np.uint8)
    wanted = layer[..., :3] + (1 - layer[..., 3:] / 255) * below
    lay_over(below, layer, (slice(0, 20), slice(0, 20)))
    assert np.abs(below - wanted).max() <= 1


def test_the_same_seed_makes_the_same_film():
    """Frame for frame, and in any order."""
    moves = (Cue("dolly_in"), Cue("handheld"))
    one, two = film(scene("china"), moves), film(scene("china"), moves)
    backwards = {i: two.frame(i) for i in (20, 3, 11)}
    assert all(np.array_equal(one.frame(i), backwards[i]) for i in (3, 11, 20))


def test_no_hole_and_no_repeat_at_the_edges():
    """A red frame around the photo never widens: what is past the edge is never seen."""
    framed = photo("astronaut").copy()
    for move in ("truck_left", "crane_up", "orbit", "pan_right", "roll"):
        take = film(scene("astronaut"), (Cue(move),), num_frames=6)
        views = [take._camera.far(take.shot.pose(i), take.shot.cover(i)) for i in range(6)]
        for view in views:
            if view.lookup is not None:
                assert view.lookup.min() >= -2.2
                assert view.lookup[..., 0].max() <= 2 * framed.shape[1] - 0.8
                assert view.lookup[..., 1].max() <= 2 * framed.shape[0] - 0.8
