"""What is heard with a video that goes on."""

from __future__ import annotations

import numpy as np
import pytest

from tones import LEFT, RIGHT, pitch, tones
from unstill.core.ports import Sound
from unstill.core.sounds import continued

RATE = 8000


def test_nothing_and_nothing_is_nothing() -> None:
    """Two silent parts make a silent film."""
    assert continued(None, None, 2.0, 0.1) is None


def test_one_follows_the_other() -> None:
    """The second from where the first ends, without the part of it that was seen already."""
    whole = continued(tones(2, RATE, (LEFT,)), tones(1, RATE, (RIGHT,)), 2.0, 0.125)
    assert whole is not None
    assert whole.samples.shape == (2 * RATE + 7 * RATE // 8, 1)
    assert pitch(whole.samples[: 2 * RATE, 0], RATE) == LEFT
    assert pitch(whole.samples[2 * RATE :, 0], RATE) == pytest.approx(RIGHT, abs=2)


@pytest.mark.parametrize(("earlier", "later"), [(True, False), (False, True)])
def test_a_missing_part_is_silence(earlier: bool, later: bool) -> None:
    """Before as after; and where the first is shorter than its picture."""
    whole = continued(tones(1.5, RATE) if earlier else None, tones(1, RATE) if later else None, 2.0, 0.0)
    assert whole is not None
    loud = [float(np.abs(part).max()) > 0.4 for part in np.split(whole.samples[: 2 * RATE], 4)]
    assert loud == [earlier, earlier, earlier, False]
    assert (len(whole.samples) > 2 * RATE) == later


def test_one_channel_beside_two_is_on_both() -> None:
    """Neither side falls silent."""
    whole = continued(tones(1, RATE, (LEFT,)), tones(1, RATE), 1.0, 0.0)
    assert whole is not None
    assert [pitch(whole.samples[:RATE, n], RATE) for n in (0, 1)] == [LEFT, LEFT]
    assert [pitch(whole.samples[RATE:, n], RATE) for n in (0, 1)] == [LEFT, RIGHT]


def test_the_seam_does_not_click() -> None:
    """Both fade at it, and what was given stays as it was."""
    loud = Sound(np.full((RATE, 1), 0.9, np.float32), RATE)
    whole = continued(loud, loud, 0.5, 0.0)
    assert whole is not None
    assert float(np.abs(np.diff(whole.samples[:, 0])).max()) < 0.05
    assert float(loud.samples.min()) == pytest.approx(0.9)
