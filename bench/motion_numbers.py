"""The camera's numbers for one move on one photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from bench import parallax, tracking
from bench.filming import FRAMES, AffineClip, Mp4, film, sight
from bench.samples import Sample
from bench.tracking import Image, Mask, Tracks
from unstill.engines.motion.engine import Film
from unstill.engines.motion.layers import LayerCamera
from unstill.engines.motion.moves import MOVES
from unstill.engines.motion.scene import Scene

LONG = 2000
"""Frames of a clip whose second frame is a hair away from home."""
SIGHT_STEP = 7
SUBJECT_SHARE = (0.02, 0.6)
STEADY = ("pan_left", "pan_right", "tilt_up", "tilt_down", "zoom_in", "zoom_out", "roll")
PARALLAX = ("dolly_in", "dolly_out", "truck_left", "truck_right", "crane_up", "crane_down", "orbit")
FAR_GOING = (
    "dolly_in", "dolly_out", "zoom_in", "zoom_out", "truck_left", "truck_right", "pan_left", "pan_right",
    "tilt_up", "tilt_down", "crane_up", "crane_down",
)  # fmt: skip
SIDEWAYS = {"pan_right": -1, "truck_right": -1, "pan_left": 1, "truck_left": 1}
"""Sign of the content's x: a camera that goes right moves the picture left."""
UPWARDS = {"tilt_up": 1, "crane_up": 1, "tilt_down": -1, "crane_down": -1}
"""Sign of the content's y (down is positive): a camera that goes up moves the picture down."""
OUTWARDS = {"dolly_in": 1, "zoom_in": 1, "dolly_out": -1, "zoom_out": -1}
CLIP_GROUPS = frozenset({"judder", "travel", "parallax"})


def measure(photo: str, scene: Scene, move: str, groups: Sequence[str]) -> Iterator[Sample]:
    """All numbers of one move that the groups ask for (loops are `bench.loop_numbers`)."""
    made = film(scene, move)
    if "first" in groups:
        yield from _first(photo, scene, move, made)
    if "sight" in groups and move in MOVES:
        yield from _sight(photo, move, made)
    if "static" in groups and move == "static":
        yield _still(photo, made)
    if CLIP_GROUPS & set(groups):
        yield from _clip(photo, scene, move, made, groups)


def _homeward(move: str) -> bool:
    return move in MOVES and MOVES[move](None).homeward


def _first(photo: str, scene: Scene, move: str, made: Film) -> Iterator[Sample]:
    """PSNR of the first frame (the last of a pull-back) against the picture, before encoding.

    An engine may hand the picture itself out when the camera is at home, so the same is also measured one
    frame away from home in a clip of 2000 frames, where the camera has gone less than a thousandth of a
    pixel and the layers really are put together.
    """
    home = FRAMES - 1 if _homeward(move) else 0
    here = tracking.psnr(made.frame(home), scene.picture)
    yield Sample("first", "first frame, dB", move, photo, here, least=55.0)
    slow = film(scene, move, LONG)
    near = slow.frame(LONG - 2 if _homeward(move) else 1)
    away = tracking.psnr(near, scene.picture)
    yield Sample("first", "a hair from home, dB", move, photo, away)


def _sight(photo: str, move: str, made: Film) -> Iterator[Sample]:
    """Holes and invented pixels, the worst of every seventh frame and the last."""
    camera = LayerCamera(made.scene)
    seen = [sight(made, camera, index) for index in (*range(0, FRAMES, SIGHT_STEP), FRAMES - 1)]
    yield Sample("sight", "holes, pixels", move, photo, max(s.holes for s in seen), most=0.0)
    limit = {"dolly_in": 3.0, "dolly_out": 3.0, "orbit": 6.0}.get(move)
    yield Sample("sight", "invented, %", move, photo, 100 * max(s.invented for s in seen), most=limit)


def _still(photo: str, made: Film) -> Sample:
    """Pixels of the worst frame that differ from the picture."""
    picture = made.scene.picture
    changed = max(int((made.frame(i) != picture).any(2).sum()) for i in range(FRAMES))
    return Sample("static", "changed pixels", "static", photo, changed, most=0.0)


def _clip(photo: str, scene: Scene, move: str, made: Film, groups: Sequence[str]) -> Iterator[Sample]:
    """Numbers from tracked points, on decoded frames."""
    sides = _sides(scene) if "parallax" in groups and move in STEADY + PARALLAX else None
    tracks, before = _tracked(made, sides or (), before="judder" in groups)
    if "judder" in groups and move != "handheld":
        yield from _judder(photo, move, made, tracks, before)
    if "travel" in groups:
        yield from _travel(photo, scene, move, tracks)
    if "parallax" in groups and move in STEADY + PARALLAX:
        yield from _parallax(photo, scene, move, tracks, sides)


