"""Tables of what was measured: on the terminal, and in Markdown."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.samples import GROUPS, Sample

TITLES = {
    "first": "First frame against the picture",
    "sight": "Holes and invented pixels",
    "judder": "Judder",
    "loops": "Loops",
    "static": "Standing still",
    "travel": "It really moves",
    "parallax": "Parallax",
    "effects": "Effects",
    "cost": "Cost",
    "zoompan": "Beside ffmpeg's zoompan",
    "service": "What the service adds to a job",
    "ray": "What Ray costs",
    "stores": "How many jobs a second the stores take",
}
HEAD = ("what", "of", "worst", "median", "limit", "", "photos", "worst on")
LIBRARIES = ("numpy", "opencv-python-headless", "av", "pillow")


@dataclass(frozen=True)
class Row:
    """The samples of one number and subject over all photos."""

    samples: tuple[Sample, ...]

    @property
    def worst(self) -> Sample:
        """The one nearest to its limit or farthest past it; unjudged, the largest (of dB the least)."""
        first = self.samples[0]
        if any(s.judged for s in self.samples):
            return min(self.samples, key=lambda s: s.margin)
        pick = min if first.number.endswith("dB") else max
        return pick(self.samples, key=lambda s: (not math.isnan(s.value), s.value))

    def cells(self) -> tuple[str, ...]:
        worst, values = self.worst, [s.value for s in self.samples if not math.isnan(s.value)]
        median = _number(statistics.median(values)) if values else "-"
        verdict = ("pass" if all(s.passed for s in self.samples) else "MISS") if worst.judged else ""
        where = f"{worst.photo} ({worst.note})" if worst.note else worst.photo
        return (
            worst.number, worst.subject, _number(worst.value), median, worst.limit, verdict,
            str(len(self.samples)), where,
        )  # fmt: skip


def rows(samples: Iterable[Sample]) -> list[Row]:
    """Samples of one group, gathered by number and subject in the order they came."""
    gathered: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        gathered.setdefault((sample.number, sample.subject), []).append(sample)
    numbers = list(dict.fromkeys(number for number, _ in gathered))
    ordered = sorted(gathered, key=lambda key: numbers.index(key[0]))
    return [Row(tuple(gathered[key])) for key in ordered]


def tables(samples: Sequence[Sample]) -> str:
    """One Markdown table per group, readable as it stands."""
    parts = []
    for group in GROUPS:
        own = [s for s in samples if s.group == group]
        if own:
            parts.append(f"## {TITLES[group]}\n\n{_table([HEAD, *(row.cells() for row in rows(own))])}")
    return "\n\n".join(parts)


def misses(samples: Iterable[Sample]) -> list[Sample]:
    return [s for s in samples if not s.passed]


def missed_table(samples: Iterable[Sample]) -> str:
    """Every single miss, photo by photo."""
    head = ("group", "what", "of", "photo", "value", "limit", "note")
    lines = [
        (s.group, s.number, s.subject, s.photo, _number(s.value), s.limit, s.note) for s in misses(samples)
    ]
    return _table([head, *lines]) if lines else "None."


def _table(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    drawn = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(drawn)


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "exact" if value > 0 else "-inf"
    if value == round(value) and abs(value) < 1e6:
        return str(round(value))
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def machine() -> list[str]:
    """What was measured on, line by line."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return [
        f"Processor: {_processor()}, {os.cpu_count()} cores",
        f"Memory: {_memory()}",
        f"System: {_system()}",
        f"Python: {platform.python_version()}; {libraries}",
        f"Date: {date.today().isoformat()}",
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _proc(path: str, key: str) -> str | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def _processor() -> str:
    return _proc("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()


def _memory() -> str:
    total = _proc("/proc/meminfo", "MemTotal")
    return f"{int(total.split()[0]) / 2**20:.1f} GiB" if total else "unknown"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.platform()
    return f"{name}, {platform.machine()}"


def document(samples: Sequence[Sample], command: str, settings: str, plot: str | None) -> str:
    """The whole of docs/benchmarks.md."""
    missed = misses(samples)
    verdict = f"{len(missed)} of {sum(s.judged for s in samples)} judged numbers miss their limit."
    parts = [
        "# Benchmarks",
        f"Written by `{command}`. {settings} Every row is the worst photo of its move or effect; "
        '"exact" is an infinite number of dB. What each number is and how it is taken stands in the '
        "docstrings of `bench/`.",
        "\n".join(f"- {line}" for line in machine()),
        f"{verdict}\n\n{missed_table(samples)}" if missed else verdict,
    ]
    if plot:
        parts.append(f"![Cost against frames and pixels; judder side by side]({plot})")
    return "\n\n".join([*parts, tables(samples)]) + "\n"


def talk(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)
