"""All tests, and a second look at the few that failed: by themselves, one after another.

Servers, browsers and kills side by side on a small machine can be late for each other. What fails twice is
wrong; what fails only in company is named as unsteady, to be looked into, and does not stop the others' work.
More than a few failures are no matter of lateness, and get no second look.
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


def run(*arguments: str) -> int:
    return subprocess.call([sys.executable, "-m", "pytest", *arguments])  # noqa: S603 our own program


def failed() -> list[str]:
    """The tests that failed last, by their names."""
    try:
        return sorted(json.loads(FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def main(arguments: list[str]) -> int:
    FAILED.unlink(missing_ok=True)
    code = run(*arguments)
    names = failed() if code == TESTS_FAILED else []
    if not 1 <= len(names) <= FEW:
        return code
    print(f"\nA second look at what failed in company, by itself: {', '.join(names)}", flush=True)
    again = run(*names)
    if again == 0:
        print(f"Unsteady, to be looked into: {', '.join(names)}")
    return again


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
