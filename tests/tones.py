"""An engine family that is heard: 440 Hz on the left and 880 Hz on the right, over the test card's slide.

Prompts besides the test card's: "mono" has the left alone, "silent" nothing, "short" stops halfway and "long"
goes on for a second more.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np

from testcard import CARD, Family, Slide
from unstill.core.plan import Plan
from unstill.core.ports import Sound

TONES = EntryPoint("tones", "tones:family", "unstill.engines")
LEFT, RIGHT = 440, 880
RATE = 24000
TONED = replace(CARD, id="tones", family="tones", title="Tones", generative=True, sound=True)


def tones(seconds: float, rate: int = RATE, pitches: tuple[int, ...] = (LEFT, RIGHT)) -> Sound:
    """Half as loud as can be, from phase 0 on; a channel for each pitch in Hz."""
    at = np.arange(round(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * pitch * at) / 2 for pitch in pitches]
    return Sound(np.stack(waves, axis=1).astype(np.float32), rate)


def pitch(samples: np.ndarray, rate: int) -> float:
    """Of the strongest tone in one channel, Hz, to the resolution of what is given; 0 where it is quiet."""
    strength = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return 0.0 if np.abs(samples).max() < 0.01 else float(strength.argmax() * rate / len(samples))


class Player(Slide):
    """The engine. Fits `Sounding`."""

    def load(self, plan: Plan) -> None:
        super().load(plan)
        self.plan = plan

    def sound(self) -> Sound | None:
        words = self.plan.request.prompt
        if "silent" in words:
            return None
        more = -self.plan.seconds / 2 if "short" in words else 1 if "long" in words else 0
        return tones(self.plan.seconds + more, pitches=(LEFT,) if "mono" in words else (LEFT, RIGHT))


class TonedFamily(Family):
    """What the entry point names."""

    cards = (TONED,)

    def engine(self, weights: object = None) -> Player:
        return Player()


family = TonedFamily()
