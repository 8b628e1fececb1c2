"""``python -m bench``: measure everything, print the tables, write docs/benchmarks.md and its plot.

Exit status 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import cost, on_ray, photos, report, service, stores, work, zoompan
from bench.samples import GROUPS, Sample
from unstill.engines.motion.moves import MOVE_IDS

DOCS = Path(__file__).resolve().parent.parent / "docs"
SIDE = 1024
ALONE = ("cost", "zoompan", "service", "stores", "ray")
"""Groups that are measured with nothing else at work."""


@dataclass
class Results:
    samples: list[Sample] = field(default_factory=list)
    frames: cost.Line | None = None
    pixels: cost.Line | None = None


def main(argv: Sequence[str] | None = None) -> int:
    options, started = _options(argv), time.monotonic()
    results = _measure(options)
    print(report.tables(results.samples))
    missed = report.misses(results.samples)
    if missed:
        print(f"\n## Missed\n\n{report.missed_table(results.samples)}")
    report.talk(f"{len(missed)} missed; {time.monotonic() - started:.0f} s")
    if not options.no_write:
        _write(options, results, list(sys.argv[1:] if argv is None else argv))
    return 1 if missed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--photos", nargs="+", choices=photos.names(), help="only these photos")
    parser.add_argument("--moves", nargs="+", choices=MOVE_IDS, default=MOVE_IDS, help="only these moves")
    parser.add_argument("--group", nargs="+", choices=GROUPS, default=GROUPS, help="only these groups")
    parser.add_argument("--size", type=int, default=SIDE, help="side of the pictures (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two photos, six moves, shorter series")
    parser.add_argument("--no-write", action="store_true", help="leave docs/ alone")
    options = parser.parse_args(argv)
    options.photos = options.photos or (photos.QUICK if options.quick else photos.names())
    if options.quick and options.moves is MOVE_IDS:
        options.moves = work.QUICK_MOVES
    return options


def _measure(options: argparse.Namespace) -> Results:
    """Costs first, alone on the machine; then pictures, on all cores."""
    results = Results()
    if "cost" in options.group:
        _costs(options, results)
    if "zoompan" in options.group:
        report.talk("zoompan")
        results.samples += zoompan.measure(options.photos[0], options.size)
    if "service" in options.group:
        report.talk("service: jobs through a worker, and the same in this process")
        results.samples += service.measure(5 if options.quick else service.TURNS)
    if "stores" in options.group:
        report.talk("stores: jobs a second, in and out")
        results.samples += stores.measure(80 if options.quick else stores.JOBS)
    if "ray" in options.group:
        report.talk("ray: jobs by workers here, and on a cluster")
        results.samples += on_ray.measure(1 if options.quick else on_ray.ROUNDS)
    groups = tuple(group for group in options.group if group not in ALONE)
    if groups:
        results.samples += work.run(work.tasks(options.photos, options.moves, groups, options.size))
    return results


def _costs(options: argparse.Namespace, results: Results) -> None:
    report.talk("cost: analysis, and every move")
    results.samples += cost.measure(
        options.photos, options.moves, options.size, 1 if options.quick else cost.RUNS
    )
    report.talk("cost: growth with frames and pixels, and memory")
    main = options.photos[0]
    quick = options.quick
    results.frames = cost.frames_line(main, cost.SERIES_FRAMES[:3] if quick else cost.SERIES_FRAMES)
    results.pixels = cost.pixels_line(main, cost.SERIES_SIDES[:4] if quick else cost.SERIES_SIDES)
    results.samples += cost.straight(main, results.frames, results.pixels)
    results.samples.append(cost.memory(main))


def _write(options: argparse.Namespace, results: Results, words: Sequence[str]) -> None:
    """docs/benchmarks.md, and the plot when there are series to draw."""
    drawn = None
    if results.frames and results.pixels:
        from bench import plot

        drawn = "benchmarks.png"
        plot.draw(DOCS / drawn, results.frames, results.pixels, results.samples)
    command = " ".join(["python -m bench", *words])
    settings = f"{len(options.photos)} photos at {options.size} x {options.size}, 48 frames."
    text = report.document(results.samples, command, settings, drawn)
    (DOCS / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
