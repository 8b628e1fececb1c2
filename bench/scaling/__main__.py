"""``python -m bench.scaling``: make the tables of docs/scaling.md anew and write them there.

python -m bench.scaling               all of them, some minutes
python -m bench.scaling spot fair     those only
python -m bench.scaling planned       the models' planned seconds anew, from the catalogue, into measured.json
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.scaling import limits, tables
from bench.scaling.facts import Facts, facts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"
SEED = 1
MARK = "<!-- {name}: made by python -m bench.scaling {name} -->\n"
END = "<!-- end -->"
TABLES: Mapping[str, Callable[[Facts, int], list[str]]] = {
    "models": limits.models, "gpus": tables.gpus, "cold": tables.cold, "autoscale": tables.autoscale,
    "spot": tables.spot, "fair": tables.fair, "store": limits.store, "ends": limits.ends,
    "front": limits.front, "inputs": limits.inputs,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__.partition("\n")[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; or planned")
    parser.add_argument("--seed", type=int, default=SEED, help="of all chance (default %(default)s)")
    options = parser.parse_args(argv)
    if unknown := set(options.tables) - {*TABLES, "planned"}:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    if "planned" in options.tables:
        from bench.scaling import planned

        planned.write(datetime.date.today().isoformat())
        options.tables.remove("planned")
        if not options.tables:
            return 0
    made = {name: _made(name, options.seed) for name in options.tables or TABLES}
    print("\n\n".join("\n".join(lines) for lines in made.values()))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    return 0


def _made(name: str, seed: int) -> list[str]:
    started = time.monotonic()
    lines = TABLES[name](facts(), seed)
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return lines


def page(text: str, made: Mapping[str, Sequence[str]]) -> str:
    """``text`` with tables in their places. Raises `LookupError` for a table that it has no place for."""
    for name, lines in made.items():
        mark = MARK.format(name=name)
        found = re.compile(re.escape(mark) + ".*?" + re.escape(END), re.DOTALL)
        if not found.search(text):
            raise LookupError(f"docs/scaling.md has no place for {name}")
        whole = "\n".join([mark, *lines, "", END])
        text = found.sub(lambda _, whole=whole: whole, text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    sys.exit(main())
