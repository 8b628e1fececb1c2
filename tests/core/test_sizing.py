"""How large a video is: on the grid, in the picture's shape, never enlarged unless asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcard import CARD
from unstill.core.sizing import cut_off, dimensions, size_and_fit
from unstill.domain.catalog import Range
from unstill.domain.errors import OutOfRange, TooNarrow
from unstill.domain.request import VideoRequest

sides = st.integers(16, 8192)
grids = st.sampled_from([1, 2, 8, 16, 64])


def sizes(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return draw(st.sampled_from(["512p", "768p", "1024p"]))
    return f"{draw(sides)}x{draw(sides)}"


any_size = st.composite(sizes)()


def card(grid: int, high: int = 4096):
    return replace(CARD, side_grid=grid, side=Range(16, high))


@given(any_size, sides, sides, grids)
def test_keep_holds_shape_grid_and_bounds_and_never_enlarges(size: str, w: int, h: int, grid: int) -> None:
    """Both sides are multiples of the grid and within the card, the picture and the size."""
    try:
        got_w, got_h, _ = dimensions(size, "keep", (w, h), card(grid))
    except TooNarrow:
        return
    assert got_w % grid == got_h % grid == 0
    assert 16 <= got_w <= min(w, 4096)
    assert 16 <= got_h <= min(h, 4096)
    if size.endswith("p"):
        assert min(got_w, got_h) <= int(size[:-1]) + grid / 2
    else:
        box_w, box_h = map(int, size.split("x"))
        assert got_w <= box_w + grid / 2
        assert got_h <= box_h + grid / 2
    low = max((got_w - grid) / w, (got_h - grid) / h)
    high = min((got_w + grid) / w, (got_h + grid) / h)
    assert low <= high, "no scale gives both sides to within one step of the grid"


@given(st.integers(512, 8192), st.integers(256, 1024), st.integers(256, 1024), grids)
def test_keep_refuses_only_what_is_too_narrow(side: int, w: int, h: int, grid: int) -> None:
    """A picture that is not extreme always has a size, given a size that is not extreme either."""
    for size in ("512p", f"{side}x512", f"512x{side}"):
        dimensions(size, "keep", (w, h), card(grid))


@given(st.sampled_from(["crop", "pad"]), any_size, sides, sides, grids)
def test_crop_and_pad_give_the_size_asked_for(fit: str, size: str, w: int, h: int, grid: int) -> None:
    """Exactly where the grid allows it; otherwise the nearest, and a note says so."""
    wanted = (int(size[:-1]),) * 2 if size.endswith("p") else tuple(map(int, size.split("x")))
    try:
        got_w, got_h, notes = dimensions(size, fit, (w, h), card(grid))
    except OutOfRange:
        assert max(wanted) > 4096 - grid or min(wanted) < 16 + grid
        return
    assert got_w % grid == got_h % grid == 0
    assert max(abs(got_w - wanted[0]), abs(got_h - wanted[1])) <= grid / 2
    assert bool(notes) == ((got_w, got_h) != wanted)


@given(any_size, sides, sides)
def test_keep_says_when_an_exact_size_became_another(size: str, w: int, h: int) -> None:
    """A named size is no exact one: the row that the grid takes is worth no word."""
    try:
        got_w, got_h, notes = dimensions(size, "keep", (w, h), card(2, 8192))
    except TooNarrow:
        return
    assert bool(notes) == (not size.endswith("p") and size != f"{got_w}x{got_h}")


@pytest.mark.parametrize(
    ("size", "picture", "got", "code"),
    [
        ("1024p", (502, 343), (502, 342), None),
        ("301x177", (301, 177), (300, 176), "size_snapped"),
        ("320x100", (400, 400), (100, 100), "size_kept"),
        ("2000x2000", (400, 300), (400, 300), "size_kept"),
        ("400x300", (400, 300), (400, 300), None),
    ],
)
def test_what_keep_says(size: str, picture: tuple[int, int], got: tuple[int, int], code: str | None) -> None:
    """Nothing about what nobody asked for."""
    *sides, notes = dimensions(size, "keep", picture, card(2))
    assert (tuple(sides), [n.code for n in notes]) == (got, [code] if code else [])


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        ({"size": "640x480"}, None),
        ({"size": "640x474"}, None),
        ({"size": "640x360"}, 25),
        ({"size": "100x400"}, 81),
        ({"size": "640x360", "fit": "crop"}, None),
        ({"size": "512p"}, None),
    ],
)
def test_a_size_that_cuts_off_what_shows_is_said(fields: dict[str, str], percent: int | None) -> None:
    """More than 2 %, unless cropping was asked for."""
    size, _ = size_and_fit(VideoRequest(**fields), CARD.native)  # type: ignore[arg-type]
    width, height = (512, 512) if size.endswith("p") else map(int, size.split("x"))
    notes = cut_off(VideoRequest(**fields), (width, height), (640, 480))  # type: ignore[arg-type]
    assert [n.facts["percent"] for n in notes] == ([percent] if percent else [])


@pytest.mark.parametrize("fit", ["crop", "pad", "keep"])
def test_a_size_below_the_models_is_refused(fit: str) -> None:
    """By the model's own limit, whatever the fit."""
    with pytest.raises(OutOfRange, match="16x16 to 4096x4096"):
        dimensions("8x8", fit, (640, 480), card(2))


def test_a_limit_of_the_model_is_said() -> None:
    """What the card's largest side takes away was not asked for."""
    w, h, notes = dimensions("1024p", "keep", (8000, 1000), card(2))
    assert (w, h) == (4096, 512)
    assert [n.code for n in notes] == ["size_limited"]
    assert "at most 4096 pixels" in notes[0].text()


def test_the_shape_of_a_picture_too_narrow_cannot_be_kept() -> None:
    """And the error says what to do instead."""
    with pytest.raises(TooNarrow) as caught:
        dimensions("1024p", "keep", (8192, 20), card(2))
    assert "--fit crop" in caught.value.hint()


@pytest.mark.parametrize(
    ("asked", "is_now"),
    [
        ({}, ("1024p", "keep")),
        ({"size": "640x480"}, ("640x480", "crop")),
        ({"size": "512p"}, ("512p", "keep")),
        ({"size": "640x480", "fit": "pad"}, ("640x480", "pad")),
        ({"fit": "crop"}, ("1024p", "crop")),
    ],
)
def test_an_exact_size_means_crop_unless_a_fit_is_given(
    asked: dict[str, str], is_now: tuple[str, str]
) -> None:
    """Named sizes keep the card's way."""
    assert size_and_fit(VideoRequest(**asked), CARD.native) == is_now  # type: ignore[arg-type]
