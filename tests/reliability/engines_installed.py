"""The test card and the naughty engine as installed packages, for servers that are real processes."""

from __future__ import annotations

from pathlib import Path

from unstill import wiring

TESTS = Path(__file__).parents[1]
ENGINES = (TESTS / "testcard.py", TESTS / "workers" / "naughty.py")


def install(folder: Path, *more: Path) -> str:
    """An import path that holds them, and more of the kind."""
    for source in (*ENGINES, *more):
        name = source.stem
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{wiring.GROUP}]\n{name} = {name}:family\n")
    return str(folder)
