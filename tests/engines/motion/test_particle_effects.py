"""Snow, rain, dust and petals: where they are seen, how they move, what hides them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from films import flat_scene
from scenes import scene_of
from unstill.engines.motion.camera import Lens, Pose
from unstill.engines.motion.effects import make_effect
from unstill.engines.motion.effects.base import Air, Clock, Moment
from unstill.engines.motion.effects.particles import Backdrop, Ink, Particles, Splats, Sprite, thin
from unstill.engines.motion.engine import Film
from unstill.engines.motion.scene import Scene
from unstill.engines.motion.shot import choreograph

IDS = ("snow", "rain", "dust", "petals")
FALLING = ("snow", "rain", "petals")
each = pytest.mark.parametrize("effect_id", IDS)
NOBODY = np.zeros(0, np.intp)


@cache
def wall(level: int, width: int = 384, height: int = 384) -> Scene:
    return flat_scene(np.full((height, width, 3), level, np.uint8), 0.4)


def made(
    effect_id: str,
    where: Scene,
    num_frames: int = 48,
    *,
    fps: int = 24,
    loop: bool = False,
    strength: float = 1.0,
    seed: int = 1,
) -> Particles:
    effect = make_effect(effect_id, where, Clock(num_frames, fps, loop), strength, seed)
    assert isinstance(effect, Particles)
    return effect


def drawn(effect: Particles, at: Moment | int, pose: Pose | None = None) -> np.ndarray:
    """The picture with both sides of the air over it."""
    where, frame = effect.scene, effect.scene.picture.copy()
    at = effect.clock.moment(at) if isinstance(at, int) else at
    air = Air(Lens(where.width, where.height), pose or Pose(), 1.0)
    effect.draw(frame, at, air, "behind")
    effect.draw(frame, at, air, "front")
    return frame


def alone(effect: Particles, order: np.ndarray, at: int) -> Particles:
    """The effect with one particle only: the first of ``order`` that is well inside the picture."""
    for who in order:
        effect.sides = {"behind": NOBODY, "front": np.array([who])}
        light = drawn(effect, at)[..., 1]
        height, width = light.shape
        inside = light[height // 4 : -height // 4, width // 4 : -width // 4]
        if inside.max() > 30 and np.count_nonzero(inside) == np.count_nonzero(light):
            return effect
    raise AssertionError("no particle is in the middle of the picture")


def centre(frame: np.ndarray) -> np.ndarray:
    """Centre of the light in a frame, x y."""
    light = frame.sum(2, dtype=np.float64)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of pixels whose mean over the channels differs by more than 8 levels."""
    return float((np.abs(after.mean(2) - before.mean(2)) > 8).mean())


@each
@pytest.mark.parametrize("loop", [False, True])
def test_the_first_frame_is_the_picture(effect_id, loop):
    """Nothing is in the air at frame 0; in a loop nothing is left when it comes round."""
    effect = made(effect_id, wall(128), loop=loop)
    for index in (0, 48) if loop else (0,):
        assert np.array_equal(drawn(effect, index), wall(128).picture)


@each
@pytest.mark.parametrize("num_frames", [24, 48, 240])
def test_a_loop_ends_where_it_began(effect_id, num_frames):
    """Even without the fade: at phase 1 the particles hang where they hung at phase 0."""
    effect = made(effect_id, wall(0), num_frames, loop=True)
    first = drawn(effect, Moment(0, 0.0, 0.0, 1.0))
    last = drawn(effect, Moment(num_frames, num_frames / 24, 1.0, 1.0))
    assert changed(wall(0).picture, first) > 0.01
    assert changed(first, last) < 0.001


@pytest.mark.parametrize("effect_id", FALLING)
@pytest.mark.parametrize("num_frames", [24, 100])
def test_a_loop_does_not_change_how_fast_they_fall(effect_id, num_frames):
    """Box and rounds are fitted to the speed, not the speed to the box."""
    effect = made(effect_id, wall(0), num_frames, loop=True)
    fall, everyone = effect.fall, np.arange(len(effect.fall.near))
    clock = effect.clock
    one, two = (fall.way(Moment(0, 0.0, phase, 1.0), everyone) for phase in (0.0, 1e-4))
    speed = np.mod(two - one, 1) * fall.box / (1e-4 * clock.seconds)
    assert np.allclose(speed, fall.speed, rtol=1e-3)


