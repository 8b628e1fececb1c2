"""Who gets the visible label, and what remembers it."""

from __future__ import annotations

import pytest

from testcard import CARD, DREAM, draw, family
from unstill.core.labelling import Labelling, LabelRule
from unstill.core.making import Like, plan_picture, request_of
from unstill.core.metadata import describe, read_settings
from unstill.core.plan import make_plan
from unstill.core.ports import Machine
from unstill.domain.errors import Language
from unstill.domain.request import VideoRequest
from unstill.settings import Settings
from unstill.wiring import House

BIG = Machine(cores=4, memory_bytes=8 << 30)


@pytest.mark.parametrize(
    ("rule", "language", "by_default"),
    [("auto", "zh", True), ("auto", "en", False), ("always", "en", True), ("always", "zh", True),
     ("never", "zh", False), ("never", "en", False)],
)  # fmt: skip
def test_the_rule_decides_what_the_request_leaves_open(
    rule: LabelRule, language: Language, by_default: bool
) -> None:
    """For generated video; what was asked for is done by any rule."""
    labelling = Labelling(rule, language)
    assert labelling.of(None, DREAM) == (language if by_default else None)
    assert labelling.of(True, DREAM) == language
    assert labelling.of(False, DREAM) is None


@pytest.mark.parametrize("rule", ["auto", "always", "never"])
def test_camera_motion_is_labelled_only_when_asked(rule: LabelRule) -> None:
    """Nothing in it is generated: by itself no rule says that it is."""
    labelling = Labelling(rule, "zh")
    assert labelling.of(None, CARD) is None
    assert labelling.of(True, CARD) == "zh"


def test_the_plan_and_the_file_remember_what_was_decided(house: House) -> None:
    """A remix and `--like` start from there, whatever the rule has become."""
    request = VideoRequest(model="dream", seed=1)
    made = make_plan(request, (64, 64), [family], BIG, Labelling("auto", "zh"))
    assert (made.label, made.request.visible_label) == ("zh", True)
    assert (made.to_json()["visible_label"], made.to_json()["label_language"]) == (True, "zh")
    found = read_settings(describe(made, "video_1", "a.jpg"))
    assert found is not None
    assert (found["request"]["visible_label"], found["label_language"]) == (True, "zh")
    again = request_of({"image": draw()}, Like(found["request"]))
    assert plan_picture(again, house).label == "en"
    off = make_plan(request, (64, 64), [family], BIG, Labelling("auto", "en"))
    assert (off.label, off.request.visible_label) == (None, False)


def test_camera_motion_without_a_label_says_nothing_of_another_model(house: House) -> None:
    """Going on from its settings with a generative model, the rule decides anew."""
    earlier = Like({"model": "testcard", "visible_label": False})
    fields = {"image": draw(), "model": "dream"}
    assert plan_picture(request_of(fields, earlier), house, language="zh").label == "zh"
    same = request_of({"image": draw()}, Like({"model": "dream", "visible_label": False}))
    assert plan_picture(same, house, language="zh").label is None
    asked = request_of({**fields, "visible_label": False}, earlier)
    assert plan_picture(asked, house, language="zh").label is None


def test_the_rule_and_the_language_are_settings(house: House) -> None:
    """Without anybody else's word on the language."""
    request = VideoRequest(image=draw(), model="dream")
    assert plan_picture(request, house).label is None
    house._given = Settings(lang="zh")
    del house.settings
    assert plan_picture(request, house).label == "zh"
    house._given = Settings(lang="zh", visible_label="never")
    del house.settings
    assert plan_picture(request, house).label is None
    assert plan_picture(request.model_copy(update={"visible_label": True}), house).label == "zh"


def test_a_strangers_file_cannot_name_an_odd_language() -> None:
    """It is left out and named, like every other part that does not fit."""
    found = read_settings({"unstill": '{"request":{},"label_language":"xx"}'})
    assert found == {"request": {}, "unusable": ["label_language"]}
