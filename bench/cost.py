"""Cost in CPU time and memory. Run alone: nothing else of the benchmark is at work meanwhile.

CPU time is `time.process_time`, all threads of a process included; wall-clock time is not looked at. What
must not see warm caches or another measure's memory runs in a fresh process, as ``python -m bench.cost ...``.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import photos
from bench.filming import FRAMES, Mp4, film
from bench.samples import Sample
from unstill.engines.motion.scene import Scene, analyse

GROUP = "cost"
ANALYSIS_S, FRAME_MS, MEMORY_MB = 2.5, 90.0, 20.0
RUNS, BEST_OF = 3, 2
"""Fresh processes for one analysis (their median counts), and clips for one point of a series (the cheaper
counts: what else the machine does only ever adds)."""
SERIES_FRAMES, SERIES_SIDE = (24, 48, 96, 192, 384), 512
SERIES_SIDES, SERIES_SIDE_FRAMES = (256, 512, 768, 1024, 1536, 2048), 24
MEMORY_FRAMES = (48, 480)
MOVE = "dolly_in"
"""The move of the series: both layers are drawn in every frame."""
STRAIGHT = 0.98
"""R squared from which a line of growth counts as straight: a choice made here, no requirement names one."""


@dataclass(frozen=True)
class Line:
    """Least-squares line through measured points."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    @property
    def coefficients(self) -> tuple[float, float]:
        """Slope and intercept."""
        slope, intercept = np.polyfit(self.xs, self.ys, 1)
        return float(slope), float(intercept)

    @property
    def r_squared(self) -> float:
        slope, intercept = self.coefficients
        ys = np.array(self.ys)
        left = ys - (slope * np.array(self.xs) + intercept)
        return float(1 - (left**2).sum() / ((ys - ys.mean()) ** 2).sum())


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds a frame."""

    render_ms: float
    encode_ms: float

    @property
    def total_ms(self) -> float:
        return self.render_ms + self.encode_ms


def clip_cost(scene: Scene, move: str, frames: int = FRAMES) -> Cost:
    """Render and encode one clip. Choreography and the preparing of the layers count as rendering."""
    with Mp4(scene.width, scene.height, frames) as file:
        started = time.process_time()
        made = film(scene, move, frames)
        file.write(made.frame(index) for index in range(frames))
        whole = time.process_time() - started
        return Cost(1000 * (whole - file.encode_s) / frames, 1000 * file.encode_s / frames)


def measure(names: Sequence[str], moves: Sequence[str], side: int, runs: int = RUNS) -> Iterator[Sample]:
    """Analysis on every photo, every move on the first, every photo under one move."""
    for name in names:
        yield from _analysis(name, side, runs)
    main = names[0]
    for move in moves:
        yield from _frame_cost(main, move, side)
    for name in names[1:]:
        yield from _frame_cost(name, MOVE, side)


def _analysis(name: str, side: int, runs: int) -> Iterator[Sample]:
    """CPU seconds of the engine's look at a photo: in a fresh process, reading the network in, and again."""
    answers = [_child("analysis", name, side, 1 + (run == 0)) for run in range(runs)]
    fresh = statistics.median(answer["first_s"] for answer in answers)
    warm = answers[0]["last_s"]
    yield Sample(GROUP, "analysis in a fresh process, CPU s", "picture", name, fresh, most=ANALYSIS_S)
    yield Sample(GROUP, "analysis once warm, CPU s", "picture", name, warm)


def _frame_cost(name: str, move: str, side: int) -> Iterator[Sample]:
    cost = clip_cost(photos.scene(name, side), move)
    limit = FRAME_MS * (side / 1024) ** 2 if side > 1024 else FRAME_MS
    yield Sample(GROUP, "render and encode, CPU ms a frame", move, name, cost.total_ms, most=limit)
    yield Sample(GROUP, "render alone, CPU ms a frame", move, name, cost.render_ms)
    yield Sample(GROUP, "encode alone, CPU ms a frame", move, name, cost.encode_ms)


def memory(name: str) -> Sample:
    """How much more memory 480 frames take at their peak than 48, in MB, each in a process of its own."""
    peaks = [_child("memory", name, SERIES_SIDE, frames)["peak_bytes"] / 1e6 for frames in MEMORY_FRAMES]
    note = f"{peaks[0]:.0f} MB, {peaks[1]:.0f} MB"
    more = peaks[1] - peaks[0]
    return Sample(GROUP, "memory of 480 frames over 48, MB", MOVE, name, more, most=MEMORY_MB, note=note)


def frames_line(name: str, counts: Sequence[int] = SERIES_FRAMES) -> Line:
    """CPU seconds of a clip against its number of frames."""
    scene = photos.scene(name, SERIES_SIDE)
    clip_cost(scene, MOVE, 8)
    return Line(tuple(map(float, counts)), tuple(_cheapest_ms(scene, n) * n / 1000 for n in counts))


def pixels_line(name: str, sides: Sequence[int] = SERIES_SIDES) -> Line:
    """CPU milliseconds a frame against megapixels."""
    found = [_cheapest_ms(photos.scene(name, n), SERIES_SIDE_FRAMES) for n in sides]
    return Line(tuple(n * n / 1e6 for n in sides), tuple(found))


def _cheapest_ms(scene: Scene, frames: int) -> float:
    return min(clip_cost(scene, MOVE, frames).total_ms for _ in range(BEST_OF))


def straight(name: str, frames: Line, pixels: Line) -> Iterator[Sample]:
    """Both lines as numbers: how straight, and in the note how steep."""
    series = ((frames, "frames", "ms a frame", 1000), (pixels, "pixels", "ms a megapixel", 1))
    for line, what, unit, factor in series:
        slope, intercept = line.coefficients
        note = f"CPU {factor * slope:.1f} {unit}, {factor * intercept:+.1f} ms at none"
        title = f"cost against {what}, R squared"
        yield Sample(GROUP, title, MOVE, name, line.r_squared, least=STRAIGHT, note=note)


def _child(what: str, *words: object) -> dict[str, float]:
    """The answer of a fresh process of this module."""
    command = [sys.executable, "-m", "bench.cost", what, *map(str, words)]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _answer(what: str, name: str, side: str, *rest: str) -> dict[str, Any]:
    if what == "analysis":
        picture, spent = photos.photo(name, int(side)), []
        for _ in range(int(rest[0])):
            started = time.process_time()
            analyse(picture)
            spent.append(time.process_time() - started)
        return {"first_s": spent[0], "last_s": spent[-1]}
    clip_cost(photos.scene(name, int(side)), MOVE, int(rest[0]))
    return {"peak_bytes": peak_bytes()}


def peak_bytes() -> int:
    """The most memory this process ever held.

    Where the system says it, the high-water mark of its own address space: `resource` also counts what the
    parent held when it forked.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    print(json.dumps(_answer(*sys.argv[1:])))