@each
def test_frames_can_be_had_in_any_order(effect_id):
    """And the same seed gives the same frames, another seed others."""
    one, two = made(effect_id, wall(90)), made(effect_id, wall(90))
    late = drawn(one, 30)
    drawn(two, 12)
    assert np.array_equal(late, drawn(two, 30))
    assert np.array_equal(late, drawn(one, 30))
    assert changed(late, drawn(made(effect_id, wall(90), seed=2), 30)) > 0.01


@each
@pytest.mark.parametrize("level", [0, 128, 255])
def test_by_mid_clip_it_can_be_seen_on_anything(effect_id, level):
    """2 to 12 % of the pixels of a dark, a grey and a white picture."""
    where = wall(level, 768, 768)
    assert 0.02 < changed(where.picture, drawn(made(effect_id, where), 24)) < 0.12


@each
def test_no_grey_hides_it(effect_id):
    """Where light ones do not show, some are dark."""
    shares = [
        changed(wall(level).picture, drawn(made(effect_id, wall(level)), 24)) for level in range(140, 240, 16)
    ]
    assert min(shares) > 0.004


@each
def test_strength_is_how_many_there_are(effect_id):
    """None at 0, more at 2."""
    none, usual, much = (drawn(made(effect_id, wall(60), strength=s), 24) for s in (0.0, 1.0, 2.0))
    assert np.array_equal(none, wall(60).picture)
    assert changed(wall(60).picture, much) > 1.25 * changed(wall(60).picture, usual)


@each
def test_speed_is_per_second_not_per_frame(effect_id):
    """Half way through two seconds looks the same at 24 and at 60 frames a second."""
    slow, fast = made(effect_id, wall(60)), made(effect_id, wall(60), 120, fps=60)
    assert np.array_equal(drawn(slow, 24), drawn(fast, 60))


@pytest.mark.parametrize(("effect_id", "least", "most"), [("snow", 5, 60), ("petals", 15, 110)])
def test_they_fall(effect_id, least, most):
    """What phase correlation sees between two close frames, in pixels a second of a picture of 384."""
    effect = made(effect_id, wall(0), 960, fps=240)
    one, two = (drawn(effect, 480 + i).mean(2) for i in (0, 4))
    (_, y), _ = cv2.phaseCorrelate(cv2.GaussianBlur(one, (0, 0), 2), cv2.GaussianBlur(two, (0, 0), 2))
    assert least < y * 240 / 4 < most


def test_a_drop_falls_fast_and_a_little_slanted():
    """Measured in the frames, against the speed that it was given."""
    effect = made("rain", wall(0), 4800, fps=2400)
    alone(effect, np.argsort(effect.fall.near)[::-1], 2400)
    x, y = (centre(drawn(effect, 2410)) - centre(drawn(effect, 2400))) * 240
    who = effect.sides["front"][0]
    assert y == pytest.approx(effect.fall.speed[who], rel=0.05)
    assert y > 384
    assert 0.03 < abs(x / y) < 0.25


def test_rain_is_much_faster_than_snow_and_petals():
    """By the median particle, in a picture of 1024."""
    rain, petals, snow = (
        np.median(made(i, wall(0, 1024, 1024)).fall.speed) for i in ("rain", "petals", "snow")
    )
    assert rain > 6 * petals > 6 * snow
    assert 15 < snow < 90


def test_rain_is_streaks_and_near_ones_are_longer():
    """Upright, much higher than wide."""
    heights = []
    for order in (1, -1):
        effect = made("rain", wall(0, 512, 512))
        lit = drawn(alone(effect, np.argsort(effect.fall.near)[::order], 24), 24).max(2) > 8
        heights.append(int(lit.any(1).sum()))
        assert heights[-1] > 2 * int(lit.any(0).sum())
    assert heights[1] > heights[0]


def test_dust_drifts_every_way_and_a_little_up():
    """All four quarters of the compass; more of it rises than sinks."""
    x, y = made("dust", wall(0)).velocity.T
    assert all(0.1 < ((x * i > 0) & (y * j > 0)).mean() < 0.45 for i in (1, -1) for j in (1, -1))
    assert (y < 0).mean() > 0.55
    assert np.hypot(x, y).max() < 384 / 8


