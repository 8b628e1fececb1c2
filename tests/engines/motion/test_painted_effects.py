"""Clouds, water, fog and flicker: what each moves, how, and what it leaves alone."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

import scenes
from photos import photo
from unstill.engines.motion.effects import make_effect
from unstill.engines.motion.effects.base import Clock, Effect
from unstill.engines.motion.layers import lay_over
from unstill.engines.motion.scene import Scene, analyse

FRAMES = 48
PLACES = {
    "clouds": ("cloudy", "even"),
    "water": ("lake",),
    "fog": ("cloudy", "lake", "night", "room"),
    "flicker": ("night",),
}
CASES = [(effect, place) for effect, places in PLACES.items() for place in places]
everywhere = pytest.mark.parametrize(("effect_id", "place"), CASES)


@cache
def place_called(name: str) -> Scene:
    return getattr(scenes, name)()


def made(
    effect_id: str,
    where: Scene,
    *,
    loop: bool = False,
    strength: float = 1.0,
    seed: int = 1,
    frames: int = FRAMES,
) -> Effect:
    effect = make_effect(effect_id, where, Clock(frames, 24, loop), strength, seed)
    assert effect is not None
    return effect


def frame(effect: Effect, index: int) -> np.ndarray:
    """What a still camera sees."""
    out = effect.scene.picture.copy()
    for layer in ("background", "foreground"):
        overlay = effect.overlay(effect.clock.moment(index), layer)
        if overlay is not None:
            assert overlay.dtype == np.uint8
            assert overlay.shape == (*out.shape[:2], 4)
            lay_over(out, overlay, (slice(0, out.shape[0]), slice(0, out.shape[1])))
    return out


def changed(effect: Effect, index: int) -> np.ndarray:
    """Mean levels by which each pixel differs from the picture."""
    return np.abs(frame(effect, index).astype(float) - effect.scene.picture).mean(2)


def fine_contrast(image: np.ndarray, where: np.ndarray) -> float:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 3 * min(grey.shape) / 1024)
    return float(fine[where].std())


def shift_between(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """By how much b [h w ..] lies right of and below a, pixels."""
    first, second = (i.astype(np.float64).reshape(*i.shape[:2], -1).mean(2) for i in (a, b))
    window = cv2.createHanningWindow(first.shape[::-1], cv2.CV_64F)
    return cv2.phaseCorrelate(first - first.mean(), second - second.mean(), window)[0]


@everywhere
def test_the_first_frame_is_the_picture(effect_id: str, place: str) -> None:
    """Nothing is to be seen at frame 0."""
    effect = made(effect_id, place_called(place))
    assert np.array_equal(frame(effect, 0), effect.scene.picture)


@everywhere
@pytest.mark.parametrize("frames", [24, 240])
def test_a_loop_closes(effect_id: str, place: str, frames: int) -> None:
    """The frame after the last is the first again, and the last is close to it."""
    effect = made(effect_id, place_called(place), loop=True, frames=frames)
    assert np.array_equal(frame(effect, frames), frame(effect, 0))
    assert changed(effect, frames - 1).mean() < 4


@everywhere
@pytest.mark.parametrize("loop", [False, True])
def test_it_is_seen_in_its_place_and_nowhere_else(effect_id: str, place: str, loop: bool) -> None:
    """Half-way 2 % of the region differ by more than 8 levels and the rest by nothing."""
    effect = made(effect_id, place_called(place), loop=loop)
    region, off = effect.region, changed(effect, FRAMES // 2)
    assert region is not None
    assert region.dtype == np.float32
    assert 0 <= region.min() <= region.max() <= 1
    assert (off[region > 0.5] > 8).mean() > 0.02
    assert off[region < 0.002].sum() == 0


@everywhere
def test_the_seed_decides(effect_id: str, place: str) -> None:
    """The same seed makes the same frames, in any order; another seed makes others."""
    where = place_called(place)
    one, again, other = (made(effect_id, where, seed=s) for s in (1, 1, 4))
    frame(again, 40)
    assert np.array_equal(frame(one, 20), frame(again, 20))
    assert not np.array_equal(frame(one, 20), frame(other, 20))


@everywhere
def test_strength(effect_id: str, place: str) -> None:
    """0 leaves the picture alone; less than 1 does less than 1."""
    where = place_called(place)
    none, some, full = (made(effect_id, where, strength=s) for s in (0.0, 0.4, 1.0))
    assert np.array_equal(frame(none, 24), where.picture)
    assert 0 < changed(some, 24).mean() < changed(full, 24).mean()


@everywhere
def test_it_moves_without_jumps(effect_id: str, place: str) -> None:
    """One frame differs from the next, and never by as much as the whole effect."""
    effect = made(effect_id, place_called(place))
    frames = [frame(effect, i).astype(float) for i in range(20, 26)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    assert min(steps) > 0
    if effect_id != "flicker":
        assert max(steps) < 3 * min(steps)


@pytest.mark.parametrize("effect_id", ["clouds", "water", "flicker"])
def test_a_room_has_no_place_for_weather_and_lamps(effect_id: str) -> None:
    """No sky, no water, no light: no effect."""
    assert make_effect(effect_id, place_called("room"), Clock(FRAMES, 24, False), 1.0, 1) is None


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_photos_without_sky_water_or_lamps_stay_still(name: str) -> None:
    """Table tops, walls and highlights are not mistaken for water and lamps."""
    where = analyse(photo(name))
    for effect_id in ("clouds", "water", "flicker"):
        assert make_effect(effect_id, where, Clock(FRAMES, 24, False), 1.0, 1) is None, effect_id


def test_the_lake_is_found_and_not_its_shores() -> None:
    """On the photo of the summer palace the water between far shore and trees moves, little else."""
    effect = made("water", analyse(photo("china", 640)))
    region = effect.region
    assert region is not None
    assert 0.03 < region.mean() < 0.1
    assert region[375:450, 440:560].mean() > 0.85, "the middle of the lake"
    assert region[:, :340].max() < 0.05, "the palace"
    assert region[540:].max() < 0.05, "the trees"
    assert region[:320].max() < 0.05, "the far shore"


def test_the_lamps_of_the_launch_site_are_found() -> None:
    """They stand at the bottom of the photo; the rocket's white hull is none."""
    effect = made("flicker", analyse(photo("rocket", 640)))
    region = effect.region
    assert region is not None
    assert 0.005 < region.mean() < 0.08
    assert region[595, 130] > 0.9
    assert region[:280].max() == 0


