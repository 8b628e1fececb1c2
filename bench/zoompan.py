"""The same zoom by ffmpeg's ``zoompan`` filter and by unstill, side by side. Needs ffmpeg on the PATH."""

from __future__ import annotations

import math
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from bench import photos, tracking
from bench.filming import FPS, FRAMES, Mp4, film
from bench.samples import Sample
from unstill.engines.motion.camera import Pose
from unstill.engines.motion.engine import Film
from unstill.engines.motion.scene import Scene
from unstill.engines.motion.shot import Shot
from unstill.media.read_video import read_frames

GROUP = "zoompan"
ZOOM = 1.15
CRF = 18


@dataclass(frozen=True)
class Side:
    """One of the two, measured."""

    cpu_ms: float
    judder: float
    point_judder: float


def measure(name: str, side: int) -> Iterator[Sample]:
    """Both zooms of one photo from 1 to 1.15, as samples for information; nothing without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return
    scene = photos.scene(name, side)
    for who, found in (("ffmpeg zoompan", by_ffmpeg(scene)), ("unstill zoom", by_unstill(scene))):
        yield Sample(GROUP, "CPU ms a frame", who, name, found.cpu_ms)
        yield Sample(GROUP, "judder, px", who, name, found.judder)
        yield Sample(GROUP, "judder point by point, px", who, name, found.point_judder)


def by_ffmpeg(scene: Scene) -> Side:
    """A centred linear zoom by ``zoompan``, x264 veryfast. CPU time is the child's own, user and system."""
    with tempfile.TemporaryDirectory(prefix="unstill-bench-") as folder:
        picture, clip = Path(folder) / "photo.png", Path(folder) / "clip.mp4"
        cv2.imwrite(str(picture), cv2.cvtColor(scene.picture, cv2.COLOR_RGB2BGR))
        zoom = f"1+{ZOOM - 1}*on/{FRAMES - 1}"
        size = f"{scene.width}x{scene.height}"
        path = f"zoompan=z='{zoom}':x='(iw-iw/zoom)/2':y='(ih-ih/zoom)/2':d={FRAMES}:s={size}:fps={FPS}"
        command = ["ffmpeg", "-v", "error", "-i", str(picture), "-vf", f"{path},format=yuv420p"]
        command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(CRF), "-g", str(FPS), str(clip)]
        before = _children_s()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        spent = _children_s() - before
        return _side(spent, tracking.follow(read_frames(clip)))


def by_unstill(scene: Scene) -> Side:
    """The same zoom by the engine's camera and the product's encoder."""
    with Mp4(scene.width, scene.height, FRAMES) as file:
        started = time.process_time()
        made = _linear_zoom(scene)
        file.write(made.frame(index) for index in range(FRAMES))
        spent = time.process_time() - started
        return _side(spent, tracking.follow(file.read()))


def _linear_zoom(scene: Scene) -> Film:
    """`zoom_in` with the path of the ffmpeg expression in place of its own easing."""
    made = film(scene, "zoom_in")
    return replace(made, shot=_Linear(**{f: getattr(made.shot, f) for f in Shot.__dataclass_fields__}))


class _Linear(Shot):
    def pose(self, index: int) -> Pose:
        return Pose(zoom=math.log(1 + (ZOOM - 1) * index / (FRAMES - 1)))

    def cover(self, index: int) -> float:  # noqa: ARG002 - a centred zoom in needs none
        return 1.0


def _side(spent_s: float, tracks: tracking.Tracks) -> Side:
    paths = tracks.main
    return Side(1000 * spent_s / FRAMES, tracking.judder(paths), tracking.point_judder(paths))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
