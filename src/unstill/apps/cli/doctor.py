"""`unstill doctor`: what is well on this computer, what is not, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.apps.cli.screen import Screen
from unstill.domain.check import Check

ILL = 1
"""The exit code where something fails."""


def doctor(call: Call, flags: Mapping[str, str | None], *, online: bool) -> int:
    """The command; 0 where videos can be made, warnings or not."""
    screen = call.screen
    given = {name: value for name, value in flags.items() if value is not None}
    checks = call.services.examine(given, online=online)
    failures = sum(check.status == "failure" for check in checks)
    if screen.json:
        screen.out_json({"checks": [check.to_json(screen.language) for check in checks]})
        call.answered = True
        return ILL if failures else 0
    rows = [_row(check, screen) for check in checks]
    for check, line in zip(checks, lines(rows), strict=True):
        screen.out(line)
        _prescribe(check, screen)
    warnings = sum(check.status == "warning" for check in checks)
    screen.out("")
    screen.out(screen.say(_summary(failures, warnings), failures=failures, warnings=warnings))
    return ILL if failures else 0


def _row(check: Check, screen: Screen) -> tuple[str, str, str]:
    language = screen.language
    return screen.say(f"check_{check.status}"), check.title_in(language), check.seen_in(language)


def _prescribe(check: Check, screen: Screen) -> None:
    fix = check.fix_in(screen.language)
    if fix:
        screen.out(f"    → {fix}")


def _summary(failures: int, warnings: int) -> str:
    if failures:
        return "doctor_failures"
    return "doctor_warnings" if warnings else "doctor_well"
