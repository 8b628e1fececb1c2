"""What clips really took on this computer, and how far estimates were off: the next ones are put right by it.

One small JSON file in the user's cache, shared by all processes. Losing it costs nothing but exactness.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 7
"""Measurements of a kind that count."""
SANE = (0.02, 50.0)
"""Ratios outside are taken for mistakes of the measurement: a laptop that slept, a debugger."""
MOST_BYTES = 1 << 20
FILE = "figures.json"


@dataclass(frozen=True)
class Correction:
    """What to multiply an estimate with."""

    seconds: float = 1.0
    peak: float = 1.0


class Figures:
    """Ratios of measured to estimated values, by kind of work: device, model, placement."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._read: tuple[tuple[int, int] | None, dict[str, dict[str, list[float]]]] = (None, {})

    def correction(self, kind: str, *alike: str) -> Correction:
        """By what was measured: the median for seconds, and the most for memory, which has to suffice.

        Where no seconds are known of this kind those of the first of ``alike`` count that has some.
        """
        everything = self._known()
        found = (everything.get(each, {}).get("seconds", []) for each in (kind, *alike))
        seconds = next((ratios for ratios in found if ratios), [])
        peaks = everything.get(kind, {}).get("peak", [])
        return Correction(
            statistics.median(seconds) if seconds else 1.0,
            max(peaks) if peaks else 1.0,
        )

    def learn(self, kind: str, *, seconds: float | None = None, peak: float | None = None) -> None:
        """Note how often the plain estimate went into what was measured. Never fails: where the file cannot
        be written nothing is learned."""
        with self._lock, contextlib.suppress(OSError):
            all_kinds = self._known()
            mine = {name: list(values) for name, values in all_kinds.get(kind, {}).items()}
            for name, ratio in (("seconds", seconds), ("peak", peak)):
                if ratio is not None and math.isfinite(ratio) and SANE[0] <= ratio <= SANE[1]:
                    mine[name] = [*mine.get(name, []), round(ratio, 4)][-KEPT:]
            self._write({**all_kinds, kind: mine})

    def _known(self) -> dict[str, dict[str, list[float]]]:
        try:
            about = self._path.stat()
            stamp = (about.st_mtime_ns, about.st_size)
            if stamp != self._read[0]:
                text = self._path.read_bytes() if about.st_size <= MOST_BYTES else b""
                self._read = (stamp, _ratios(json.loads(text)))
        except (OSError, ValueError, RecursionError):
            self._read = (None, {})
        return self._read[1]

    def _write(self, figures: dict[str, dict[str, list[float]]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{FILE}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(figures, file)
            os.replace(name, self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _ratios(found: Any) -> dict[str, dict[str, list[float]]]:
    """Only what is sound of a file that anybody may have written."""
    if not isinstance(found, dict):
        return {}
    return {
        str(kind): {
            name: [float(v) for v in each.get(name, []) if _is_sane(v)][-KEPT:]
            for name in ("seconds", "peak")
            if isinstance(each.get(name), list)
        }
        for kind, each in found.items()
        if isinstance(each, dict)
    }


def _is_sane(value: object) -> bool:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return usable and SANE[0] <= value <= SANE[1]  # type: ignore[operator]


def figures() -> Figures:
    """Those of this user on this computer."""
    from platformdirs import user_cache_path

    path = user_cache_path("unstill") / FILE
    with _making:
        return _made.setdefault(path, Figures(path))


_made: dict[Path, Figures] = {}
_making = threading.Lock()
