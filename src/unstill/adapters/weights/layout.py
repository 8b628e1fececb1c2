"""The hub's layout: which files of a model are wanted, and which never are.

A model is a folder with ``model_index.json`` and one folder a component, or one component right in the
folder. Of each component only configurations, vocabularies and safetensors are taken, the fp16 ones where
there are any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from unstill.domain.weight_errors import WeightsUnsafe

INDEX = "model_index.json"
TEXTS = (".json", ".txt", ".model", ".jinja")
WEIGHTS = ".safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
"""Formats that can hold code. They are never fetched, opened or handed on."""
MOST_TEXT_BYTES = 64 * 2**20
"""Of a configuration or a vocabulary; the largest real ones have about 20 MB."""
MOST_FILES = 10_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,150}")
_WEIGHT = re.compile(
    r"(?P<stem>diffusion_pytorch_model|model)(?P<before>\.fp16)?(?P<shard>-\d{5}-of-\d{5})?(?P<after>\.fp16)?"
    r"\.safetensors"
)
_WEIGHTLESS = re.compile(r"Tokenizer|Scheduler|Processor|Extractor|Guidance")
"""Components by class that consist of a configuration alone."""
_CODE_KEYS = ("auto_map", "custom_pipelines", "custom_pipeline", "trust_remote_code")
"""Keys of configurations by which the field's libraries find Python files to run."""
_DEEPEST = 50


class Part(NamedTuple):
    """A component's library and class, as ``model_index.json`` says them."""

    library: str
    kind: str


Components = Mapping[str, Part]
"""By the component's folder; "" is the model's own."""
SINGLE: Components = {"": Part("", "")}
"""A model without ``model_index.json``: one component right in its folder."""


def components(index: bytes, model: str) -> Components:
    """What ``model_index.json`` lists. Raises `WeightsUnsafe` where it names code of its own."""
    found = parsed(index, INDEX, model)
    check_config(found, INDEX, model)
    listed = {}
    for name, value in found.items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2 or value[0] is None:
            continue
        library, kind = value
        if not (_NAME.fullmatch(name) and isinstance(library, str) and isinstance(kind, str)):
            raise _unsafe(model, INDEX, f"the component {name[:40]!r} is odd", f"组件 {name[:40]!r} 异常")
        listed[name] = Part(library, kind)
    if not listed:
        raise _unsafe(model, INDEX, "it lists no components", "没有列出任何组件")
    return listed


def wanted(names: Iterable[str], parts: Components) -> dict[str, list[str]]:
    """Of a repository's or folder's file names, those that are needed, by component."""
    by_folder: dict[str, list[str]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        by_folder.setdefault(folder, []).append(file)
    return {part: chosen(by_folder.get(part, ())) for part in parts}


def chosen(files: Sequence[str]) -> list[str]:
    """Of the file names of one component, those that are needed."""
    weights = _weights([name for name in files if _NAME.fullmatch(name)])
    kept = [name for name in files if _NAME.fullmatch(name) and name.endswith(TEXTS)]
    return sorted([*(n for n in kept if ".index." not in n and n != INDEX), *weights])


def _weights(files: Sequence[str]) -> list[str]:
    """fp16 before full size, one file before several; with several the list of what is where."""
    matches = [match for name in files if (match := _WEIGHT.fullmatch(name))]
    small = [m for m in matches if m["before"] or m["after"]]
    kind = small or matches
    whole = [m[0] for m in kind if not m["shard"]]
    if whole or not kind:
        return whole[:1]
    tail = "index.fp16.json" if small else "index.json"
    return [*(m[0] for m in kind), *(n for n in files if n == f"{kind[0]['stem']}.safetensors.{tail}")]


def lacking(names: Collection[str], parts: Components, model: str) -> str | None:
    """The first file that a complete model would have and that is not among ``names``, or None.

    Raises `WeightsUnsafe` for a component that comes as a pickle only, or as Python.
    """
    taken = wanted(names, parts)
    for folder, part in parts.items():
        if part.library and {f"{part.library}.py", joined(folder, f"{part.library}.py")} & set(names):
            raise _unsafe(
                model, INDEX, f"the component {folder} is Python code", f"组件 {folder} 是 Python 代码"
            )
        beside = [n.rpartition("/")[2] for n in names if n.rpartition("/")[0] == folder]
        missing = _lacking(folder, part.kind, taken[folder], beside, model)
        if missing:
            return missing
    return None


def _lacking(folder: str, kind: str, taken: Sequence[str], beside: Sequence[str], model: str) -> str | None:
    if not _WEIGHTLESS.search(kind):
        if any(name.endswith(WEIGHTS) for name in taken):
            return None
        pickle = next((name for name in sorted(beside) if name.endswith(PICKLES)), None)
        if pickle:
            raise _unsafe(model, joined(folder, pickle),
                          "it could run code when loaded, and no safetensors are beside it",
                          "加载它可能执行代码，且没有对应的 safetensors")  # fmt: skip
        return joined(folder, "*.safetensors")
    return None if taken else joined(folder, "*.json")


def check_text(name: str, raw: bytes, model: str) -> None:
    """Look into a configuration. Raises `WeightsUnsafe`."""
    if name.endswith("config.json"):
        check_config(parsed(raw, name, model), name, model)
    elif ".safetensors.index." in name:
        check_shards(raw, name, model)


def check_config(value: object, name: str, model: str, depth: int = 0) -> None:
    """Refuse a configuration that points at Python files of its repository."""
    if depth > _DEEPEST:
        raise _unsafe(model, name, "it is nested too deeply", "嵌套太深")
    if isinstance(value, dict):
        key = next((key for key in _CODE_KEYS if value.get(key)), None)
        if key is not None:
            raise _unsafe(model, name, f"its entry {key} asks to run code", f"其中的 {key} 要求执行代码")
        if isinstance(value.get("_class_name"), list):
            raise _unsafe(
                model, name, "its entry _class_name asks to run code", "其中的 _class_name 要求执行代码"
            )
        for inner in value.values():
            check_config(inner, name, model, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_config(inner, name, model, depth + 1)


def check_shards(raw: bytes, name: str, model: str) -> set[str]:
    """The files a list of shards names; all of them safetensors right beside it. Raises `WeightsUnsafe`."""
    where = parsed(raw, name, model).get("weight_map")
    files = list(where.values()) if isinstance(where, dict) else []
    odd = [n for n in files if not (isinstance(n, str) and _WEIGHT.fullmatch(n))]
    if odd or not files:
        shown = str(odd[0])[:60] if odd else "weight_map"
        raise _unsafe(model, name, f"it names {shown!r} as a part", f"它把 {shown!r} 列为分片")
    return set(files)


def parsed(raw: bytes, name: str, model: str) -> dict[str, Any]:
    """A JSON object. Raises `WeightsUnsafe` for anything else."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _unsafe(model, name, "it is no JSON object", "不是 JSON 对象")
    return found


def joined(folder: str, file: str) -> str:
    """A component's file as seen from the model's folder."""
    return f"{folder}/{file}" if folder else file


def _unsafe(model: str, file: str, reason: str, reason_zh: str) -> WeightsUnsafe:
    return WeightsUnsafe(model=model, file=file, reason=reason, reason_zh=reason_zh)
