"""What is heard with a video that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unstill.core.ports import Sound

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SEAM_S = 0.005
"""Either side fades for so long where it meets the other: a step would be heard as a click."""


def continued(earlier: Sound | None, later: Sound | None, earlier_s: float, shown_s: float) -> Sound | None:
    """The first ``earlier_s`` seconds of ``earlier``, then ``later`` without its first ``shown_s``.

    Where one is missing there is silence; None where both are. Two that are there have one rate; one of them
    in stereo makes both so.
    """
    import numpy as np

    both = [sound for sound in (earlier, later) if sound is not None]
    if not both:
        return None
    rate, channels = both[0].rate, max(sound.samples.shape[1] for sound in both)
    joint, fade = round(earlier_s * rate), np.linspace(0, 1, round(SEAM_S * rate), dtype=np.float32)[:, None]
    before, after = _wide(earlier, channels)[:joint], _wide(later, channels)[round(shown_s * rate) :]
    before[::-1][: len(fade)] *= fade[: len(before)]
    after[: len(fade)] *= fade[: len(after)]
    silence = np.zeros((joint - len(before), channels), np.float32)
    return Sound(np.concatenate([before, silence, after]), rate)


def _wide(sound: Sound | None, channels: int) -> npt.NDArray[np.float32]:
    """A copy of the samples [n channels]; none of a sound that is not there."""
    import numpy as np

    if sound is None:
        return np.zeros((0, channels), np.float32)
    return np.repeat(sound.samples, channels // sound.samples.shape[1], axis=1)
