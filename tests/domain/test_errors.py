"""Every error says what went wrong and what to do, in both languages."""

from __future__ import annotations

import pickle
import string

import pytest

from unstill.domain import bench_errors, service_errors, source_errors, weight_errors
from unstill.domain.errors import (
    FAILURE,
    USAGE,
    BadRequest,
    Cancelled,
    InvalidField,
    NotReadable,
    NotWritable,
    OutOfRange,
    UnstillError,
    Words,
    tree,
)

MODULES = (bench_errors, service_errors, source_errors, weight_errors)
"""Read, so that theirs are among the leaves."""
LEAVES = [kind for kind in tree() if kind.en is not kind.__mro__[1].en]  # type: ignore[attr-defined]


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def facts_for(kind: type[UnstillError]) -> dict[str, str]:
    """One value for each brace of the English words."""
    names = braces(kind.en.message) | braces(kind.en.hint)
    return {name: f"<{name}>" for name in names if name != "param"}


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_both_languages_fill_from_the_same_facts(kind: type[UnstillError]) -> None:
    """A raiser gives the English facts; Chinese may have its own form of one but needs no other."""
    error = kind(param="num_frames", **facts_for(kind))
    for language in ("en", "zh"):
        text = error.message(language) + error.hint(language)
        assert "{" not in text
        assert error.message(language)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_words_are_whole_sentences(kind: type[UnstillError]) -> None:
    """Message and hint end as sentences do, and Chinese is Chinese."""
    for words, ends in ((kind.en, "."), (kind.zh, "。")):
        assert isinstance(words, Words)
        assert words.message.rstrip("`").endswith(ends)
        assert words.hint.rstrip("`").endswith(ends)
    assert kind.zh.message != kind.en.message
    assert any("\u4e00" <= letter <= "\u9fff" for letter in kind.zh.message + kind.zh.hint)


def test_codes_are_unique() -> None:
    """A program can tell every error by its code."""
    codes = [kind.code for kind in LEAVES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_usage_errors_exit_with_2_and_failures_with_1(kind: type[UnstillError]) -> None:
    """The exit code tells a wrong call from a call that could not be carried out; HTTP agrees."""
    assert kind.exit_code == (USAGE if issubclass(kind, BadRequest) else FAILURE)
    assert 400 <= kind.status < 600
    if issubclass(kind, BadRequest):
        assert kind.status < 500


def test_an_error_survives_a_process_boundary() -> None:
    """Workers send errors home whole."""
    error = OutOfRange(param="fps", value=0, low=1, high=60)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.param, again.message("zh")) == (OutOfRange, "fps", error.message("zh"))


def test_a_fact_without_a_chinese_form_is_shown_as_it_is() -> None:
    """An error raised with the English reason alone is still readable in Chinese."""
    assert "busy" in NotWritable(path="a", reason="busy").message("zh")
    assert "忙" in NotWritable(path="a", reason="busy", reason_zh="忙").message("zh")


@pytest.mark.parametrize(
    ("error", "hint", "hint_zh"),
    [
        (
            OutOfRange(param="--size", value="9x9", low="16x16", high="4096x4096"),
            "For example `--size 768p` or `--size 1280x720`.",
            "例如 `--size 768p` 或 `--size 1280x720`。",
        ),
        (
            OutOfRange(param="size", value="9x9", low="64x64", high="1024x1024"),
            "For example `size=768p`.",
            None,
        ),
        (
            OutOfRange(param="num_frames", value=0, low=9, high=41),
            "Change num_frames, or leave it out.",
            None,
        ),
        (OutOfRange(param="prompt", value="x", low=0, high="4000 characters"), "Make it shorter.", None),
        (
            InvalidField(param="--fps", value="'x'", expected="a whole number"),
            "For example `--fps 24`.",
            None,
        ),
        (NotReadable(path="a", reason="it is a folder"), "Name a file in it.", "请指定其中的一个文件。"),
        (NotReadable(path="a", reason="rust"), "Check that the file is yours to read.", None),
        (NotWritable(path="a", reason="the name is too long"), "Choose a shorter name with -o.", None),
    ],
)
def test_a_hint_says_what_the_message_has_not(error: UnstillError, hint: str, hint_zh: str | None) -> None:
    """An example within the limits, or what fits the reason."""
    assert error.hint() == hint
    assert hint_zh is None or error.hint("zh") == hint_zh


def test_a_cancel_is_nobodys_mistake() -> None:
    """Its JSON type is its own."""
    assert Cancelled().to_json()["type"] == "cancelled"


def test_json_holds_what_every_surface_needs() -> None:
    """message, type, param, code and hint, in the reader's language."""
    told = OutOfRange(param="fps", value=0, low=1, high=60).to_json("zh")
    assert set(told) == {"message", "type", "param", "code", "hint"}
    assert told["type"] == "invalid_request_error"
    assert "允许" in str(told["message"])
