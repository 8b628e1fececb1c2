"""The numbers that the simulation is fed with, each with its source: `measured.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.scaling.demand import Kind

FILE = Path(__file__).parent / "measured.json"
KINDS = ("measured", "read", "planned", "assumed")
"""How far a number can be trusted: taken with a clock, read in the program, computed by the catalogue,
supposed."""


@dataclass(frozen=True)
class Fact:
    """One number."""

    value: float
    unit: str
    kind: str
    date: str
    source: str


@dataclass(frozen=True)
class PlannedModel:
    """What the catalogue computes for a clip in a model's own settings on the named card."""

    seconds: float
    weights_bytes: int
    placement: str


@dataclass(frozen=True)
class Facts:
    """All numbers."""

    numbers: Mapping[str, Fact]
    card: str
    models: Mapping[str, PlannedModel]

    def __getitem__(self, name: str) -> float:
        return self.numbers[name].value

    def kind(self, model: str, share: float = 1.0) -> Kind:
        """A model as the simulation knows it. Raises `KeyError` for one that was not planned."""
        if model == "motion":
            seconds = self["motion_analysis_s"] + self["motion_frames"] * self["motion_frame_ms"] / 1000
            return Kind(model, seconds, self["motion_load_s"], share)
        planned = self.models[model]
        load_s = self["process_s"] + planned.weights_bytes / self["weights_bytes_per_s"]
        return Kind(model, planned.seconds, load_s, share)


@cache
def facts(path: Path = FILE) -> Facts:
    """As they stand in the file. Raises `ValueError` for a number without a source or of an unknown kind."""
    said = json.loads(path.read_text(encoding="utf-8"))
    numbers = {name: Fact(**fact) for name, fact in said["numbers"].items()}
    for name, fact in numbers.items():
        if fact.kind not in KINDS or not (fact.source and fact.date and fact.unit):
            raise ValueError(f"{path.name}: {name} needs a unit, a kind, a date and a source")
    planned = said["planned"]
    models = {name: PlannedModel(**model) for name, model in planned["models"].items()}
    return Facts(numbers, planned["card"], models)
