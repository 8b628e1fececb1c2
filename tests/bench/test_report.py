"""Passing, missing, and saying so."""

from __future__ import annotations

import pytest

from bench import report
from bench.__main__ import main
from bench.cost import Line
from bench.photos import names, photo
from bench.samples import Sample


def sample(value: float, **limits: float) -> Sample:
    return Sample("judder", "decoded, px", "zoom_in", "coffee", value, **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "limits", "passed"),
    [
        (0.2, {"most": 0.2}, True),
        (0.21, {"most": 0.2}, False),
        (55.0, {"least": 55.0}, True),
        (54.9, {"least": 55.0}, False),
        (float("inf"), {"least": 55.0}, True),
        (float("nan"), {"most": 0.2}, False),
        (float("nan"), {}, True),
        (99.0, {}, True),
        (1.2, {"least": 0.85, "most": 1.15}, False),
    ],
)
def test_limits(value: float, limits: dict[str, float], passed: bool) -> None:
    """A limit is met by the limit itself, and never by a number that could not be measured."""
    assert sample(value, **limits).passed is passed


def test_a_row_shows_its_worst_photo() -> None:
    """The worst is the one nearest its own limit, which differs from photo to photo for judder."""
    easy, hard = sample(0.25, most=0.3), sample(0.21, most=0.2)
    (row,) = report.rows([easy, hard])
    assert row.worst is hard
    assert "MISS" in row.cells()


def test_misses_are_listed_one_by_one() -> None:
    missed = sample(0.3, most=0.2)
    text = report.document([sample(0.1, most=0.2), missed], "python -m bench", "8 photos.", None)
    assert report.misses([missed]) == [missed]
    assert "1 of 2 judged numbers miss their limit" in text
    assert "0.300" in text


def test_the_document_says_what_it_was_measured_on() -> None:
    text = report.document([sample(0.1, most=0.2)], "python -m bench", "8 photos.", None)
    for word in ("Processor:", "Memory:", "System:", "Python:", "Date:", "`python -m bench`"):
        assert word in text


def test_a_straight_line_is_told_from_a_crooked_one() -> None:
    straight = Line((1.0, 2.0, 4.0), (5.0, 7.0, 11.0))
    assert straight.coefficients == pytest.approx((2, 3))
    assert straight.r_squared == pytest.approx(1)
    assert Line((1.0, 2.0, 3.0, 4.0), (1.0, 4.0, 9.0, 30.0)).r_squared < 0.9


def test_eight_photos_square_and_at_size() -> None:
    assert len(names()) == 8
    assert {photo(name, 64).shape for name in names()} == {(64, 64, 3)}


def test_a_small_run_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    """One photo, one move, nothing written: tables on stdout, status 0."""
    words = "--photos coffee --moves static --group static first --size 128 --no-write"
    assert main(words.split()) == 0
    out = capsys.readouterr().out
    assert "Standing still" in out
    assert "MISS" not in out
