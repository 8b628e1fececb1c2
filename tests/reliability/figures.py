"""What a test measured: shares of a row of numbers, what processes used, JSON lines and tables.

Long forms keep their lines in a folder (UNSTILL_SOAK_DIR, else ``.soak``), so that a part that is done is not
done again; the test run only prints them, unless that folder is named.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from live import command_line, descendants
from unstill.version import __version__

FOLDER = "UNSTILL_SOAK_DIR"
CHOSEN = Path(os.environ.get(FOLDER) or ".soak").absolute()
"""Read at import: fixtures take the variables away and change the folder."""
NAMED = FOLDER in os.environ
MEBIBYTE = 2**20
TICKS_S = os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """How many, and their middle, p99 and largest in milliseconds."""
    shares = {"p50_ms": 0.5, "p99_ms": 0.99}
    found = {name: round(percentile(seconds, share) * 1000, 1) for name, share in shares.items()}
    return {"count": len(seconds), **found, "most_ms": round(max(seconds) * 1000, 1)}


# --- processes


def decoders(server: int) -> Iterator[int]:
    """The decoding children of a server's process."""
    return (pid for pid in descendants(server) if "unstill.decode" in command_line(pid))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far; 0 for one that has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def peak_mebibytes(pid: int) -> float:
    """The most memory it ever had resident; 0 for one that has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0.0


# --- lines


def note(test: str, **figures: Any) -> None:
    """Print what was measured; keep it where a folder for it is named."""
    line = _line(test, figures)
    print(json.dumps(line, ensure_ascii=False))
    if NAMED:
        _append(line)


def record(test: str, **figures: Any) -> None:
    """Print and keep what a long form measured."""
    line = _line(test, figures)
    print(json.dumps(line, ensure_ascii=False))
    _append(line)


def is_done(test: str, part: int) -> bool:
    """Whether this version has a line of this part already."""
    for line in lines():
        if (line.get("test"), line.get("part"), line.get("version")) == (test, part, __version__):
            return True
    return False


def lines() -> list[dict[str, Any]]:
    """Every line that is kept."""
    path = CHOSEN / "figures.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows under the names of the first one's members."""
    names = list(rows[0])
    texts = [names, *[[str(row.get(name, "")) for name in names] for row in rows]]
    widths = [max(len(text[column]) for text in texts) for column in range(len(names))]
    padded = [[f"{text:>{width}}" for text, width in zip(row, widths, strict=True)] for row in texts]
    return "\n".join("  ".join(row) for row in padded)


def _line(test: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a busy machine are not those of a quiet one: its load stands beside them."""
    load, python = round(os.getloadavg()[0], 2), platform.python_version()
    machine = {"cores": os.cpu_count(), "load": load, "python": python}
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"test": test, "at": at, "version": __version__, **machine, **figures}


def _append(line: Mapping[str, Any]) -> None:
    CHOSEN.mkdir(parents=True, exist_ok=True)
    with (CHOSEN / "figures.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
