"""docs/first-run.md is what was run: every situation has its row, and every row ended well."""

from __future__ import annotations

from pathlib import Path

import pytest

import test_first_run  # noqa: F401  # the situations enter themselves
from first_run_report import BADLY, NOT_HERE, PAGE, TOLD, WORKS, Row, kept, merged, page, row
from matrix import SITUATIONS, Ending, Situation

AT_LEAST = 40  # situations that were really run


def test_every_situation_has_its_row() -> None:
    """A new situation is run before it is handed in; one that went takes its row along."""
    assert set(kept(PAGE.read_text(encoding="utf-8"))) == set(SITUATIONS)


def test_all_end_well() -> None:
    """Nothing in the page ends badly, and enough of it was run."""
    rows = kept(PAGE.read_text(encoding="utf-8")).values()
    assert [one.id for one in rows if one.end not in (WORKS, TOLD, NOT_HERE)] == []
    assert sum(one.good for one in rows) >= AT_LEAST


def test_the_page_is_what_its_rows_say() -> None:
    """Nobody wrote into it by hand."""
    text = PAGE.read_text(encoding="utf-8")
    again = page(SITUATIONS, kept(text))
    assert [line for line in again.splitlines() if line.startswith("|")] == [
        line for line in text.splitlines() if line.startswith("|")
    ]


def a_row(end: str, told: str = "") -> Row:
    return Row("one", "One", end, told, "", "3")


def test_what_cannot_be_run_here_keeps_what_was_run_elsewhere() -> None:
    """And what was run replaces it, well or badly."""
    old = {"one": a_row(WORKS)}
    assert merged(old, {"one": a_row(NOT_HERE, "no podman")}) == old
    assert merged(old, {"one": a_row(BADLY)})["one"].end == BADLY
    assert merged({"one": a_row(BADLY)}, {"one": a_row(NOT_HERE)})["one"].end == NOT_HERE


def test_a_row_survives_the_page() -> None:
    """Lines, bars and all."""
    it = Situation("one", "One", "Group", lambda room: Ending(works=True))
    written = row(it, Ending(works=False, told="a | b\nc", fix="did that"), 2.6)
    assert kept(page({"one": it}, {"one": written}))["one"] == Row(
        "one", "One", TOLD, "a | b c", "did that", "3"
    )


def test_an_ending_without_a_fix_is_none(tmp_path: Path) -> None:
    """ "It does not work" is not how a situation may end."""
    with pytest.raises(AssertionError):
        Ending(works=False, told="no")
