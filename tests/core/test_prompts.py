"""Chinese prompts for models that read English: translated and said, never in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from testcard import DREAM, draw
from unstill.core.at_hand import fetched_card, require_after, with_remarks
from unstill.core.carry_out import carry_out
from unstill.core.making import like, make, plan_for, prepare, request_of, settings_in
from unstill.core.plan import Plan
from unstill.core.ports import Tick, silent
from unstill.core.prompts import english, prompt_of, unread
from unstill.core.worker import Task
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import MissingArgument, OutOfRange, UnknownModel
from unstill.domain.request import PROMPT_LIMIT, VideoRequest
from unstill.domain.weight_errors import WeightsMissing, missing
from unstill.wiring import House

WORDS = {"全黑的画面": "all black", "向左": "to the left", "模糊": "blurry", "停住": "hold"}
CARD = ModelCard(
    id="dictionary", family="translate", title="A dictionary", about={"en": "-", "zh": "-"}, licence="none",
    generative=True, native={}, frames=Range(1, 1), fps=Range(1, 1), side=Range(16, 64), repo="acme/words",
    download_bytes=5 << 20,
)  # fmt: skip
SMALL = {"model": "dream", "size": "64x64", "num_frames": 9, "seed": 0}


class Dictionary:
    """Knows a few phrases. Fits `unstill.core.prompts.Translator`."""

    card = CARD

    def __init__(self, here: bool = True) -> None:
        self.here, self.asked = here, 0

    def require(self) -> None:
        if not self.here:
            raise missing(self.card)

    def translate(self, texts: Sequence[str], tick: Tick = silent) -> list[str]:
        self.require()
        tick("translate", 0, 1)
        self.asked += 1
        return [WORDS[text] for text in texts]


@pytest.fixture
def dictionary(house: House) -> Dictionary:
    house.translator = Dictionary()
    return house.translator


@pytest.fixture
def absent(house: House) -> Dictionary:
    house.translator = Dictionary(here=False)
    return house.translator


def plan(house: House, **fields: Any) -> Plan:
    return plan_for(VideoRequest(**{**SMALL, **fields}), (64, 64), house)


def codes(made: Plan) -> list[str]:
    return [note.code for note in made.notes]


def test_what_the_model_does_not_read_is_translated_and_said(house: House, dictionary: Dictionary) -> None:
    """The plan says so and does not do it; the work does, before the engine: that has the English, and the
    request keeps what the person wrote."""
    planned = plan(house, prompt="全黑的画面", negative_prompt="模糊")
    assert codes(planned) == ["prompt_to_translate"]
    assert (planned.request.translate, dictionary.asked) == (True, 0)
    stages: list[str] = []

    def tick(stage: str, *_: object) -> None:
        stages.append(stage)

    request = VideoRequest(image=draw(), prompt="全黑的画面", negative_prompt="模糊", **SMALL)
    made = prepare(request, house, tick=tick).plan
    assert stages == ["translate"]
    assert (made.request.prompt, made.request.negative_prompt) == ("全黑的画面", "模糊")
    assert (made.drawn.request.prompt, made.drawn.request.negative_prompt) == ("all black", "blurry")
    said = [note for note in made.notes if note.code.startswith("prompt")]
    assert [(n.code, n.facts["field"], n.facts["before"], n.facts["after"]) for n in said] == [
        ("prompt_translated", "prompt", "全黑的画面", "all black"),
        ("prompt_translated", "negative_prompt", "模糊", "blurry"),
    ]
    assert "全黑的画面" in said[0].text("zh")
    assert "all black" in said[0].text("zh")


def test_the_file_has_both_and_can_be_repeated(house: House, dictionary: Dictionary, tmp_path: Path) -> None:
    """The engine drew what the English words say; `like` takes the person's own."""
    target = tmp_path / "a.mp4"
    done = make(prepare(VideoRequest(image=draw(), prompt="全黑的画面", **SMALL), house), target, house)
    assert "video_black" in [note.code for note in done.notes]
    found = settings_in(target, house)
    assert (found["request"]["prompt"], found["request"]["translate"]) == ("全黑的画面", True)
    assert (found["details"]["prompt_used"], found["details"]["translator"]) == ("all black", "dictionary")
    again = request_of({"image": draw()}, like(target, house))
    assert (again.prompt, again.translate) == ("全黑的画面", True)
    assert prepare(again, house).plan.drawn.request.prompt == "all black"
    other = request_of({"image": draw(), "model": "testcard"}, like(target, house))
    assert other.translate is None  # another model may read what this one did not


def test_a_file_without_its_prompt_has_no_translation(
    house: House, dictionary: Dictionary, tmp_path: Path
) -> None:
    """What is left out is left out in every language."""
    target = tmp_path / "a.mp4"
    ready = prepare(VideoRequest(image=draw(), prompt="全黑的画面", **SMALL), house)
    make(ready, target, house, keep_prompt=False)
    raw = target.read_bytes()
    assert b"all black" not in raw
    assert "全黑".encode() not in raw


