"""Choose for me: the best model that fits machine, licence setting and request, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from unstill.core.asking import Ask, chosen, request_of
from unstill.core.choosing import candidates, decide
from unstill.core.finishing import Finishing
from unstill.core.making import plan_for
from unstill.core.ports import Accelerator, Machine
from unstill.core.weights import WeightFacts
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import InvalidField, NotAChoice, OutOfRange, UnknownField
from unstill.domain.request import AUTO, VideoRequest
from unstill.domain.weight_errors import NothingFits, WeightsMissing, missing
from unstill.engines.motion import family as motion
from unstill.engines.pipelines import PipelineFamily
from unstill.engines.pipelines.rows import ROWS

BIG = Accelerator("NVIDIA H100", 80 << 30, 78 << 30, (9, 0), 16896, 1.98e9, 3.3e12)
SMALL = Accelerator("NVIDIA GeForce RTX 3060", 12 << 30, 11 << 30, (8, 6), 3584, 1.78e9, 3.6e11)
WIDE = (1600, 900)


class Installed(PipelineFamily):
    """Whether torch is here or not."""

    def lacks(self) -> str | None:
        return None


class Translator:
    def __init__(self, *, here: bool) -> None:
        self.card, self._here = SimpleNamespace(id="opus", licence="x", licence_in=lambda _: "x",
                                                download_bytes=1), here  # fmt: skip

    def require(self) -> None:
        if not self._here:
            raise WeightsMissing(model="opus", path="x", terms="", terms_zh="")


def services(
    here: Collection[str], device: Accelerator | None = BIG, *, english: bool = False, **settings: Any
) -> Any:
    def facts(card: ModelCard) -> WeightFacts:
        return WeightFacts(card.id, "ready" if card.id in here else "missing",
                           problem=None if card.id in here else missing(card))  # fmt: skip

    machine = Machine(16, 128 << 30, "cuda:0" if device else "cpu", device)
    told = {"licences": "any", "region": None, "visible_label": "auto", "language": "en", **settings}
    return SimpleNamespace(
        families=[motion, Installed(ROWS)], broken=[], machine=lambda: machine, finishing=Finishing(),
        weights=SimpleNamespace(facts=facts), translator=Translator(here=english), **told,
    )  # fmt: skip


def test_the_best_of_those_here_is_taken_and_the_note_says_so() -> None:
    choice = decide(VideoRequest(prompt="a cat"), services({"svd", "wan2.2-ti2v-5b"}), WIDE)
    assert choice.card.id == "wan2.2-ti2v-5b"
    assert choice.notes[0].code == "model_chosen"
    assert "best of 3" in str(choice.notes[0])


def test_a_better_one_that_is_not_here_is_named_with_its_size() -> None:
    choice = decide(VideoRequest(prompt="a cat"), services({"svd"}), WIDE)
    better = next(said for said in choice.notes if said.code == "model_better")
    best = max((row.card for row in ROWS if row.card.id == better.facts["model"]), key=lambda c: c.standing)
    assert best.standing > 30
    assert f"{best.download_bytes / 1e9:.0f} GB" in str(better)


def test_without_files_or_without_a_card_it_is_camera_motion() -> None:
    assert decide(VideoRequest(prompt="a cat"), services(()), WIDE).card.id == "motion"
    everything = {row.card.id for row in ROWS}
    slow = decide(VideoRequest(prompt="a cat"), services(everything, None), WIDE)
    assert slow.card.id == "motion"
    said = {one.card.id: one.against for one in candidates(VideoRequest(), services((), None), WIDE)}
    assert said["wan2.2-i2v-a14b"] in ("memory", "time")


def test_a_small_card_gets_a_model_that_fits() -> None:
    everything = {row.card.id for row in ROWS}
    big = decide(VideoRequest(prompt="a cat"), services(everything), WIDE)
    small = services(everything, SMALL)
    chosen = decide(VideoRequest(prompt="a cat"), small, WIDE)
    plan = plan_for(VideoRequest(prompt="a cat", model=chosen.card.id), WIDE, small)
    assert plan.fits
    assert chosen.card.standing <= big.card.standing


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"licences": "commercial"}, "licence"),
        ({"region": "de"}, "region"),
        ({"region": "KR"}, "region"),
        ({"region": "EU"}, "region"),
        ({"region": "GB"}, "region"),
    ],
)
def test_licence_and_region_keep_models_out(settings: dict[str, str], reason: str) -> None:
    everything = {row.card.id for row in ROWS}
    found = {one.card.id: one for one in candidates(VideoRequest(), services(everything, **settings), WIDE)}
    out = [name for name, one in found.items() if one.against == reason]
    assert out
    chosen = decide(VideoRequest(), services(everything, **settings), WIDE).card
    assert chosen.id not in out
    if reason == "licence":
        assert all(found[name].card.terms.commercial != "yes" for name in out)
    else:
        assert all(name.startswith("hunyuan") for name in out)


def test_a_last_picture_a_lora_or_a_loop_leaves_those_that_take_it() -> None:
    everything = {row.card.id for row in ROWS}
    ended = decide(VideoRequest(last_image=b"x"), services(everything), WIDE).card
    assert ended.last_picture != "no"
    styled = decide(VideoRequest(loras=("film",)), services(everything), WIDE).card
    assert styled.lora
    looped = decide(VideoRequest(loop=True), services({"wan2.1-flf2v-14b-720p"}), WIDE).card
    assert looped.loops


def test_chinese_words_go_to_who_reads_them_unless_there_is_a_translator() -> None:
    here = {"ltx-video-13b", "wan2.2-ti2v-5b", "ltx-2.5"}
    chinese = VideoRequest(prompt="一只猫在草地上奔跑")
    assert "zh" in decide(chinese, services(here), WIDE).card.prompt_languages
    assert decide(chinese, services(here, english=True), WIDE).card.id == "ltx-2.5"


def test_a_plan_of_auto_is_that_of_the_chosen_model() -> None:
    made = plan_for(VideoRequest(model=AUTO, prompt="a cat"), WIDE, services({"ltx-video-2b"}))
    assert made.card.id == made.request.model == "ltx-video-2b"
    assert made.notes[0].code == "model_chosen"


def test_options_of_one_model_choose_it() -> None:
    here = {"ltx-2.5", "svd-xt"}
    request = VideoRequest(model=AUTO, options={"motion_bucket_id": 60})
    assert decide(request, services(here), WIDE).card.id == "svd-xt"


def test_an_engine_without_its_libraries_is_not_chosen() -> None:
    class Lacking(PipelineFamily):
        def lacks(self) -> str | None:
            return "diffusion"

    some = services({row.card.id for row in ROWS})
    some.families = [motion, Lacking(ROWS)]
    assert decide(VideoRequest(), some, WIDE).card.id == "motion"
    assert {one.against for one in candidates(VideoRequest(), some, WIDE)} >= {"libraries"}


def test_cards_of_equal_machine_are_sorted_by_standing() -> None:
    found = [one for one in candidates(VideoRequest(), services(()), WIDE) if one.usable]
    assert [one.card.standing for one in found] == sorted((c.card.standing for c in found), reverse=True)
    assert replace(found[0], against="time").usable is False


def test_a_length_is_part_of_what_is_asked() -> None:
    """Each model by its own frames a second: what is too short for it is no reason to refuse."""
    some = services({"wan2.1-i2v-14b-480p"})
    assert decide(VideoRequest(prompt="x"), some, WIDE, 5).card.id == "wan2.1-i2v-14b-480p"
    assert decide(VideoRequest(prompt="x"), some, WIDE, 30).card.id == "motion"
    asked = chosen(Ask({"model": " AUTO ", "prompt": "x"}, 5.0), some, None, WIDE)
    request = request_of(asked, some)
    assert (request.model, request.num_frames) == ("wan2.1-i2v-14b-480p", 80)
    assert asked.choice[0].code == "model_chosen"
    assert chosen(Ask({"model": "motion"}), some).choice == ()


def test_options_of_a_form_are_read_before_choosing() -> None:
    request = VideoRequest(model=AUTO, options={"motion_bucket_id": "60"})
    assert decide(request, services({"svd-xt"}), WIDE).card.id == "svd-xt"


def test_where_nothing_here_does_it_the_one_to_fetch_is_named() -> None:
    """Camera motion is not blamed for what it was not asked to do."""
    with pytest.raises(NothingFits) as caught:
        decide(VideoRequest(prompt="x", loras=("film",)), services(()), WIDE)
    best = next(c for c in candidates(VideoRequest(loras=("film",)), services(()), WIDE) if c.usable)
    assert f"unstill models pull {best.card.id}" in caught.value.hint()
    assert f"unstill models pull {best.card.id}" in caught.value.hint("zh")
    assert "motion" not in str(caught.value)
    assert (caught.value.status, caught.value.code) == (409, "nothing_fits")


def test_where_one_is_here_and_does_not_fit_that_is_said() -> None:
    tiny = replace(SMALL, total_bytes=2 << 30, free_bytes=1 << 30)
    lora = VideoRequest(prompt="x", loras=("film",))
    with pytest.raises(NothingFits, match=r"wan2\.2-i2v-a14b needs more memory than is free") as caught:
        decide(lora, services({"wan2.2-i2v-a14b"}, tiny), WIDE)
    assert "smaller size" in caught.value.hint()
    assert "wan2.2-i2v-a14b可用内存不足" in caught.value.message("zh")


def test_what_no_model_makes_is_said_by_who_knows_it() -> None:
    everything = {row.card.id for row in ROWS}
    with pytest.raises(NotAChoice, match="speed") as caught:
        chosen(Ask({"model": "auto", "options": {"speed": ["balanced"]}}), services(everything))
    assert "exact" in str(caught.value.facts["choices"])
    with pytest.raises(NotAChoice, match="speed"):
        decide(VideoRequest(model=AUTO, options={"speed": "never"}), services(everything), WIDE)
    with pytest.raises(InvalidField, match="speed"):
        VideoRequest(options={"speed": ["balanced"]})
    with pytest.raises(UnknownField, match="speedy"):
        decide(VideoRequest(model=AUTO, options={"speedy": 1}), services(everything), WIDE)
    with pytest.raises(OutOfRange, match="seconds"):
        decide(VideoRequest(model=AUTO), services(everything), WIDE, 1e6)


def test_memory_weighs_more_than_words_and_a_last_picture_is_named() -> None:
    tiny = replace(SMALL, total_bytes=2 << 30, free_bytes=1 << 30)
    found = candidates(VideoRequest(prompt="一只猫在草地上奔跑"), services((), tiny), WIDE)
    said = {one.card.id: one.against for one in found}
    assert said["ltx-2.5"] == "memory"
    assert said["wan2.1-flf2v-14b-720p"] == "last"


def test_a_better_one_is_named_where_only_its_libraries_lack() -> None:
    class Lacking(PipelineFamily):
        def lacks(self) -> str | None:
            return "diffusion"

    some = services(())
    some.families = [motion, Lacking(ROWS)]
    said = decide(VideoRequest(prompt="x"), some, WIDE).notes[-1]
    assert said.code == "model_better_extra"
    assert "unstill[diffusion]" in str(said)
    assert "unstill[diffusion]" in said.text("zh")
