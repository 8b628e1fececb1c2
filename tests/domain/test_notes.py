"""Remarks are codes with facts, worded where they are shown."""

from __future__ import annotations

import string

import pytest

from unstill.domain.notes import TEXTS, Note, note


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", TEXTS)
def test_every_note_is_a_sentence_in_both_languages(code: str) -> None:
    """Both fill from one set of facts."""
    en, zh = TEXTS[code]
    facts = {name: f"<{name}>" for name in braces(en) | braces(zh)}
    made = note(code, **facts)
    assert made.text("en").endswith(".")
    assert made.text("zh").endswith("。")
    assert str(made) == made.text("en")


@pytest.mark.parametrize("code", TEXTS)
def test_chinese_needs_no_fact_that_english_lacks(code: str) -> None:
    """Except a Chinese form of the same fact."""
    en, zh = (braces(text) for text in TEXTS[code])
    assert {name.removesuffix("_zh") for name in zh} <= en


def test_one_frame_is_no_frames() -> None:
    """Where there is one, English says so."""
    facts = {"wanted": 1, "got": 9, "model": "m", "rule": "8n + 1"}
    assert note("frames_snapped", **facts).text().startswith("1 frame became 9")
    assert note("frames_snapped", **{**facts, "wanted": 11}).text().startswith("11 frames became 9")


def test_a_newer_files_note_is_shown_as_its_code() -> None:
    """Reading a file of a later version does not fail."""
    assert Note("from_the_future", {"x": 1}).text("zh") == "from_the_future"


def test_a_missing_fact_is_found_where_the_note_is_made() -> None:
    """Not where it is shown to a person."""
    with pytest.raises(KeyError):
        note("size_snapped", wanted="1x1")
    with pytest.raises(KeyError):
        note("no_such_note")


@pytest.mark.parametrize(
    ("minutes", "en", "zh"),
    [
        (1, "about 1 minute here", "大约需要 1 分钟"),
        (119, "about 119 minutes here", "大约需要 119 分钟"),
        (120, "about 2 hours here", "大约需要 2 小时"),
        (890, "about 15 hours here", "大约需要 15 小时"),
    ],
)
def test_many_minutes_are_hours(minutes: int, en: str, zh: str) -> None:
    """Nobody reads 890 minutes."""
    made = note("takes_long", minutes=minutes)
    assert en in made.text("en")
    assert zh in made.text("zh")
