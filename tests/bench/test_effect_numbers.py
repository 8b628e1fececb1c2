"""Known dots on a known picture: how much changes, and which way it goes."""

from __future__ import annotations

import numpy as np
import pytest

from bench import effect_numbers
from synthetic import SIDE, hand_made

EVERYWHERE = np.ones((SIDE, SIDE), bool)


def flakes(index: int, dx: int, dy: int) -> np.ndarray:
    """The picture under 60 small squares that move by (dx, dy) a frame."""
    out = hand_made().picture.copy()
    for x, y in np.random.default_rng(6).integers(0, SIDE, (60, 2)):
        left, top = (x + index * dx) % SIDE, (y + index * dy) % SIDE
        out[top : top + 4, left : left + 4] = 255
    return out


@pytest.mark.parametrize("way", [(1, 6), (-4, 9), (5, 0)])
def test_movement_is_found_to_the_pixel(way: tuple[int, int]) -> None:
    triples = [[flakes(i + k, *way) for k in range(3)] for i in range(4)]
    found = effect_numbers.movement(triples, EVERYWHERE)
    assert found == pytest.approx(way, abs=0.4)


def test_a_drifting_veil_is_followed_over_a_standing_picture() -> None:
    """Half a texture that drifts 3 px a frame, over half of one that stands."""
    standing, drifting = hand_made().picture // 2, hand_made().picture[::-1] // 2
    triples = [[standing + np.roll(drifting, 3 * (i + k), 1) for k in range(3)] for i in range(4)]
    assert effect_numbers.movement(triples, EVERYWHERE) == pytest.approx((3, 0), abs=0.4)


def test_only_changes_of_more_than_eight_levels_count() -> None:
    before = np.full((10, 10, 3), 100, np.uint8)
    after = before.copy()
    after[:2] += 9
    after[2:4] += 8
    assert effect_numbers.changed_share(before, after, np.ones((10, 10), bool)) == pytest.approx(0.2)