def test_dust_twinkles():
    """One mote's light comes and goes."""
    effect = made("dust", wall(0), 240)
    alone(effect, np.argsort(effect.near)[::-1], 120)
    light = [float(drawn(effect, i).sum()) for i in range(80, 160, 4)]
    assert min(light) < 0.6 * max(light)


def test_petals_turn_and_tumble():
    """One petal's outline changes as it sails."""
    effect = made("petals", wall(0), 240)
    alone(effect, np.argsort(effect.fall.near)[::-1], 120)
    areas = [int((drawn(effect, i).max(2) > 60).sum()) for i in range(100, 140, 2)]
    assert min(areas) < 0.7 * max(areas)


@pytest.mark.parametrize("effect_id", ["snow", "dust", "petals"])
@pytest.mark.parametrize("nearest", [False, True])
def test_they_glide(effect_id, nearest):
    """The measured centre of one particle moves by even steps, far smaller than a pixel."""
    effect = made(effect_id, wall(0), 1200, fps=480)
    near = effect.near if effect_id == "dust" else effect.fall.near
    order = np.argsort(near)[::-1] if nearest else np.argsort(np.abs(near - 0.6))
    alone(effect, order, 600)
    path = np.array([centre(drawn(effect, 600 + 2 * i)) for i in range(9)])
    steps = np.diff(path, axis=0)
    assert 0.005 < np.linalg.norm(steps, axis=1).mean() < 0.8
    assert np.abs(np.diff(steps, axis=0)).max() < 0.12


def test_rain_glides():
    """The same of a streak, at a higher rate."""
    effect = made("rain", wall(0), 9600, fps=4800)
    alone(effect, np.argsort(effect.fall.near)[::-1], 4800)
    steps = np.diff([centre(drawn(effect, 4800 + i)) for i in range(9)], axis=0)
    assert np.abs(np.diff(steps, axis=0)).max() < 0.1


def test_a_blob_is_where_it_was_put():
    """Splats are right to a fiftieth of a pixel, and as bright anywhere between pixels."""
    splats = Splats(40, 40, (Ink((255, 255, 255)), Ink((0, 0, 0))))
    total = []
    for part in np.linspace(0, 1, 7):
        frame, point = np.zeros((40, 40, 3), np.uint8), np.array([[20 + part, 19 - part]], np.float32)
        one = np.ones(1, np.float32)
        splats.blobs(point, np.array([[12, 3, 8]], np.float32), one, 0.9 * one, 0 * one)
        splats.lay(frame)
        total.append(float(frame.sum()))
        assert np.abs(centre(frame) - point[0]).max() < 0.02
    assert max(total) < 1.02 * min(total)


def test_a_stamp_is_where_it_was_put():
    """At every size of the sprite, and cut at the picture's edge."""
    disc = cv2.GaussianBlur(cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 18, 255, -1), (0, 0), 3)
    at = np.array(centre(disc[..., None])) - 31.5
    sprite, mix = Sprite(np.ascontiguousarray(disc[..., None])), np.ones((4, 1), np.float32)
    for radius in (3.0, 7.0, 16.0):
        for part in (0.0, 0.3, 0.8):
            frame = np.zeros((48, 48, 3), np.uint8)
            sprite.stamp(frame, (23 + part, 24 - part), (radius, 0.0, 0.0, radius), mix)
            aim = np.array([23 + part, 24 - part]) + at * radius / 32
            assert np.abs(centre(frame) - aim).max() < 0.06
    frame = np.zeros((48, 48, 3), np.uint8)
    sprite.stamp(frame, (-3.0, 50.0), (8.0, 0.0, 0.0, 8.0), mix)
    sprite.stamp(frame, (-300.0, 50.0), (8.0, 0.0, 0.0, 8.0), mix)
    assert frame[-1, 0].any()
    assert not frame[:30].any()


@each
def test_near_particles_pass_faster_than_far_ones(effect_id):
    """A camera that moves right sends all to the left, near ones farther: measured in the frames."""
    shifts = []
    for order in (1, -1):
        effect = made(effect_id, wall(0, 512, 512))
        near = effect.near if effect_id == "dust" else effect.fall.near
        # The faintest far ones are no good to measure.
        usable = np.argsort(near)[::order]
        alone(effect, usable[near[usable] > 0.3], 24)
        who = effect.sides["front"][0]
        home, away = centre(drawn(effect, 24)), centre(drawn(effect, 24, Pose(x=0.02)))
        shifts.append(home[0] - away[0])
        assert shifts[-1] == pytest.approx(512 * 0.02 * near[who], abs=0.5)
    assert shifts[1] > 2 * shifts[0] > 0


