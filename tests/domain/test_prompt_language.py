"""Whether a prompt is Chinese."""

from __future__ import annotations

import pytest

from unstill.domain.prompt_language import has_han, is_chinese


@pytest.mark.parametrize(
    "text",
    [
        "一只猫坐在窗边看雨",
        "一隻貓坐在窗邊看雨",
        "猫",
        "一只名叫 Elizabeth 的猫，4K",
        "1080p 画质，cinematic 光影",
        "镜头の推近，缓慢",
    ],
)
def test_chinese(text: str) -> None:
    """Simplified and traditional, with a name or a number in it, and with one kana for fun."""
    assert is_chinese(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123 !?",
        "a cat at the window",
        "a cat called 猫 at the window",
        "猫が窓辺で雨を見ている",
        "고양이가 창가에 앉아 있다",
        "кошка у окна",
        "。，",
    ],
)
def test_not_chinese(text: str) -> None:
    """Other languages, Japanese with its kanji too, and what is no language."""
    assert not is_chinese(text)


def test_ideographs_beyond_the_first_plane() -> None:
    """Rare ones count."""
    assert has_han("\U00020000")
    assert not has_han("a, b。")