def test_without_the_translator_it_is_said_how_to_get_it(house: House, absent: Dictionary) -> None:
    """And the words go to the model as they are."""
    made = plan(house, prompt="全黑的画面")
    assert codes(made) == ["prompt_not_english", "translator_missing"]
    assert "unstill models pull dictionary" in made.notes[1].text()
    assert "5.0 MiB" in made.notes[1].text("zh")
    assert made.request.translate is None
    assert made.drawn.request.prompt == "全黑的画面"
    assert prepare(
        VideoRequest(image=draw(), prompt="全黑的画面", **SMALL), house
    ).plan.drawn.request.prompt == ("全黑的画面")


def test_who_insists_on_a_translation_gets_no_video_without_one(house: House, absent: Dictionary) -> None:
    """Refused before any work, on every way; a plan names the files instead."""
    request = VideoRequest(image=draw(), prompt="全黑的画面", translate=True, **SMALL)
    made = plan_for(request, (64, 64), house)
    for refused in (lambda: prepare(request, house), lambda: require_after(made, house)):
        with pytest.raises(WeightsMissing, match="dictionary"):
            refused()
    assert "files_missing" in codes(with_remarks(made, house))
    assert fetched_card("dictionary", house) is CARD
    with pytest.raises(UnknownModel):
        fetched_card("dictionaries", house)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "全黑的画面", "translate": False},
        {"prompt": "all black"},
        {"prompt": "all black", "translate": True},
        {"prompt": "", "translate": True},
        {"prompt": "全黑的画面", "model": "testcard"},
        {"prompt": "全黑的画面", "model": "testcard", "translate": True},
    ],
)
def test_what_is_left_alone(house: House, dictionary: Dictionary, fields: dict[str, Any]) -> None:
    """By wish, because it is English, and where nothing is generated: camera motion reads Chinese itself."""
    made = plan(house, **fields)
    assert unread(made) == {}
    assert not {"prompt_to_translate", "translator_missing"} & set(codes(made))
    request = VideoRequest(image=draw(), **{**SMALL, **fields})
    assert prepare(request, house).plan.drawn.request.prompt == fields["prompt"]
    assert dictionary.asked == 0


def test_a_model_that_reads_chinese_gets_chinese_unless_told_otherwise(
    house: House, dictionary: Dictionary
) -> None:
    """The card decides, and the person over it."""
    made = plan(house, prompt="全黑的画面")
    reads = replace(made, card=replace(DREAM, prompt_languages=("en", "zh")))
    asked = {wish: reads.request.model_copy(update={"translate": wish}) for wish in (None, True)}
    assert unread(replace(reads, request=asked[None])) == {}
    assert unread(replace(reads, request=asked[True])) == {"prompt": "全黑的画面"}


def test_a_negative_prompt_alone(house: House, dictionary: Dictionary) -> None:
    """The English prompt beside it stays."""
    request = VideoRequest(image=draw(), prompt="hold", negative_prompt="模糊", **SMALL)
    drawn = prepare(request, house).plan.drawn.request
    assert (drawn.prompt, drawn.negative_prompt) == ("hold", "blurry")


@pytest.mark.parametrize("kind", ["generate", "extend"])
def test_a_worker_translates_as_well(house: House, dictionary: Dictionary, tmp_path: Path, kind: str) -> None:
    """A new video and an extension; what it answers has the English words among the plan's facts."""
    from PIL import Image

    picture, source = tmp_path / "a.png", tmp_path / "a.mp4"
    Image.fromarray(draw(64, 64)).save(picture)
    make(prepare(VideoRequest(image=picture, prompt="x", **SMALL), house), source, house)
    stages: list[str] = []
    wish = VideoRequest(prompt="停住", translate=True, **SMALL).settings()
    task = Task(
        "video_1", 1, wish, str(picture), str(tmp_path / "b.mp4"), "a.png", kind=kind, source=str(source)
    )
    done = carry_out(task, house, lambda stage, *_: stages.append(stage))
    assert stages.index("open") < stages.index("translate") < stages.index("load")
    assert (done.plan["prompt_used"], done.plan["translator"]) == ("hold", "dictionary")
    assert "prompt_translated" in [note.code for note in done.notes]
    assert settings_in(Path(done.path), house)["request"]["prompt"] == "停住"


def test_a_preview_says_what_it_did_not_do(dictionary: Dictionary) -> None:
    """English stays as it is; a model that needs no translation is named."""
    kept = english({"prompt": "a cat"}, dictionary)
    assert (kept.texts, [n.code for n in kept.notes]) == ({"prompt": "a cat"}, ["prompt_kept"])
    made = english({"prompt": "a cat", "negative_prompt": "模糊"}, dictionary, reader=DREAM)
    assert (made.texts, made.notes) == ({"prompt": "a cat", "negative_prompt": "blurry"}, ())
    reader = replace(DREAM, prompt_languages=("en", "zh"))
    told = english({"prompt": "停住"}, dictionary, reader=reader)
    assert [n.code for n in told.notes] == ["prompt_read_anyway"]


def test_a_prompt_that_is_none() -> None:
    """Empty, or too long."""
    with pytest.raises(MissingArgument, match="prompt is missing"):
        prompt_of("  ")
    with pytest.raises(OutOfRange):
        prompt_of("猫" * (PROMPT_LIMIT + 1))
