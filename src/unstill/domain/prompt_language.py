"""Which language a prompt is written in, as far as it matters: Chinese, or not."""

from __future__ import annotations

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Unified ideographs (Unicode 16, Blocks.txt): Chinese, simplified and traditional, and Japanese kanji."""
_OTHERS = re.compile("[\u3040-\u30ff\uac00-\ud7af\u1100-\u11ff]")
"""Kana and Hangul: where there are many the ideographs are not Chinese."""
_WORD = re.compile("[A-Za-z\u00c0-\u024f]+")


def has_han(text: str) -> bool:
    """Whether there is anything Chinese in it."""
    return _HAN.search(text) is not None


def is_chinese(text: str) -> bool:
    """Whether a text is mostly Chinese: at least as many ideographs as Latin words, and hardly any kana or
    Hangul. Numbers, "4K" and a name among Chinese words change nothing."""
    han = len(_HAN.findall(text))
    return han > 0 and han >= len(_WORD.findall(text)) and 4 * len(_OTHERS.findall(text)) <= han
