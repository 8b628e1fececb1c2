"""A checkpoint's folder in the hub's layout: which files count, and how they are read.

Only safetensors, JSON and plain text are ever opened, by name. Whatever else lies there (pickles, Python
files, entries of a configuration that name code to fetch or run) is not looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from unstill.domain.weight_errors import WeightsDamaged, WeightsIncomplete, WeightsUnsafe

if TYPE_CHECKING:
    from torch import Tensor

TEXT_LIMIT = 32 << 20
"""Bytes of a JSON or text file; the largest real one, a vocabulary, has 2 MB."""
NUMBER_LIMIT, LIST_LIMIT, WORD_LIMIT, LAYER_LIMIT, BLOCK_LIMIT = 65536, 16, 64, 128, 8
"""Of values in a configuration: a stranger's must not make this computer build without end."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class CheckpointFolder:
    """One model's files. All methods raise `WeightsIncomplete` for a missing file, `WeightsDamaged` for one
    that cannot be read, and `WeightsUnsafe` where only a pickle is there."""

    def __init__(self, path: Path, model: str) -> None:
        self.path, self.model = path, model

    def words(self, name: str) -> str:
        """A text file."""
        try:
            with (self.path / name).open("rb") as file:
                raw = file.read(TEXT_LIMIT + 1)
        except OSError:
            raise self.missing(name) from None
        if len(raw) > TEXT_LIMIT:
            raise self.damaged(name, "it is too large", "文件过大")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self.damaged(name, "it is not text", "不是文本文件") from None

    def table(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        try:
            found = json.loads(self.words(name))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.damaged(name, "it is not a JSON object", "不是 JSON 对象")
        return found

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def settings(self, name: str, allowed: Collection[str]) -> dict[str, Any]:
        """The entries of a configuration that are ``allowed``, each a plain and bounded value."""
        kept = {key: value for key, value in self.table(name).items() if key in allowed}
        for key, value in kept.items():
            if not _plain(key, value):
                reason = f"{key} is {str(value)[:40]}"
                raise self.damaged(name, reason, reason.replace(" is ", " 为 "))
        return kept

    def tensors(
        self, part: str, stem: str, taken: Callable[[str], str | None], *, half: bool, most: int
    ) -> Iterator[tuple[str, Tensor]]:
        """A part's weights, the fp16 files first where ``half`` is wanted. ``taken`` tells by a weight's name
        in the file which it is; what it does not know is not read. A file of more than ``most`` is none."""
        for name in self._weight_files(part, stem, half=half):
            try:
                with safe_open(self.path / name, framework="pt", device="cpu") as file:
                    keys = list(file.keys())
                    if len(keys) > most:
                        raise self.damaged(name, f"it has {len(keys)} weights", f"其中有 {len(keys)} 个权重")
                    for key in keys:
                        own = taken(key)
                        if own is not None:
                            yield own, file.get_tensor(key)
            except FileNotFoundError:
                raise self.missing(name) from None
            except (OSError, SafetensorError):
                raise self.damaged(
                    name, "it is not a whole safetensors file", "不是完整的 safetensors 文件"
                ) from None

    def _weight_files(self, part: str, stem: str, *, half: bool) -> list[str]:
        marks = (".fp16", "") if half else ("", ".fp16")
        for mark in marks:
            whole = f"{part}/{stem}{mark}.safetensors"
            if self.has(whole):
                return [whole]
            index = f"{part}/{stem}.safetensors.index{mark}.json"
            if self.has(index):
                return self._shards(part, index)
        found = sorted(p.name for p in (self.path / part).glob("*") if p.suffix in PICKLES)
        if found:
            reason = "it is a pickle, which can run code when it is read"
            raise WeightsUnsafe(
                file=f"{part}/{found[0]}",
                model=self.model,
                reason=reason,
                reason_zh="它是 pickle 文件，读取时可能运行代码",
            )
        raise self.missing(f"{part}/{stem}{marks[0]}.safetensors")

    def _shards(self, part: str, index: str) -> list[str]:
        places = self.table(index).get("weight_map")
        names = set(places.values()) if isinstance(places, dict) else set()
        if not names or not all(isinstance(n, str) and _is_shard(n) for n in names):
            raise self.damaged(
                index,
                "it names other files than safetensors beside it",
                "其中的文件名不是同目录的 safetensors",
            )
        return [f"{part}/{name}" for name in sorted(names)]

    def missing(self, name: str) -> WeightsIncomplete:
        return WeightsIncomplete(path=self.path, model=self.model, file=name)

    def damaged(self, name: str, reason: str, reason_zh: str) -> WeightsDamaged:
        return WeightsDamaged(file=name, model=self.model, reason=reason, reason_zh=reason_zh)


def _is_shard(name: str) -> bool:
    return Path(name).name == name and name.endswith(".safetensors")


def _most(key: str) -> int:
    if "layers_per" in key or "per_block" in key:
        return BLOCK_LIMIT
    return LAYER_LIMIT if "layers" in key else NUMBER_LIMIT


def _plain(key: str, value: object) -> bool:
    """Whether a value may stand in a configuration: bounded numbers, short words, short lists of them."""
    if isinstance(value, (list, tuple)):
        return len(value) <= LIST_LIMIT and all(_plain(key, item) for item in value)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return 0 <= value <= _most(key)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):  # the feature extractor's sizes
        return len(value) <= LIST_LIMIT and all(_plain(key, item) for item in value.values())
    return isinstance(value, str) and len(value) <= WORD_LIMIT
