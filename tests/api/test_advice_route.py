"""GET /v1/advice: what to change about a video that is not right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from unstill.apps.api.advice import CAMERA, changes
from unstill.domain.advice import ADVICE, Advice
from unstill.domain.catalog import ModelCard, Option, Range
from unstill.domain.job import Input, Job, State
from unstill.engines.i2vgen_xl import family as dream
from unstill.engines.motion import family as camera

BY_ID: Mapping[str, Advice] = {one.id: one for one in ADVICE}


def job(card: ModelCard, **plan: Any) -> Job:
    """A finished video of this model; ``plan`` over the model's own settings."""
    options = plan.pop("options", {})
    whole = {"width": 512, "height": 512, "num_frames": 16, **card.native, **plan}
    return Job(
        "video_1", 1, "", State.COMPLETED, 0, "generate", {"model": card.id, "options": options}, whole,
        Input("inputs/a.png", "a.png", "0" * 64, 512, 512), None, 0.0,
    )  # fmt: skip


def asked(name: str, made: Job, card: ModelCard) -> dict[str, Any]:
    return dict(changes(BY_ID[name], made, card))


def test_five_complaints_each_with_a_remedy(
    web: httpx.Client, finished: Callable[..., dict[str, Any]]
) -> None:
    """In the reader's language, for a video of theirs."""
    video = finished()["id"]
    told = web.get("/v1/advice", params={"video": video}).json()
    assert told["object"] == "list"
    assert {one["id"] for one in told["data"]} == set(BY_ID)
    assert all(one["symptom"] and one["advice"] and isinstance(one["changes"], dict) for one in told["data"])
    chinese = web.get("/v1/advice", params={"video": video}, headers={"Accept-Language": "zh"}).json()
    assert {one["id"]: one["symptom"] for one in chinese["data"]}["blurred"] == "画面模糊"


def test_what_can_be_asked_for_can_be_made(
    web: httpx.Client, finished: Callable[..., dict[str, Any]]
) -> None:
    """Every change that is told goes into a remix as it stands."""
    video = finished()
    for one in web.get("/v1/advice", params={"video": video["id"]}).json()["data"]:
        reply = web.post(f"/v1/videos/{video['id']}/remix", json={"prompt": "pan left", **one["changes"]})
        assert reply.status_code == 200, (one, reply.text)


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?video=video_nobody", 404)])
def test_no_advice_without_a_video(web: httpx.Client, query: str, status: int) -> None:
    """An error that names the field, or that there is no such video."""
    reply = web.get(f"/v1/advice{query}")
    assert reply.status_code == status
    assert reply.json()["error"]["code"] in ("missing_argument", "video_not_found")


def test_a_generative_model_is_told_the_fields_numbers() -> None:
    """Coming from 9 and 50: guidance 11; 768p with 60 steps; fewer frames where the size is smallest."""
    card = dream.cards[0]
    made = job(card, num_inference_steps=50, guidance_scale=9.0)
    assert asked("little_motion", made, card) == {"guidance_scale": 11.0}
    assert asked("blurred", made, card) == {"size": "768p", "num_inference_steps": 60}
    assert asked("too_slow", made, card) == {}
    assert asked("out_of_memory", made, card) == {"num_frames": 8}
    assert asked("off_prompt", made, card) == {}


def test_a_camera_is_told_to_go_farther() -> None:
    """Half as far again, up to the card's limit; other options stay as they are."""
    card = camera.cards[0]
    assert asked("little_motion", job(card), card) == {"options": {"strength": 1.5}}
    far = job(card, options={"strength": 1.8, "effect_strength": 0.5})
    assert asked("little_motion", far, card) == {"options": {"strength": 2.0, "effect_strength": 0.5}}
    assert asked("little_motion", job(card, options={"strength": 2.0}), card) == {}
    assert asked("blurred", job(card), card) == {}


def test_a_camera_is_quicker_when_small() -> None:
    """A large video becomes 512p, a small one has fewer frames or stays."""
    card = camera.cards[0]
    large = job(card, width=1536, height=1024)
    assert asked("too_slow", large, card) == {"size": "512p"}
    assert asked("out_of_memory", large, card) == {"size": "512p"}
    assert asked("too_slow", job(card), card) == {}


def test_a_model_without_such_an_option_is_not_told_of_it() -> None:
    """Advice stays within the model's card."""
    card = replace(camera.cards[0], options={"strength": Option(1.0, {"en": "", "zh": ""}, Range(0.0, 1.0))})
    assert asked("little_motion", job(card), card) == {}
    bare = replace(card, options={})
    assert asked("little_motion", job(bare), bare) == {}


def test_the_cameras_words_are_of_known_complaints() -> None:
    """And in both languages."""
    assert set(CAMERA) <= set(BY_ID)
    assert all(words["en"] and words["zh"] for words in CAMERA.values())
