"""A model's configurations and templates, looked over before anything is built of them: a stranger's must
not make this computer build, or write, without end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from unstill.domain.weight_errors import WeightsUnsafe

CONFIGS = ("config.json", "scheduler_config.json", "preprocessor_config.json")
TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
LAYERS, NUMBER = 512, 1 << 27
"""The most of what counts layers, and of any other whole number; the largest real ones are 64 and 262,144."""
TEXT_BYTES = 64 << 20
TEMPLATE_LETTERS = 20_000
"""Of a chat template; the longest real one has some 5,000."""
ENDLESS = ("range(", "range (", "lipsum", "__")
"""What no chat template of these models uses, and those use that are to take for ever, or more."""


def check_configurations(folder: Path, parts: Iterable[str], model: str) -> None:
    """Raises `WeightsUnsafe`."""
    for part in parts:
        for name in CONFIGS:
            for key, value in _numbers(_parsed(folder / part / name)):
                if value > (LAYERS if "layers" in key else NUMBER):
                    raise _unsafe(model, f"{part}/{name}", f"{key} is {value}", f"{key} 为 {value}")
        for name in TEMPLATES:
            if _is_endless(folder / part / name):
                raise _unsafe(
                    model, f"{part}/{name}", "its template could run for ever", "其中的模板可能无法结束"
                )


def _numbers(found: object, key: str = "") -> Iterator[tuple[str, int]]:
    """Whole numbers with the name that each stands under."""
    if isinstance(found, bool):
        return
    if isinstance(found, int):
        yield key, found
    elif isinstance(found, dict):
        for name, value in found.items():
            yield from _numbers(value, str(name))
    elif isinstance(found, list):
        for value in found:
            yield from _numbers(value, key)


def _is_endless(path: Path) -> bool:
    text = _text(path)
    if path.suffix == ".json":
        found = _parsed(path)
        template = found.get("chat_template") if isinstance(found, dict) else None
        text = template if isinstance(template, str) else ""
    return len(text) > TEMPLATE_LETTERS or any(word in text for word in ENDLESS)


def _parsed(path: Path) -> object:
    """None for what is not there, or no JSON: whoever needs it says so."""
    try:
        return json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(TEXT_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _unsafe(model: str, file: str, reason: str, reason_zh: str) -> WeightsUnsafe:
    return WeightsUnsafe(model=model, file=file, reason=reason, reason_zh=reason_zh)
