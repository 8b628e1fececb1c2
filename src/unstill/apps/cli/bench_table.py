"""The rows of `unstill bench` as a table for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unstill.apps.cli.columns import lines
from unstill.apps.cli.screen import Screen
from unstill.core.bench import GIB, BenchRow

NOTHING = "-"
COLUMNS: Sequence[tuple[str, Callable[[BenchRow], str]]] = (
    ("bench_size", lambda row: row.case.name.split("/")[0]),
    ("bench_frames", lambda row: str(row.case.num_frames)),
    ("bench_steps", lambda row: str(row.case.steps)),
    ("bench_placement", lambda row: row.rung or NOTHING),
    ("bench_seconds", lambda row: _number(row.seconds, ".2f")),
    ("bench_step_seconds", lambda row: _number(row.step_seconds, ".3f")),
    ("bench_peak", lambda row: _number(row.peak_bytes and row.peak_bytes / GIB, ".2f")),
    ("bench_floor", lambda row: _percent(row.floor_share)),
    ("bench_seconds_ratio", lambda row: _number(row.seconds_ratio, ".2f")),
    ("bench_peak_ratio", lambda row: _number(row.peak_ratio, ".2f")),
    ("bench_predicted", lambda row: _number(row.predicted_bytes and row.predicted_bytes / GIB, ".2f")),
    ("bench_off", lambda row: _number(row.off_percent, "+.0f", " %")),
    ("bench_difference", lambda row: _number(row.difference, ".1e")),
)
"""A head and what stands below it. Columns without anything to say are left out."""


def head(row: BenchRow, screen: Screen) -> str:
    """What all rows have in common."""
    weights = screen.say(f"bench_weights_{row.weights}")
    return screen.say("bench_head", model=row.model, device=row.device, dtype=row.dtype, weights=weights)


def table(rows: Sequence[BenchRow], screen: Screen) -> list[str]:
    """Lines, heads first."""
    cells = [(screen.say(key), [of(row) for row in rows]) for key, of in COLUMNS]
    kept = [(title, column) for title, column in cells if any(cell != NOTHING for cell in column)]
    first = (screen.say("bench_what"), [_what(row, screen) for row in rows])
    columns = [[title, *column] for title, column in (first, *kept)]
    return lines(list(zip(*columns, strict=True))) if rows else []


def kind(row: BenchRow, screen: Screen) -> str:
    """What was measured, in words."""
    return screen.say(f"bench_kind_{row.kind}", dtype=row.dtype)


def _what(row: BenchRow, screen: Screen) -> str:
    text = kind(row, screen)
    if row.acceleration not in (None, "off"):
        text = screen.say("aside", text=text, aside=row.acceleration)
    return screen.say("aside", text=text, aside=screen.say("bench_failed")) if row.error else text


def _number(value: float | None, form: str, unit: str = "") -> str:
    return NOTHING if value is None else f"{value:{form}}{unit}"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.0f} %"
