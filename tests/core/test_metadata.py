"""A file's settings are enough to make it again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcard import family
from unstill.core.metadata import _FITS, KEY, LABEL_KEY, describe, read_label, read_settings
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Machine
from unstill.domain.request import VideoRequest, field_names

BIG = Machine(cores=4, memory_bytes=8 << 30)


def plan(**fields: object) -> Plan:
    return make_plan(VideoRequest(**fields), (640, 480), [family], BIG)  # type: ignore[arg-type]


@given(st.text(max_size=300), st.integers(0, 2**53 - 1), st.sampled_from(["mp4", "webm", "gif", "webp"]))
def test_what_is_written_is_read_back(prompt: str, seed: int, kind: str) -> None:
    """Any prompt, in any script, and any seed make the round trip and plan the same video."""
    made = plan(prompt=prompt, seed=seed, format=kind, options={"step": 3})
    found = read_settings(describe(made, "video_1", "a.jpg"))
    assert found is not None
    again = make_plan(VideoRequest(**found["request"]), (640, 480), [family], BIG)
    assert again == made


def test_the_prompt_can_be_left_out() -> None:
    """Then nothing in the file lets it be read: words, moves and notes are gone; the file says so."""
    made = plan(prompt="left of the secret", negative_prompt="hidden")
    entries = describe(made, "video_1", "a.jpg", keep_prompt=False)
    assert "secret" not in str(entries)
    assert "hidden" not in str(entries)
    assert "pan_left" not in str(entries)
    assert (read_settings(entries) or {})["prompt_left_out"] is True


def test_the_label_has_every_key_of_the_standard() -> None:
    """GB 45438-2025, annex E; bare JSON of strings, unused ones empty."""
    label = json.loads(describe(plan(), "video_1", "a.jpg")[LABEL_KEY])
    assert list(label) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID",
        "ReservedCode2",
    ]  # fmt: skip
    assert label["Label"] == "1"
    assert label["ProduceID"] == "video_1"
    assert label["ContentProducer"].endswith("(camera motion)")


def test_a_generative_model_is_labelled_without_that_remark() -> None:
    """Only what is camera motion says so."""
    label = json.loads(describe(plan(model="dream"), "video_1", "a.jpg")[LABEL_KEY])
    assert "camera motion" not in label["ContentProducer"]


HOSTILE = {
    "details is a number": {"details": 5},
    "details is true": {"details": True},
    "moves is a nest": {"details": {"moves": [[[[]]]]}},
    "moves are numbers": {"details": {"moves": [1]}},
    "notes is a number": {"notes": 7},
    "notes hold anything": {"notes": [1, None, [], {"code": 3}, {"code": "x", "facts": 4}]},
    "no pixels": {"width": 0, "height": -1, "fps": 0, "num_frames": True},
    "enormous": {"width": 10**400, "fps": 10**4000},
    "kinds": {
        "model": 1,
        "kind": [],
        "licence": {},
        "id": None,
        "picture": 1,
        "version": 2,
        "generative": "x",
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_parts_of_the_wrong_kind_are_left_out_and_named(name: str) -> None:
    """What is left has the types that this program writes."""
    crafted = HOSTILE[name]
    found = read_settings({KEY: json.dumps({"request": {"seed": 4}, **crafted})})
    assert found is not None
    assert found["request"] == {"seed": 4}
    kept = {part for part in crafted if part in found}
    assert kept <= {"notes"}
    assert found.get("notes", []) == []
    assert set(found.get("unusable", [])) == set(crafted) - kept


@pytest.mark.parametrize(
    "request_", [{"seed": []}, {"seed": True}, {"prompt": 5}, {"fit": "x"}, {"options": [1]}, {"size": {}},
                 {"image": "/etc/passwd"}, {"num_frames": "many"}]
)  # fmt: skip
def test_a_request_of_the_wrong_kind_is_left_out(request_: dict[str, object]) -> None:
    """And a file never names the picture."""
    found = read_settings({KEY: json.dumps({"request": {**request_, "fps": 4}})})
    assert found is not None
    assert found["request"] == {"fps": 4}
    assert found["unusable"] == [f"request.{name}" for name in request_]


@pytest.mark.parametrize("levels", [900, 5000, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_record_nested_without_end_is_harmless(levels: int, opening: str, closing: str) -> None:
    """It is cut off, or no record at all."""
    assert read_settings({KEY: opening * levels}) is None
    assert read_label({LABEL_KEY: opening * levels}) is None
    nest = opening * levels + "1" + closing * levels
    found = read_settings({KEY: f'{{"request":{{}},"later":{nest}}}'})
    assert found is None or len(json.dumps(found)) < 500
    assert read_label({LABEL_KEY: f'{{"Label":"1","later":{nest}}}'}) in (None, {"Label": "1"})


def test_numbers_that_are_none_become_nothing() -> None:
    """NaN and Infinity are no JSON."""
    found = read_settings({KEY: '{"request":{},"later":[NaN,Infinity,-Infinity,1e999,1.5]}'})
    assert found == {"request": {}, "later": [None, None, None, None, 1.5]}


def test_a_record_without_measure_is_none() -> None:
    """Ours have a few thousand characters."""
    assert read_settings({KEY: json.dumps({"request": {}, "x": "a" * 300_000})}) is None


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*_FITS, "schema", "unusable"), json_values)),
       st.dictionaries(st.sampled_from(field_names()), json_values))  # fmt: skip
def test_whatever_a_record_holds_can_be_read_and_planned(
    record: dict[str, object], asked: dict[str, object]
) -> None:
    """Its request makes a `VideoRequest`; all of it is JSON."""
    found = read_settings({KEY: json.dumps({**record, "request": asked})})
    assert found is not None
    VideoRequest(**found["request"])
    json.dumps(found, allow_nan=False).encode()


@given(st.one_of(st.text(), st.just("[]"), st.just('{"request": 1}'), st.just('{"request": null}')))
def test_other_peoples_metadata_is_not_ours(text: str) -> None:
    """Whatever stands under our name, reading it never fails."""
    assert read_settings({KEY: text}) is None
    assert read_settings({}) is None
