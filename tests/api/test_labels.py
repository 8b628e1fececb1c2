"""The visible label over HTTP: a field, and the client's language where it is left out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_parts import png

GENERATED = {"model": "dream", "size": "64x64"}


@pytest.mark.parametrize(
    ("fields", "language", "label"),
    [
        (GENERATED, "zh-CN,zh;q=0.9", "zh"),
        (GENERATED, "en", None),
        ({**GENERATED, "visible_label": "true"}, "en", "en"),
        ({**GENERATED, "visible_label": "false"}, "zh", None),
        ({}, "zh", None),
        ({"visible_label": "true"}, "zh", "zh"),
    ],
    ids=["chinese", "english", "asked", "refused", "camera motion", "camera motion, asked"],
)
def test_a_create_and_a_plan_decide_alike(
    web: httpx.Client, fields: dict[str, str], language: str, label: str | None
) -> None:
    """By the field; without it generated video is labelled for clients that read Chinese."""
    headers = {"Accept-Language": language}
    sent: dict[str, Any] = {"data": {"prompt": "pan left", **fields}, "headers": headers}
    made = web.post("/v1/videos", files={"input_reference": ("a.png", png())}, **sent).json()
    assert made["request"]["visible_label"] is (label is not None)
    assert made["plan"]["label_language"] == label
    planned = web.post("/v1/plans", json={"width": 64, "height": 48, **fields}, headers=headers).json()
    assert (planned["visible_label"], planned["label_language"]) == (label is not None, label)


def test_a_remix_keeps_what_was_decided(web: httpx.Client) -> None:
    """Whoever remixes, and in whichever language."""
    headers = {"Accept-Language": "zh"}
    sent: dict[str, Any] = {"data": {"prompt": "pan left", **GENERATED}, "headers": headers}
    made = web.post("/v1/videos", files={"input_reference": ("a.png", png())}, **sent).json()
    again = web.post(
        f"/v1/videos/{made['id']}/remix", json={"prompt": "pan right"}, headers={"Accept-Language": "en"}
    ).json()
    assert again["request"]["visible_label"] is True


def test_what_is_neither_true_nor_false_is_refused(web: httpx.Client) -> None:
    """By the field's name."""
    fields = {"width": 64, "height": 48, "visible_label": "perhaps"}
    reply = web.post("/v1/plans", json=fields)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "visible_label")
