"""What is asked for: four mixes of models. Assumed shares; times as measured (motion) or planned (the
others)."""

from __future__ import annotations

from collections.abc import Mapping

from bench.scaling.demand import Kind
from bench.scaling.facts import Facts

MIXES: Mapping[str, Mapping[str, float]] = {
    "motion": {"motion": 1.0},
    "quick": {"ltx-video-13b-distilled": 0.5, "ltx-2.5": 0.3, "svd-xt": 0.2},
    "mixed": {
        "wan2.2-ti2v-5b": 0.4, "ltx-video-13b-distilled": 0.3, "wan2.2-i2v-a14b": 0.15,
        "hunyuanvideo-1.5-480p-step-distilled": 0.1, "kandinsky-5-lite": 0.05,
    },
    "rich": {"wan2.2-i2v-a14b": 0.7, "hunyuanvideo-1.5-480p": 0.3},
}  # fmt: skip
PER_DAY = (100, 1_000, 10_000, 100_000, 1_000_000)


def kinds(mix: str, known: Facts) -> tuple[Kind, ...]:
    return tuple(known.kind(model, share) for model, share in MIXES[mix].items())


def upkeep_per_s(mix: str, known: Facts) -> float:
    """Transactions a second of a running job: its lease is renewed, its progress stored."""
    reports = known["motion_reports_per_s" if mix == "motion" else "step_reports_per_s"]
    return known["renewals_per_s"] + reports
