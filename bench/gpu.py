"""``python -m bench.gpu PART``: measure the generative model on a graphics card, a part in under ten minutes.

Needs CUDA, torch, transformers and what `make gpu-wheels` fetches, and no network. Rows are appended to a
file of JSON lines as they are measured; ``python -m bench.gpu report`` prints them as Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.gpu_report import latest, markdown
from unstill.core.bench import GIB, BenchCase, BenchOrder, Heard
from unstill.doctor.machine import this_machine
from unstill.engines.i2vgen_xl import family

CLASSIC = ("512p/16/50", "768p/24/80", "1024p/16/50", "1280x704/16/50")
TINY = ("64p/2/4", "96x64/3/4")
NAME = "bench-gpu.jsonl"


@dataclass(frozen=True)
class Part:
    """What is measured in one go."""

    title: str
    cases: Sequence[str] = ("512p/16/50",)
    against: str | None = None
    rungs: bool = False
    numerics: bool = False
    cap_gib: float | None = None
    options: Sequence[Mapping[str, str]] = field(default_factory=lambda: ({},))
    """One order for each."""


PARTS: Mapping[str, Part] = {
    "cases": Part("The usual cases", CLASSIC),
    "stock": Part("Against diffusers' own pipeline", CLASSIC, against="diffusers"),
    "rungs": Part(
        "Each placement",
        ("512p/16/6", "768p/24/4", "1024p/16/4", "1280x704/16/4"),
        rungs=True,
        options=({"acceleration": "off"},),
    ),
    "numerics": Part("Rounding", numerics=True),
    "cap": Part("With 6 GiB", cap_gib=6, options=({"acceleration": "off"},)),
    "compiled": Part("Compiled", options=({"acceleration": "compile"}, {"acceleration": "graphs"})),
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "report"])
    parser.add_argument("--out", type=Path, default=Path("build/bench-gpu"), help="folder for the rows")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to try this command")
    asked = parser.parse_args(argv)
    file = asked.out / NAME
    if asked.part == "report":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        print(markdown(latest(rows), titles()))
        return 0
    rows = measured(asked.part, file, tiny=asked.tiny)
    print(markdown(rows, titles()))
    return 1 if any(row["error"] for row in rows) else 0


def titles() -> dict[str, str]:
    return {name: part.title for name, part in PARTS.items()}


def measured(name: str, file: Path, *, tiny: bool) -> list[dict[str, object]]:
    """The rows of a part, each on disk before the next is begun."""
    part, rows = PARTS[name], list[dict[str, object]]()
    file.parent.mkdir(parents=True, exist_ok=True)
    for options in part.options:
        for row in family.bench(order(part, options, tiny=tiny), heard()):
            told = {"part": name, "date": time.strftime("%Y-%m-%d"), **software(), **row.to_json()}
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(told) + "\n")
            shown = row.error or f"{row.seconds or 0:.2f} s, {(row.peak_bytes or 0) / GIB:.2f} GiB"
            talk(f"{row.case.name} {row.kind} {row.rung or ''}: {shown}")
            rows.append(told)
    return rows


def order(part: Part, options: Mapping[str, str], *, tiny: bool) -> BenchOrder:
    card = family.cards[0]
    cases = tuple(BenchCase.read(text, card) for text in (TINY if tiny else part.cases))
    return BenchOrder(
        card=card, cases=cases, machine=this_machine(), tiny=tiny, against=part.against, rungs=part.rungs,
        numerics=part.numerics, options=dict(options),
        cap_bytes=None if part.cap_gib is None else int(part.cap_gib * GIB),
    )  # fmt: skip


def software() -> dict[str, str | None]:
    """Versions that a figure depends on."""
    import diffusers
    import torch

    return {"torch": torch.__version__, "cuda": torch.version.cuda, "diffusers": diffusers.__version__}


def heard() -> Heard:
    """Says on stderr when something new begins."""
    said = ""

    def hear(what: str, stage: str, done: int, total: int) -> None:  # noqa: ARG001
        nonlocal said
        if f"{what} {stage}" != said:
            said = f"{what} {stage}"
            talk(f"  {said.strip()} ...")

    return hear


def talk(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
