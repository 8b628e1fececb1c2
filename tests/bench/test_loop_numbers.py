"""Loops that close pass; loops that do not are caught."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bench import loop_numbers
from bench.filming import film
from bench.samples import Sample
from synthetic import hand_made
from unstill.engines.motion.effects.base import Clock


class Turntable:
    """A picture that slides round: ``turns`` times the picture's width in the whole clip."""

    def __init__(self, turns: float) -> None:
        self._picture, self._turns = hand_made().picture, turns
        self.clock = Clock(32, 24, True)

    def frame(self, index: int) -> np.ndarray:
        shift = self._turns * self._picture.shape[1] * index / self.clock.num_frames
        return np.roll(self._picture, round(shift), 1)


def numbers(made: object) -> dict[str, Sample]:
    return {s.number: s for s in loop_numbers.of_film("photo", "move", made)}  # type: ignore[arg-type]


def test_a_turntable_that_comes_round_closes() -> None:
    found = numbers(Turntable(1))
    assert all(sample.passed for sample in found.values())
    assert found["wrap step, of the median way"].value == pytest.approx(1, abs=0.2)


def test_a_turntable_that_stops_short_does_not() -> None:
    found = numbers(Turntable(0.1))
    assert not found["closure, dB"].passed
    assert not found["wrap step, of the median change"].passed


def test_the_engine_s_own_loop_closes() -> None:
    found = numbers(film(hand_made(), "truck_left", loop=True))
    assert all(sample.passed for sample in found.values())


def test_a_clip_played_as_a_loop_that_is_none_jumps() -> None:
    assert not all(sample.passed for sample in numbers(film(hand_made(), "truck_left")).values())


def test_standing_still_is_a_perfect_loop() -> None:
    assert loop_numbers.ratio(0.0, 0.0) == 0
    assert loop_numbers.ratio(2.0, 0.0) == float("inf")


def test_two_clouds_over_each_other_lose_contrast() -> None:
    """A plain cross-fade of two positions keeps 1/sqrt 2 of the contrast, outside of 0.85 to 1.15."""
    noise = np.random.default_rng(8).normal(128, 20, (200, 200)).astype(np.float32)
    one = np.repeat(np.clip(noise, 0, 255)[..., None], 3, 2).astype(np.uint8)
    other = np.roll(one, 60, 1)
    where = loop_numbers.inner(np.ones((200, 200), bool), 0.3)
    faded = cv2.addWeighted(one, 0.5, other, 0.5, 0)
    kept = loop_numbers.contrast(faded, where) / loop_numbers.contrast(one, where)
    assert kept == pytest.approx(2**-0.5, abs=0.03)
