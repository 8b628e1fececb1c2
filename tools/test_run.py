"""All tests, and a second look at the few that failed: by themselves, one after another.

Servers, browsers and kills side by side on a small machine can be late for each other. What fails twice is
wrong; what fails only in company is named as unsteady, to be looked into, and does not stop the others' work.
More than a few failures are no matter of lateness, and get no second look.

Tests that join a Ray cluster change the whole process they are in: each part of them has one of its own,
after all the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FEW = 5
FAILED = Path(".pytest_cache/v/cache/lastfailed")
TESTS_FAILED = 1
"""pytest's exit code for this, and not for a run that could not be made."""
NONE_THERE = 5
"""pytest's exit code where no test was found: without Ray there is none of a cluster."""
CLUSTERS = ("tests/ray_workers", "tests/scaled/test_on_ray.py", "tests/scaled/test_chaos.py")
MARKED = ("-m", "cluster")


def run(*arguments: str) -> int:
    return subprocess.call([sys.executable, "-m", "pytest", *arguments])  # noqa: S603 our own program


def failed() -> list[str]:
    """The tests that failed last, by their names."""
    try:
        return sorted(json.loads(FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def looked(*arguments: str, again: tuple[str, ...] = ()) -> int:
    """One run and, where few failed, another of those; the exit code of the last."""
    FAILED.unlink(missing_ok=True)
    code = run(*arguments, *again)
    names = failed() if code == TESTS_FAILED else []
    if not 1 <= len(names) <= FEW:
        return code
    print(f"\nA second look at what failed in company, by itself: {', '.join(names)}", flush=True)
    second = run(*names, *again)
    if second == 0:
        print(f"Unsteady, to be looked into: {', '.join(names)}")
    return second


def main(arguments: list[str]) -> int:
    codes = [looked(*arguments)]
    codes += [looked("-q", part, again=MARKED) for part in CLUSTERS if Path(part).exists()]
    return next((code for code in codes if code not in (0, NONE_THERE)), codes[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
