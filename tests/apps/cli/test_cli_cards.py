"""What `unstill models show` and `recommend` say of a model's abilities and of times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unstill.apps.cli.models import show_model
from unstill.apps.cli.recommend import recommend
from unstill.apps.cli.screen import Screen
from unstill.core.finishing import Finishing
from unstill.core.ports import Accelerator, Machine
from unstill.core.weights import WeightFacts
from unstill.domain.errors import Language
from unstill.domain.weight_errors import missing
from unstill.engines.motion import family as motion
from unstill.engines.pipelines import PipelineFamily
from unstill.engines.pipelines.rows import ROWS

BIG = Accelerator("NVIDIA H100", 80 << 30, 78 << 30, (9, 0), 16896, 1.98e9, 3.3e12)


class Installed(PipelineFamily):
    """As if its libraries were here."""

    def lacks(self) -> str | None:
        return None


def call(language: Language = "en", device: Accelerator | None = BIG) -> Any:
    machine = Machine(16, 128 << 30, "cuda:0" if device else "cpu", device)
    weights = SimpleNamespace(facts=lambda card: WeightFacts(card.id, "missing", problem=missing(card)))
    services = SimpleNamespace(
        families=[motion, Installed(ROWS)], broken=[], machine=lambda: machine, finishing=Finishing(),
        weights=weights, licences="any", region=None, visible_label="auto", language=language,
        translator=SimpleNamespace(require=lambda: None),
    )  # fmt: skip
    return SimpleNamespace(services=services, screen=Screen(language), answered=False)


def test_show_says_what_a_model_knows_and_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_model(call(), "wan2.1-flf2v-14b-720p") == 0
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines() if line[0] != " ")
    known = rows["Knows"].strip()
    assert known == (
        "reads English, Chinese; wants a last picture; LoRA files; loops; no sound; negative prompt"
    )
    assert rows["Parameters"].strip() == "22.8 billion"
    assert "1280x720" in rows["Sizes"]
    assert "resident 63.4 GiB" in rows["Video memory"]


def test_show_says_it_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    show_model(call("zh"), "ltx-2.5")
    out = capsys.readouterr().out
    assert "读懂英文；" in out
    assert "有声音" in out
    assert "逐块传输" in out


def test_recommend_names_the_one_to_fetch_and_what_motion_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recommend(call(), "a cat runs")
    out = capsys.readouterr().out
    assert "nothing in the picture will move by itself" in out
    assert "would do better here: `unstill models pull " in out
    recommend(call(), "")
    assert "move by itself" not in capsys.readouterr().out


def test_times_beyond_two_days_are_days(capsys: pytest.CaptureFixture[str]) -> None:
    recommend(call(device=None), "")
    out = capsys.readouterr().out
    assert " days " in out
    assert not any(f" {hours} h " in out for hours in range(49, 2000))
    assert "wants a last picture" in out
