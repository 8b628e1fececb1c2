"""GET /v1/models?recommend=true: what each model would take on this server's computer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import httpx
import pytest
from api_parts import Station, build

from unstill.wiring import GROUP

ENTRIES = [EntryPoint("motion", "unstill.engines.motion:family", GROUP),
           EntryPoint("pipelines", "unstill.engines.pipelines:family", GROUP)]  # fmt: skip


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    made: Station = build(tmp_path_factory.mktemp("recommending"), ENTRIES)
    made.start()
    with httpx.Client(base_url=made.url, trust_env=False) as client:
        yield client
    made.stop()


def test_each_model_has_what_it_would_take(web: httpx.Client) -> None:
    """Beside its card, in the catalogue's order; ranks are 1 to the last, usable ones first."""
    told = web.get("/v1/models", params={"recommend": "true"}).json()["data"]
    plain = web.get("/v1/models").json()["data"]
    assert [{k: v for k, v in one.items() if k != "recommendation"} for one in told] == plain
    recs = {one["id"]: one["recommendation"] for one in told}
    assert sorted(rec["rank"] for rec in recs.values()) == list(range(1, len(told) + 1))
    best_first = sorted(recs.values(), key=lambda rec: rec["rank"])
    assert [rec["usable"] for rec in best_first] == sorted(
        (rec["usable"] for rec in best_first), reverse=True
    )
    motion = recs["motion"]
    assert (motion["usable"], motion["fits"], motion["files_here"]) == (True, True, True)
    assert motion["estimated_seconds"] > 0
    assert recs["wan2.1-flf2v-14b-720p"]["reason"] == "wants a last picture"
    assert recs["wan2.1-flf2v-14b-720p"]["fits"] is False
    for rec in recs.values():
        assert rec["fits"] or not rec["usable"]


def test_reasons_come_in_the_readers_language(web: httpx.Client) -> None:
    told = web.get("/v1/models", params={"recommend": "true"}, headers={"Accept-Language": "zh-CN"}).json()[
        "data"
    ]
    flf = next(one for one in told if one["id"] == "wan2.1-flf2v-14b-720p")
    assert flf["recommendation"]["reason"] == "需要尾帧图片"
    hunyuan = next(one for one in told if one["id"] == "hunyuanvideo-1.5-480p")
    assert hunyuan["licence_limits"] == "不适用于欧盟、英国、韩国"


def test_a_wish_that_is_none_is_refused(web: httpx.Client) -> None:
    refused = web.get("/v1/models", params={"recommend": "perhaps"})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "recommend"


def test_auto_plans_with_the_best_that_is_here(web: httpx.Client) -> None:
    """And says which, and why."""
    plan = web.post(
        "/v1/plans", json={"model": "auto", "width": 640, "height": 480, "prompt": "pan left"}
    ).json()
    assert plan["model"] == "motion"
    assert plan["notes"][0] == "motion was chosen: the only one whose files are here."


def test_a_picture_that_some_cannot_take_is_no_reason_against_the_others(web: httpx.Client) -> None:
    """Its shape is too narrow for some models' sides; "auto" takes one that can."""
    plan = web.post("/v1/plans", json={"model": "auto", "width": 320, "height": 213, "prompt": "pan left"})
    assert plan.status_code == 200
    assert plan.json()["model"] == "motion"
    narrow = {"model": "wan2.2-ti2v-5b", "width": 320, "height": 213}
    assert web.post("/v1/plans", json=narrow).status_code == 400
