"""The measuring of what the service adds, on a clip that costs next to nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from bench import service
from unstill.core.queue import NewJob


def test_a_job_and_a_call_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real worker behind a real queue: one sample a size, both times in its note, held to a limit."""
    monkeypatch.setattr(service, "SIZES", ("64x64",))
    (sample,) = service.measure(turns=2)
    assert (sample.group, sample.subject, sample.judged) == ("service", "64 x 64, 96 frames", True)
    assert math.isfinite(sample.value)
    assert sample.value > 0
    assert sample.note.count(" s") == 2


def test_a_job_that_fails_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the benchmark and says why."""
    monkeypatch.setattr(service, "SIZES", ("64x64",))

    def lost(**fields: Any) -> NewJob:
        return NewJob(**{**fields, "input": replace(fields["input"], file="inputs/nothing.png")})

    monkeypatch.setattr(service, "NewJob", lost)
    with pytest.raises(RuntimeError, match="file_missing"):
        list(service.measure(turns=1))
