"""What `bench.gpu` measured, as Markdown that fits into docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
GIB = 2**30
NOTHING = ""


def _number(name: str, form: str, scale: float = 1.0, unit: str = "") -> Callable[[Row], str]:
    return lambda row: NOTHING if row[name] is None else f"{row[name] * scale:{form}}{unit}"


COLUMNS: Sequence[tuple[str, Callable[[Row], str]]] = (
    ("what", lambda row: str(row["kind"])),
    ("size", lambda row: str(row["case"]).split("/")[0]),
    ("frames", lambda row: str(row["frames"])),
    ("steps", lambda row: str(row["steps"])),
    ("format", lambda row: str(row["dtype"])),
    ("placement", lambda row: row["rung"] or NOTHING),
    ("acceleration", lambda row: row["acceleration"] or NOTHING),
    ("seconds", _number("seconds", ".2f")),
    ("s a step", _number("step_seconds", ".4f")),
    ("peak GiB", _number("peak_bytes", ".2f", 1 / GIB)),
    ("reserved GiB", _number("reserved_bytes", ".2f", 1 / GIB)),
    ("predicted GiB", _number("predicted_bytes", ".2f", 1 / GIB)),
    ("off", _number("off_percent", "+.1f", 1, " %")),
    ("of the floor", _number("floor_share", ".0f", 100, " %")),
    ("ours / its seconds", _number("seconds_ratio", ".2f")),
    ("ours / its peak", _number("peak_ratio", ".2f")),
    ("difference", _number("difference", ".1e")),
    ("rms", _number("difference_rms", ".1e")),
    ("from", lambda row: row["compared_with"] or NOTHING),
    ("notes", lambda row: " ".join([*row["notes"], *([row["error"]["message"]] if row["error"] else [])])),
)


def latest(rows: Sequence[Row]) -> list[Row]:
    """Of measurements that were taken again the last one, in the order of the first."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        about = ("part", "kind", "case", "dtype", "weights", "device", "options")
        found[(*(str(row[name]) for name in about), placed(row))] = row
    return list(found.values())


def placed(row: Row) -> str:
    """The placement where it was asked for: elsewhere it is a result."""
    return str(row["rung"]) if row["kind"] == "rung" else ""


def markdown(rows: Sequence[Row], titles: Mapping[str, str]) -> str:
    """A section for each device, with a table for each part."""
    parts = []
    for device in dict.fromkeys(row["device"] for row in rows):
        here = [row for row in rows if row["device"] == device]
        parts.append(f"## On a graphics card: {device}\n\n{_made_with(here[-1])}")
        for name in dict.fromkeys(row["part"] for row in here):
            table = _table([row for row in here if row["part"] == name])
            parts.append(f"### {titles.get(name, name)}\n\n`make bench-gpu PART={name}`\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _made_with(row: Row) -> str:
    weights = {"random": "random weights of the full size", "tiny": "a tiny model: no figure means anything"}
    used = weights.get(row["weights"], "the model's own weights")
    versions = f"torch {row['torch']}, CUDA {row['cuda'] or 'none'}, diffusers {row['diffusers']}"
    return f"Measured on {row['date']} with {versions}; {used}; exact mode unless a row says otherwise."


def _table(rows: Sequence[Row]) -> str:
    cells = [(head, [of(row).replace("|", "/") for row in rows]) for head, of in COLUMNS]
    kept = [(head, column) for head, column in cells if any(column)]
    lines = [[head for head, _ in kept], ["---"] * len(kept), *zip(*(c for _, c in kept), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
