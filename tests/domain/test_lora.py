"""How LoRA files are asked for, in every form that a surface has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstill.domain.errors import InvalidField, OutOfRange, UnstillError
from unstill.domain.lora import LoraUse, is_name, name_of, read_loras
from unstill.domain.request import VideoRequest


@pytest.mark.parametrize(
    "given_",
    [
        ["film", "ink:0.5"], ['["film", "ink:0.5"]'],
        ("film:1", "ink: .5"), '["film", "ink:0.5"]', [("film", 1), ("ink", 0.5)],
        [{"source": "film"}, {"source": "ink", "weight": 0.5}], [LoraUse("film"), LoraUse("ink", 0.5)],
        '[{"source": "film"}, ["ink", 0.5]]',
    ],
)  # fmt: skip
def test_every_form_says_the_same(given_: object) -> None:
    """Texts, pairs, mappings, JSON."""
    request = VideoRequest(loras=given_)
    assert request.loras == (LoraUse("film"), LoraUse("ink", 0.5))
    assert VideoRequest(**request.settings()).loras == request.loras
    assert request.settings()["loras"] == [
        {"source": "film", "weight": 1.0},
        {"source": "ink", "weight": 0.5},
    ]


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("film", LoraUse("film")), ("film:-2", LoraUse("film", -2)),
        ("C:\\a\\b.safetensors", LoraUse("C:\\a\\b.safetensors")),
        ("a:b.safetensors:0.8", LoraUse("a:b.safetensors", 0.8)), ("film:strong", LoraUse("film:strong")),
    ],
)  # fmt: skip
def test_one_text_alone(text: str, use: LoraUse) -> None:
    """A colon counts only before a number; a drive's letter stays."""
    assert read_loras(text) == (use,)
    assert read_loras(use.text) == (use,)


def test_a_path_may_be_given_as_one() -> None:
    assert read_loras([Path("a/b.safetensors")]) == (LoraUse(str(Path("a/b.safetensors"))),)


@pytest.mark.parametrize(
    "wrong",
    [5, {"source": "a"}, [5], [None], [""], ["  "], [["a"]], [["a", 1, 2]], [["a", "b"]], [["a", True]], "[",
     [{"source": "a", "strength": 1}], [{"weight": 1}], ["a\0b"], ["\ud800"], ["x" * 1001],
     [("a", float("nan"))],
     ["a", "a:0.5"], "[[[[", [b"a"]],
)  # fmt: skip
def test_anything_else_is_refused(wrong: object) -> None:
    """With what it should be."""
    with pytest.raises(InvalidField) as caught:
        VideoRequest(loras=wrong)
    assert caught.value.param == "loras"
    assert caught.value.message("zh")


@pytest.mark.parametrize("wrong", [["a:4.1"], ["a:-5"], [("a", 1e9)], [f"n{i}" for i in range(9)]])
def test_limits_are_named(wrong: object) -> None:
    with pytest.raises(OutOfRange) as caught:
        VideoRequest(loras=wrong)
    assert caught.value.param == "loras"


PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=2)),
)


@given(NESTED)
def test_whatever_is_given_is_read_or_refused_in_our_words(value: object) -> None:
    try:
        uses = read_loras(value)
    except UnstillError:
        return
    assert all(-4 <= use.weight <= 4 and use.source for use in uses)


@pytest.mark.parametrize("name", ["film", "Film-2.1_a", "水墨", "a", "x" * 100, "水" * 60, "wan2.2+fast"])
def test_names(name: str) -> None:
    assert is_name(name)
    assert name_of(name) == name


@pytest.mark.parametrize(
    "path",
    ["../a", "a/b", "a\\b", ".hidden", "a.safetensors", "A.SafeTensors", "", "a b", "~", "a.", "x" * 101,
     "水" * 61, "-a", "..", "a\n", "C:a"],
)  # fmt: skip
def test_paths_are_no_names(path: str) -> None:
    assert not is_name(path)


def test_a_path_is_called_by_its_file() -> None:
    """Folders are nobody's business."""
    assert name_of("/home/ann/secret/film.safetensors") == name_of("C:\\ann\\film.safetensors") == "film"