@pytest.mark.parametrize("place", ["cloudy", "even"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_clouds_drift_with_the_wind(place: str, seed: int) -> None:
    """Level, to the side their wind blows, at about its speed, slower near the horizon."""
    effect = made("clouds", place_called(place), seed=seed)
    top, low = slice(0, 60), slice(66, 116)
    a, b = (frame(effect, i).astype(float) for i in (20, 40))
    if place == "even":
        a, b = a - effect.scene.picture, b - effect.scene.picture
    across, down = shift_between(a[top], b[top])
    assert np.sign(across) == effect.wind
    assert 2.5 < abs(across) < 6.5, "24 pixels a second at 1024, so 5 in 20 frames at 256, less below the top"
    assert abs(down) < 0.7
    assert abs(shift_between(a[low, :120], b[low, :120])[0]) < abs(across)


@pytest.mark.parametrize("place", ["cloudy", "even"])
@pytest.mark.parametrize("loop", [False, True])
def test_clouds_keep_their_contrast(place: str, loop: bool) -> None:
    """Fine contrast in the sky stays within 15 % of the photo's."""
    where = place_called(place)
    effect = made("clouds", where, loop=loop)
    assert where.sky is not None
    inside = cv2.erode((where.sky > 0.95).astype(np.uint8), np.ones((9, 9))) > 0
    before = fine_contrast(where.picture, inside)
    for index in (6, 12, 24, 36):
        assert 0.85 < fine_contrast(frame(effect, index), inside) / before < 1.15


def test_clouds_drag_nothing_but_sky() -> None:
    """Next to a tower the drifting sky has no trace of the tower's colour."""
    where = place_called("cloudy")
    effect = made("clouds", where)
    beside = np.concatenate([frame(effect, 47)[80:140, 118:126], frame(effect, 47)[80:140, 147:155]])
    assert (beside[..., 2].astype(int) - beside[..., 0]).min() > -6, (
        "sky is blue or white, the tower is green"
    )


def test_waves_come_towards_the_viewer() -> None:
    """Crests on the lake run down the picture."""
    effect = made("water", place_called("lake"))
    runs = [
        shift_between(frame(effect, i)[190:250, 60:140], frame(effect, i + 2)[190:250, 60:140])[1]
        for i in range(10, 40, 3)
    ]
    assert np.mean(runs) > 0.1


def test_fog_drifts_and_leaves_the_subject_clear() -> None:
    """Banks move with their wind; the subject keeps most of its light; nothing is hidden for good."""
    effect = made("fog", place_called("lake"), seed=2)
    a, b = (effect.overlay(effect.clock.moment(i), "picture") for i in (24, 44))
    behind = effect.overlay(effect.clock.moment(24), "background")
    over = effect.overlay(effect.clock.moment(24), "foreground")
    assert a is not None
    assert b is not None
    assert over is not None
    assert behind is not None
    across, _ = shift_between(a[:, :140, 3], b[:, :140, 3])
    assert np.sign(across) == effect.wind
    assert 0.15 < a[..., 3].max() / 255 <= 0.46
    subject = place_called("lake").alpha > 0
    assert a[subject][:, 3].max() < 0.2 * 255, "only the nearest bank passes before the subject"
    assert behind[subject].max() > 0, "what the subject uncovers as it moves is in the fog, too"
    assert over[place_called("lake").foreground[..., 3] == 0].max() == 0
    assert over[..., 3].max() / 255 < 0.2


def test_each_lamp_flickers_up_and_down_in_its_own_rhythm() -> None:
    """Two lamps are not in step; their glow is now brighter, now darker than in the photo; even the lamp
    that stands on the subject."""
    effect = made("flicker", place_called("night"))
    still = effect.scene.picture.astype(float)
    series = []
    for top, left in ((80, 70), (150, 190)):
        ring = (slice(top - 14, top + 15), slice(left - 14, left + 15))
        series.append([(frame(effect, i)[ring] - still[ring]).mean() for i in range(10, 48)])
    for one in series:
        assert max(one) > 2
        assert min(one) < -2
    assert abs(np.corrcoef(series)[0, 1]) < 0.8


def test_flicker_never_flashes_the_whole_picture() -> None:
    """At no frame does more than a quarter of the picture change by a tenth of full brightness."""
    effect = made("flicker", place_called("night"), strength=2.0)
    for index in range(8, 48, 4):
        assert (changed(effect, index) > 25).mean() < 0.25