def _tracked(made: Film, more_inside: Sequence[Mask], *, before: bool) -> tuple[Tracks, Tracks | None]:
    """Points followed through the decoded file, and through the frames that went into it."""
    frames = [made.frame(index) for index in range(FRAMES)]
    return encoded_tracks(frames, more_inside), tracking.follow(frames) if before else None


def encoded_tracks(frames: Sequence[Image], more_inside: Sequence[Mask] = ()) -> Tracks:
    """Points followed through frames that were encoded by the product's encoder and decoded again."""
    height, width = frames[0].shape[:2]
    with Mp4(width, height, len(frames)) as file:
        file.write(frames)
        return tracking.follow(file.read(), more_inside)


def _sides(scene: Scene) -> tuple[Mask, Mask] | None:
    """Subject and background, with the reach of the tracker's window between them, where a point sees both.

    None without a subject, or when it is too small or large to be told from a background.
    """
    share = float((scene.alpha > 0.5).mean())
    if not scene.has_subject or not SUBJECT_SHARE[0] <= share <= SUBJECT_SHARE[1]:
        return None
    kernel = np.ones(tracking.WINDOW, np.uint8)
    near = cv2.dilate((scene.alpha > 0.1).astype(np.uint8), kernel) > 0
    return np.asarray(scene.alpha > 0.9), np.asarray(~near)


def _judder(photo: str, move: str, made: Film, tracks: Tracks, before: Tracks | None) -> Iterator[Sample]:
    """Judder against 0.2 px or 1.5 times that of an affine clip, which is only made when it matters."""
    shake, note = tracking.judder(tracks.main), f"{tracks.main.shape[1]} points"
    limit = 0.2
    if not shake <= limit:
        affine = AffineClip(made)
        clean = tracking.judder(encoded_tracks([affine.frame(i) for i in range(FRAMES)]).main)
        limit, note = max(limit, 1.5 * clean), f"{note}; affine clip {clean:.3f}"
    yield Sample("judder", "decoded, px", move, photo, shake, most=limit, note=note)
    if before is not None:
        yield Sample("judder", "before encoding, px", move, photo, tracking.judder(before.main))
    yield Sample("judder", "point by point, px", move, photo, tracking.point_judder(tracks.main))


def _travel(photo: str, scene: Scene, move: str, tracks: Tracks) -> Iterator[Sample]:
    """How far points go, as a share of the shorter side, and whether they go the right way."""
    side = min(scene.width, scene.height)
    note = f"{tracks.main.shape[1]} points"
    far = 100 * tracking.travel(tracks.main) / side
    yield Sample("travel", "travel, %", move, photo, far, least=3.0 if move in FAR_GOING else None, note=note)
    way = direction(move, tracks, (scene.width, scene.height))
    if way is not None:
        yield Sample("travel", "right way, px", move, photo, way, least=1.0)


def direction(move: str, tracks: Tracks, size: tuple[int, int]) -> float | None:
    """Median way of the content in the direction that belongs to the move, in pixels; negative is wrong."""
    if tracks.main.shape[1] == 0:
        return float("nan")
    x, y = tracking.shift(tracks.main)
    if move in SIDEWAYS:
        return SIDEWAYS[move] * x
    if move in UPWARDS:
        return UPWARDS[move] * y
    if move in OUTWARDS:
        return OUTWARDS[move] * tracking.expansion(tracks.main, size)
    return None


def _parallax(
    photo: str, scene: Scene, move: str, tracks: Tracks, sides: tuple[Mask, Mask] | None
) -> Iterator[Sample]:
    """What the best homography from the first frame to the last leaves, as a share of the shorter side."""
    percent, title = 100 / min(scene.width, scene.height), "left by homography, %"
    home, away = (-1, 0) if _homeward(move) else (0, -1)
    start, end = tracks.paths[home], tracks.paths[away]
    steady = move in STEADY
    if sides is None:
        if steady:
            left = percent * parallax.left_over(start, end)
            yield Sample("parallax", title, move, photo, left, most=0.1, note="no subject")
        return
    found = parallax.measure(start, end, *(_at(side, start) for side in sides))
    if found is None:
        yield Sample("parallax", title, move, photo, float("nan"), note="too few points")
        return
    limits = {"most": 0.1} if steady else {"least": 0.5}
    note = f"{found.points[0]} + {found.points[1]} points"
    yield Sample("parallax", title, move, photo, percent * found.local, note=note, **limits)
    yield Sample("parallax", "of medians, %", move, photo, percent * found.medians)
    yield Sample("parallax", "root mean square, %", move, photo, percent * found.root_mean_square)
    yield Sample("parallax", "over background's plane, %", move, photo, percent * found.over_background)


def _at(mask: Mask, points: tracking.Floats) -> Mask:
    """A mask's values at points [n 2]."""
    height, width = mask.shape
    x, y = points.round().astype(int).T
    return np.asarray(mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])
