"""The plot beside the tables: how cost grows, and judder side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.cost import Line
from bench.samples import Sample

INK, OURS, THEIRS = "#333333", "#2a6f97", "#bc4b51"
LIMIT_PX = 0.2


def draw(path: Path, frames: Line, pixels: Line, samples: Sequence[Sample]) -> None:
    """Write three panels as a PNG: cost against frames, cost against pixels, judder."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    one, two, three = figure.subplots(1, 3)
    _line(one, frames, "frames", "CPU s a clip", "Cost against frames (512 x 512)")
    _line(two, pixels, "megapixels", "CPU ms a frame", "Cost against pixels")
    _bars(three, samples)
    canvas.print_figure(path, dpi=110)


def _line(axes: Any, line: Line, x: str, y: str, title: str) -> None:
    slope, intercept = line.coefficients
    ends = np.array([0, max(line.xs) * 1.05])
    axes.plot(ends, slope * ends + intercept, color=OURS, linewidth=1)
    axes.plot(line.xs, line.ys, "o", color=INK, markersize=5)
    axes.set(
        xlabel=x, ylabel=y, title=f"{title}, $R^2$ = {line.r_squared:.4f}", xlim=(0, None), ylim=(0, None)
    )


def _bars(axes: Any, samples: Sequence[Sample]) -> None:
    """Worst judder of each move over the photos, and the two zooms of the side-by-side."""
    worst: dict[str, float] = {}
    for sample in samples:
        own = sample.group == "judder" and sample.number.startswith("decoded")
        beside = sample.group == "zoompan" and sample.number == "judder, px"
        if (own or beside) and not math.isnan(sample.value):
            worst[sample.subject] = max(worst.get(sample.subject, 0.0), sample.value)
    names = list(worst)
    colours = [THEIRS if "ffmpeg" in name else OURS for name in names]
    axes.barh(names, list(worst.values()), color=colours)
    axes.axvline(LIMIT_PX, color=INK, linestyle=":", linewidth=1)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)
    axes.set(xlabel="pixels (dotted: limit)", title="Judder, worst photo")
