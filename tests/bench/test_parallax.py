"""Parallax where it is known: planes leave nothing, layers leave what they slide."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bench import parallax

SIDE = 1000
Scattered = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def scattered() -> Scattered:
    """200 points over a picture, and which of them lie on the subject in its middle."""
    points = np.random.default_rng(1).uniform(40, SIDE - 40, (200, 2)).astype(np.float32)
    subject = (np.abs(points - SIDE / 2) < 180).all(1)
    return points, subject


def test_a_turning_camera_leaves_nothing(scattered: Scattered) -> None:
    """Any homography, however slanted, is taken out whole."""
    points, subject = scattered
    slanted = np.array([[1.05, 0.04, 12], [-0.03, 0.98, -7], [4e-5, -3e-5, 1]])
    moved = cv2.perspectiveTransform(points[:, None], slanted)[:, 0]
    found = parallax.measure(points, moved, subject, ~subject)
    assert found is not None
    assert found.local < 0.01
    assert found.over_background < 0.01
    assert parallax.left_over(points, moved) < 0.01


def test_a_subject_that_slides_is_measured(scattered: Scattered) -> None:
    """A truck that moves the subject 14 px past its background: most of it is left by the best homography,
    and all of it by one that follows the background alone."""
    points, subject = scattered
    moved = points + np.where(subject[:, None], (20.0, 0.0), (6.0, 0.0)).astype(np.float32)
    found = parallax.measure(points, moved, subject, ~subject)
    assert found is not None
    assert 11 < found.local < 15
    assert found.medians == pytest.approx(14, abs=3)
    assert found.over_background == pytest.approx(14, abs=0.1)


def test_a_dolly_counts_though_its_medians_cancel(scattered: Scattered) -> None:
    """A subject that grows 8 % before a background that grows 2 % slides on all sides, equally."""
    points, subject = scattered
    growth = np.where(subject[:, None], 1.08, 1.02)
    moved = ((points - SIDE / 2) * growth + SIDE / 2).astype(np.float32)
    found = parallax.measure(points, moved, subject, ~subject)
    assert found is not None
    assert found.local > 2
    assert found.medians < found.local / 2


def test_a_tearing_pan_is_not_taken_for_a_clean_one(scattered: Scattered) -> None:
    """A picture whose right half slips by 5 px leaves more than the 0.1 % a pan may leave."""
    points, _ = scattered
    moved = points + np.where(points[:, :1] > SIDE / 2, 25.0, 20.0).astype(np.float32)
    assert parallax.left_over(points, moved) > 0.001 * SIDE


def test_too_few_points_give_no_number(scattered: Scattered) -> None:
    points, _ = scattered
    nobody = np.zeros(len(points), bool)
    nobody[:3] = True
    assert parallax.measure(points, points, nobody, ~nobody) is None
