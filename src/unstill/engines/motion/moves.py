"""What each named camera move does, as a pose per unit of travel, and how far it goes by default."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from unstill.engines.motion.camera import Pose

MOVE_IDS = (
    "dolly_in", "dolly_out", "zoom_in", "zoom_out", "dolly_zoom", "pan_left", "pan_right", "tilt_up",
    "tilt_down", "truck_left", "truck_right", "crane_up", "crane_down", "orbit", "roll", "handheld", "static",
)  # fmt: skip
TURN = 2 * math.pi


@dataclass(frozen=True)
class Move:
    """One move. ``pose(a, pivot)`` is the pose after travelling ``a``; ``pivot`` is the subject's disparity.

    ``travel`` is the median shift of the picture's landmarks at full strength, as a share of the shorter
    side; the amplitude is found for each picture so that every photo moves alike. ``reach`` bounds the
    amplitude itself; ``widest`` the shift of the farthest-moving tenth of the picture (what sets the size of
    moves that hold the subject in place).
    """

    pose: Callable[[float, float], Pose]
    travel: float
    reach: float
    widest: float = 0.16
    homeward: bool = False
    """Ends at the picture instead of starting there (pull-backs)."""
    circles: Callable[[float, float, float], Pose] | None = None
    """For loops: pose(a, pivot, angle) of a closed path, home at angle 0; without it the way back is the
    way there."""


def _dolly(a: float, _pivot: float) -> Pose:
    return Pose(z=a, zoom=0.12 * a)


def _dolly_zoom(a: float, pivot: float) -> Pose:
    """Backing off while zooming in keeps the subject's size and lets the background grow."""
    return Pose(z=-a, zoom=math.log1p(a * pivot))


def _orbit(sign: float) -> Callable[[float, float], Pose]:
    def pose(a: float, pivot: float) -> Pose:
        return Pose(x=sign * a, yaw=-sign * math.atan(a * pivot))

    return pose


def _circle(sign: float) -> Callable[[float, float, float], Pose]:
    def pose(a: float, pivot: float, angle: float) -> Pose:
        x, y = a * math.sin(angle), 0.35 * a * (1 - math.cos(angle))
        return Pose(
            x=sign * x,
            y=-y,
            z=0.1 * a * (1 - math.cos(angle)),
            yaw=-sign * math.atan(x * pivot),
            pitch=-math.atan(y * pivot),
        )

    return pose


_IN = Move(_dolly, 0.07, 0.45)
_CLOSER = Move(lambda a, _: Pose(zoom=a), 0.065, 0.5)


def _orbits(side: str | None) -> Move:
    sign = -1.0 if side == "left" else 1.0
    return Move(_orbit(sign), 0.035, 0.35, widest=0.05, circles=_circle(sign))


def _rolls(side: str | None) -> Move:
    sign = -1.0 if side == "left" else 1.0
    return Move(lambda a, _: Pose(roll=sign * a), 0.03, 0.16)


def _along(axis: str, sign: float, travel: float, reach: float) -> Move:
    return Move(lambda a, _: Pose(**{axis: sign * a}), travel, reach)


MOVES: Mapping[str, Callable[[str | None], Move]] = {
    "dolly_in": lambda _: _IN,
    "dolly_out": lambda _: Move(_IN.pose, _IN.travel, _IN.reach, homeward=True),
    "zoom_in": lambda _: _CLOSER,
    "zoom_out": lambda _: Move(_CLOSER.pose, _CLOSER.travel, _CLOSER.reach, homeward=True),
    "dolly_zoom": lambda _: Move(_dolly_zoom, 0.05, 0.5, widest=0.09),
    "pan_left": lambda _: _along("yaw", -1, 0.055, 0.12),
    "pan_right": lambda _: _along("yaw", 1, 0.055, 0.12),
    "tilt_up": lambda _: _along("pitch", 1, 0.055, 0.12),
    "tilt_down": lambda _: _along("pitch", -1, 0.055, 0.12),
    "truck_left": lambda _: _along("x", -1, 0.05, 0.5),
    "truck_right": lambda _: _along("x", 1, 0.05, 0.5),
    "crane_up": lambda _: _along("y", -1, 0.05, 0.5),
    "crane_down": lambda _: _along("y", 1, 0.05, 0.5),
    "orbit": _orbits,
    "roll": _rolls,
}
"""Every move but the hand-held tremble and standing still, which are no path from here to there."""
