"""LoRA files that a request puts on its model: small files of weights that give it a style or a subject."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from unstill.domain.errors import InvalidField, OutOfRange

WEIGHTS = (-4.0, 4.0)
"""How strongly one is put on; 1 is as it was trained."""
MOST_LORAS = 8
MOST_CHARACTERS = 1000
"""Of a name or path."""
ENDING = ".safetensors"
MOST_NAME_BYTES = 180
"""Of a name: file systems allow 255, and endings and the marks of unfinished files come on top."""
_NAME = re.compile(r"[^\W_](?:[\w.+-]{0,98}\w)?")
_WEIGHTED = re.compile(r"(.+):\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*", re.DOTALL)
_EXPECTED = ('a list of names such as "film" or "film:0.8"', "名称的列表，例如 film 或 film:0.8")


@dataclass(frozen=True)
class LoraUse:
    """One of them: ``source`` is a name on the shelf or, on one's own computer, a path to a file."""

    source: str
    weight: float = 1.0

    @property
    def text(self) -> str:
        """The form in which it is asked for: "SOURCE" or "SOURCE:WEIGHT"."""
        return self.source if self.weight == 1.0 else f"{self.source}:{self.weight:g}"


def is_name(source: str) -> bool:
    """Whether it can only be a name on the shelf: no path, nothing that leads elsewhere."""
    fits = bool(_NAME.fullmatch(source)) and len(source.encode()) <= MOST_NAME_BYTES
    return fits and not source.lower().endswith(ENDING)


def name_of(source: str) -> str:
    """What a source is called where its folder is nobody's business."""
    if is_name(source):
        return source
    last = PurePath(source.replace("\\", "/")).name
    return last[: -len(ENDING)] if last.lower().endswith(ENDING) else last


def read_loras(value: object) -> tuple[LoraUse, ...]:
    """What was given, from any surface: texts, pairs of a source and a weight, mappings with both; a list of
    these as JSON, or one text alone. Raises `InvalidField`, `OutOfRange`."""
    given = _listed(value)
    if len(given) > MOST_LORAS:
        raise OutOfRange(
            param="loras",
            value=f"{len(given)} files",
            value_zh=f" {len(given)} 个文件",
            low=0,
            high=MOST_LORAS,
        )
    uses = tuple(_use(one) for one in given)
    if len({use.source for use in uses}) < len(uses):
        raise _invalid([use.text for use in uses], "a list that names each one once", "每个只出现一次的列表")
    return uses


def _listed(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], str):
        value = value[0]  # a form has one text, whichever it is
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _invalid(value) from None
    if isinstance(value, (str, os.PathLike, LoraUse)):
        return (value,)
    if not isinstance(value, (list, tuple)):
        raise _invalid(value)
    return value


def _use(value: object) -> LoraUse:
    if isinstance(value, LoraUse):
        return _checked(value.source, value.weight)
    if isinstance(value, Mapping) and "source" in value and value.keys() <= {"source", "weight"}:
        return _checked(value["source"], value.get("weight", 1.0))
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return _checked(*value)
    if isinstance(value, str) and (weighted := _WEIGHTED.fullmatch(value)):
        return _checked(weighted[1], float(weighted[2]))
    return _checked(value, 1.0)


def _checked(source: object, weight: object) -> LoraUse:
    text = os.fspath(source) if isinstance(source, os.PathLike) else source
    if not isinstance(text, str) or not 0 < len(text.strip()) <= MOST_CHARACTERS or not _is_text(text):
        raise _invalid(source)
    try:
        number = math.nan if isinstance(weight, (bool, bytes, str)) else float(weight)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _invalid(weight, "a number as the weight", "数字形式的权重")
    if not WEIGHTS[0] <= number <= WEIGHTS[1]:
        raise OutOfRange(param="loras", value=f"{number:g}", low=f"{WEIGHTS[0]:g}", high=f"{WEIGHTS[1]:g}")
    return LoraUse(text.strip(), number)


def _is_text(text: str) -> bool:
    """No NUL and no halves of characters: such a file can be neither named nor stored."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False


def _invalid(value: object, expected: str = _EXPECTED[0], expected_zh: str = _EXPECTED[1]) -> InvalidField:
    return InvalidField(param="loras", value=repr(value)[:80], expected=expected, expected_zh=expected_zh)
