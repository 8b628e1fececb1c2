"""Amounts in words."""

from __future__ import annotations

import pytest

from unstill.domain.sizes import size_text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0.0 KiB"), (5100, "5.0 KiB"), (2**20, "1.0 MiB"), (3 * 2**29, "1.50 GiB")],
)
def test_an_amount_is_told_in_a_unit_that_fits(count: int, text: str) -> None:
    assert size_text(count) == text
