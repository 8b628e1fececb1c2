"""What the command line says about prompts that are translated or written anew."""

from __future__ import annotations

from collections.abc import Mapping

PROMPTS_TEXTS: Mapping[str, tuple[str, str]] = {
    "prompt_in_english": (
        "prompt in English: {text} (by {translator})",
        "英文描述：{text}（{translator} 翻译）",
    ),
    "negative_in_english": (
        "negative prompt in English: {text} (by {translator})",
        "英文反向描述：{text}（{translator} 翻译）",
    ),
    "before_line": ("Before: {text}", "原文：{text}"),
    "sending_to": (
        "The prompt goes to {host}, as rewrite_url says.",
        "描述将发送到 {host}（由 rewrite_url 设置）。",
    ),
}
