"""When each frame of an animated picture is shown. GIF counts 1/100 s, WebP 1/1000 s, frame rates neither.

Starts are rounded one by one, never added up, so that the whole clip lasts as long as it should. Browsers
slow delays of 10 ms and less down to 100 ms, so faster clips show fewer frames in the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstill.domain.request import FASTEST_FPS


@dataclass(frozen=True)
class Timing:
    """One format's clock."""

    ticks_per_s: int
    fastest_fps: int
    """Above it frames are left out."""

    def shown(self, num_frames: int, fps: int) -> int:
        """How many of ``num_frames`` frames the file holds."""
        return (num_frames - 1) * min(fps, self.fastest_fps) // fps + 1

    def keeps(self, index: int, fps: int) -> bool:
        """Whether frame ``index``, from 0, is one of them."""
        rate = min(fps, self.fastest_fps)
        return index == 0 or index * rate // fps != (index - 1) * rate // fps

    def start(self, shown_index: int, fps: int) -> int:
        """The tick at which the frame appears; ``shown_index`` counts the frames held."""
        return _rounded(self.ticks_per_s * shown_index, min(fps, self.fastest_fps))

    def delay(self, shown_index: int, num_frames: int, fps: int) -> int:
        """How many ticks it stays; the last one fills up to the clip's duration."""
        start, shortest = self.start(shown_index, fps), self.ticks_per_s // self.fastest_fps
        if shown_index + 1 < self.shown(num_frames, fps):
            return self.start(shown_index + 1, fps) - start
        return max(shortest, _rounded(self.ticks_per_s * num_frames, fps) - start)


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


GIF = Timing(ticks_per_s=100, fastest_fps=FASTEST_FPS["gif"])
WEBP = Timing(ticks_per_s=1000, fastest_fps=FASTEST_FPS["webp"])
