"""Every error says what went wrong and what to do, in both languages."""

from __future__ import annotations

import pickle
import string

import pytest

from unstill.domain.errors import (
    FAILURE,
    USAGE,
    BadRequest,
    NotWritable,
    OutOfRange,
    UnstillError,
    Words,
    tree,
)

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


def test_json_holds_what_every_surface_needs() -> None:
    """message, type, param, code and hint, in the reader's language."""
    told = OutOfRange(param="fps", value=0, low=1, high=60).to_json("zh")
    assert set(told) == {"message", "type", "param", "code", "hint"}
    assert told["type"] == "invalid_request_error"
    assert "允许" in str(told["message"])
