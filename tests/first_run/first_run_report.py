"""docs/first-run.md: one row a situation. A run of some rows leaves the others as they were."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from matrix import Ending, Situation

PAGE = Path(__file__).parents[2] / "docs" / "first-run.md"
WORKS, TOLD, NOT_HERE, BADLY = "works", "names the fix", "not run here", "ends badly"
HEAD = """# The first run

What a newcomer meets, each met for real by `make first-run`: in a fresh root, a namespace of its own, a
container, or a fresh copy of the repository. A row **works**, or unstill **names the fix**: "it says" is what
stood on the screen, and the fix was applied by the test, after which it worked.

The rows come from `tests/first_run`; each is from its latest run there. Graphics drivers, a wrong clock and
a disk without hard links are played by small stand-in libraries; no graphics card was there.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table; ``seconds`` from the empty folder to the end."""

    id: str
    title: str
    end: str
    told: str
    fix: str
    seconds: str

    @property
    def good(self) -> bool:
        return self.end in (WORKS, TOLD)

    def line(self) -> str:
        cells = (f"`{self.id}`", self.title, self.end, self.told, self.fix, self.seconds)
        return "| " + " | ".join(map(plain, cells)) + " |"


def plain(text: str) -> str:
    """On one line, and no end of a cell in it."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def row(it: Situation, ended: Ending | tuple[str, str], seconds: float) -> Row:
    """``ended`` is an ending, or NOT_HERE or BADLY with why."""
    if isinstance(ended, Ending):
        end, told, fix = (WORKS if ended.works else TOLD), ended.told, ended.fix
    else:
        (end, told), fix = ended, ""
    return Row(it.id, it.title, end, told, fix, f"{seconds:.0f}")


def kept(text: str) -> dict[str, Row]:
    """The rows of a page."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 6 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = Row(cells[0].strip("`"), *cells[1:])
    return rows


def merged(old: Mapping[str, Row], new: Mapping[str, Row]) -> dict[str, Row]:
    """What was run replaces what stood there; what cannot be run here leaves what was run elsewhere."""
    rows = dict(old)
    for name, one in new.items():
        if one.end != NOT_HERE or name not in rows or not rows[name].good:
            rows[name] = one
    return rows


def tally(rows: Iterable[Row]) -> str:
    """How many ended how."""
    ends = [one.end for one in rows]
    parts = [f"{ends.count(end)} {words}" for end, words in ENDS.items() if end in ends]
    return f"{len(ends)} situations: " + ", ".join(parts)


ENDS = {WORKS: "work", TOLD: "name the fix", NOT_HERE: "not run here", BADLY: "end badly"}


def page(situations: Mapping[str, Situation], rows: Mapping[str, Row]) -> str:
    """The whole document. Rows without a situation are dropped."""
    here = {name: rows[name] for name in situations if name in rows}
    parts = [HEAD, tally(here.values()) + f". Run on {platform.system()} {platform.machine()}.\n"]
    for group in dict.fromkeys(it.group for it in situations.values()):
        lines = [here[name].line() for name, it in situations.items() if it.group == group and name in here]
        if lines:
            parts.append(f"## {group}\n\n| id | situation | ends | it says | the fix, applied | s |")
            parts[-1] += "\n|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    return "\n".join(parts)