@each
def test_the_air_has_no_end(effect_id):
    """However far the camera goes sideways, there are as many about."""
    effect = made(effect_id, wall(0))
    home = changed(wall(0).picture, drawn(effect, 24))
    for pose in (Pose(x=0.8), Pose(y=-1.1), Pose(x=-0.4, y=0.3, yaw=0.1), Pose(roll=0.16)):
        assert changed(wall(0).picture, drawn(effect, 24, pose)) > 0.5 * home


@each
def test_the_camera_flies_through_them(effect_id):
    """What passes the lens is gone, without a flash and without an error."""
    effect = made(effect_id, wall(0))
    for z in (0.3, 0.45, 0.625, 0.9, -0.5):
        assert changed(wall(0).picture, drawn(effect, 24, Pose(z=z))) < 0.3


@each
def test_the_subject_hides_what_is_behind_it(effect_id):
    """Particles of the far side show around the subject and not on it; near ones pass before it."""
    block = np.zeros((384, 384), np.float32)
    block[120:300, 90:280] = 1
    where = scene_of(np.full((384, 384, 3), 70.0), subject=block)
    where = replace(where, near=np.full_like(block, 0.6))
    still = choreograph([[]], where, 48, 24, False, 1.0, 1)
    for kept, dropped in (("behind", "front"), ("front", "behind")):
        effect = made(effect_id, where, strength=3.0)
        effect.sides[dropped] = NOBODY
        difference = np.abs(Film(where, still, [effect], effect.clock).frame(24).astype(int) - 70).max(2)
        assert (difference[block == 0] > 8).mean() > 0.004
        assert ((difference[block == 1] > 8).mean() > 0.01) == (kept == "front")


@each
@pytest.mark.parametrize(("width", "height"), [(16, 16), (64, 48), (40, 200)])
@pytest.mark.parametrize("loop", [False, True])
def test_small_pictures_and_short_clips(effect_id, width, height, loop):
    """Thumbnails are not buried, and a clip of one frame is the picture."""
    where = wall(100, width, height)
    assert changed(where.picture, drawn(made(effect_id, where, loop=loop), 24)) < 0.35
    assert np.array_equal(drawn(made(effect_id, where, 1, loop=loop), 0), where.picture)
    drawn(made(effect_id, where, 2, loop=loop), 1)


@each
def test_they_come_one_by_one(effect_id):
    """Half faded in, some are fully there and some are not there at all; from then on it only grows."""
    effect = made(effect_id, wall(0), 48)
    seen = [changed(wall(0).picture, drawn(effect, Moment(24, 1.0, 0.5, f))) for f in (0.0, 0.3, 0.6, 1.0)]
    assert all(a < b for a, b in pairwise(seen))
    full, half = (drawn(effect, Moment(24, 1.0, 0.5, f)).max(2).astype(int) for f in (1.0, 0.5))
    bright = full > 50
    assert 0.1 < (half[bright] >= full[bright] - 2).mean() < 0.9
    assert 0.1 < (half[bright] < 8).mean() < 0.9


def test_frames_that_are_views_are_drawn_into():
    """Also when their memory is not in one piece."""
    effect = made("snow", wall(30))
    wide = np.full((384, 500, 3), 30, np.uint8)
    air = Air(Lens(384, 384), Pose(), 1.0)
    for side in ("behind", "front"):
        effect.draw(wide[:, 50:434], effect.clock.moment(24), air, side)
    assert np.array_equal(wide[:, 50:434], drawn(effect, 24))
    assert (wide[:, :50] == 30).all()


def test_the_surroundings_are_seen_coarsely():
    """Left dark, right bright."""
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[:, 150:] = 240
    around = Backdrop(picture).at(np.array([[20, 100], [280, 100], [-50, -9]], np.float32))
    assert around == pytest.approx([0, 240, 0], abs=1)


def test_fewer_particles_where_each_must_be_larger():
    """Half the size wanted: a quarter of the number."""
    kept = thin(np.random.default_rng(0), np.full(4000, 1.0, np.float32), np.full(4000, 2.0, np.float32))
    assert kept.mean() == pytest.approx(0.25, abs=0.03)
