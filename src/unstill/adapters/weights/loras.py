"""The shelf of LoRA files: one safetensors file under each name, and a small record of where it came from.

Fits `unstill.core.loras.LoraStore`. A file that somebody lays into the folder by hand is there as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unstill.adapters.weights.inspect import ordinary
from unstill.adapters.weights.part import CHUNK
from unstill.adapters.weights.safetensors import check_safetensors, puts_on
from unstill.core.durable import beside, file_errors, settle, sweep_partials, why
from unstill.core.loras import Lora
from unstill.core.weights import Watch, unwatched
from unstill.domain.errors import FileMissing, NotReadable, OutputExists
from unstill.domain.lora import ENDING, MOST_NAME_BYTES, is_name
from unstill.domain.sizes import size_text
from unstill.domain.weight_errors import (
    LoraDamaged,
    LoraNamed,
    LoraUnfit,
    LoraUnknown,
    WeightsDamaged,
    WeightsUnsafe,
)

FOLDER = "loras"
"""Below the store of models."""
MOST_BYTES = 8 * 2**30
"""Of one file; those of today's largest models have about two."""
MOST_RECORD_BYTES = 64 * 2**10
MOST_TOLD = 300
"""Characters of a record's text."""
NAMELESS = ("pytorch_lora_weights", "adapter_model", "diffusion_pytorch_model", "model", "lora")
"""What trainers call their files: a repository's own name says more."""
Fetch = Callable[[str, str | None, Path, Watch], AbstractContextManager[tuple[Path, str]]]
"""Brings a repository's file into a folder, from where it goes again once it was taken; the file, and what to
call where it is from."""


class LoraShelf:
    """One folder of files."""

    def __init__(self, folder: Path, fetch: Fetch) -> None:
        self._folder, self._fetch = folder, fetch

    def list(self) -> Sequence[Lora]:
        """See `unstill.core.loras.LoraStore.list`."""
        try:
            files = sorted(self._folder.glob(f"*{ENDING}"))
        except OSError:
            return []
        return [self._lora(file) for file in files if is_name(file.stem) and file.is_file()]

    def path(self, name: str) -> Path:
        """See `unstill.core.loras.LoraStore.path`."""
        file = self._file(name)
        if not file.is_file():
            raise LoraUnknown(param="loras", source=name)
        return looked_over(file)

    def add(self, file: Path, name: str | None = None) -> Lora:
        """See `unstill.core.loras.LoraStore.add`."""
        try:
            source = file.expanduser()
        except RuntimeError:  # "~somebody", whom this computer does not know
            raise FileMissing(path=file) from None
        called = self._free(name if name is not None else plain_name(source.stem))
        return self._take(own_file(source), called, source.name)

    def pull(
        self, repo: str, file: str | None = None, name: str | None = None, watch: Watch = unwatched
    ) -> Lora:
        """See `unstill.core.loras.LoraStore.pull`."""
        if name is not None:
            self._free(name)
        with self._fetch(repo, file, self._folder, watch) as (got, source):
            usual = got.stem if got.stem.lower() not in NAMELESS else repo.rpartition("/")[2]
            return self._take(got, self._free(name if name is not None else plain_name(usual)), source)

    def remove(self, name: str) -> int:
        """See `unstill.core.loras.LoraStore.remove`."""
        file = self._file(name)
        if not file.is_file():
            raise LoraUnknown(param="name", source=name)
        with file_errors(file):
            size = file.stat().st_size
            file.unlink()
            file.with_suffix(".json").unlink(missing_ok=True)
        return size

    def _file(self, name: str) -> Path:
        """Raises `LoraUnknown` for what is no name: it could lead out of the folder."""
        if not is_name(name):
            raise LoraUnknown(param="loras", source=name)
        return self._folder / f"{name}{ENDING}"

    def _free(self, name: str) -> str:
        """A name that may be given. Raises `LoraNamed`."""
        if not is_name(name):
            raise LoraNamed(
                param="name", name=repr(name)[:80],
                reason="a name has at most 100 letters, digits, '.', '_', '+' and '-', in 180 bytes of UTF-8",
                reason_zh="名称只能由字母、数字、“.”、“_”、“+”和“-”组成，最多 100 个字符且不超过 180 字节",
            )  # fmt: skip
        if self._file(name).exists():
            raise _taken(name)
        return name

    def _take(self, source: Path, name: str, told: str) -> Lora:
        """Copy a file that was looked over, hashed on the way, and write down where it is from."""
        target, digest = self._file(name), hashlib.sha256()
        with file_errors(target):
            self._folder.mkdir(parents=True, exist_ok=True)
        sweep_partials(self._folder)
        with _open(source) as file, beside(target) as partial, file_errors(target):
            with partial.open("wb") as out:
                while piece := file.read(CHUNK):
                    out.write(piece)
                    digest.update(piece)
            if not puts_on(looked_over(partial)):
                raise LoraUnfit(file=told[:MOST_TOLD], reason="no tensor in it is a LoRA's",
                                reason_zh="其中没有 LoRA 的张量")  # fmt: skip
            try:
                settle(partial, target, replace_existing=False, number_if_taken=False)
            except OutputExists:
                raise _taken(name) from None
        made = Lora(name, target.stat().st_size, digest.hexdigest(), told[:MOST_TOLD])
        self._record(made)
        return made

    def _record(self, lora: Lora) -> None:
        path = self._file(lora.name).with_suffix(".json")
        with beside(path) as partial, file_errors(path):
            partial.write_text(
                json.dumps(asdict(lora), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            settle(partial, path, replace_existing=True, number_if_taken=False)

    def _lora(self, file: Path) -> Lora:
        """A file with what is recorded of it; a record that cannot be read is none."""
        told = _record_in(file.with_suffix(".json"))
        texts = {name: told.get(name) for name in ("sha256", "source", "licence")}
        kept = {name: text[:MOST_TOLD] for name, text in texts.items() if isinstance(text, str)}
        return Lora(file.stem, file.stat().st_size, **kept)


def own_file(path: Path) -> Path:
    """A file of this computer's own people, looked over.

    Raises:
        FileMissing, NotReadable, LoraUnfit, WeightsDamaged: what is wrong with it.
    """
    if path.suffix.lower() != ENDING:
        raise LoraUnfit(file=path.name, reason=f"its name does not end in {ENDING}",
                        reason_zh=f"文件名不以 {ENDING} 结尾")  # fmt: skip
    try:
        there = path.exists()
    except OSError as error:  # such as a name that is too long
        raise NotReadable(path=path, **why(error)) from error
    if not there:
        raise FileMissing(path=path)
    looked_over(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise too_large(path.name, size)
    return path


def too_large(name: str, size: int) -> LoraUnfit:
    most = size_text(MOST_BYTES)
    return LoraUnfit(
        file=name, reason=f"it has {size_text(size)}, and {most} is the most",
        reason_zh=f"大小为 {size_text(size)}，上限是 {most}",
    )  # fmt: skip


def looked_over(file: Path) -> Path:
    """The file, if it is an ordinary, whole safetensors file by its header. Raises `LoraDamaged`,
    `NotReadable`."""
    try:
        ordinary(file, file.name, "")
        check_safetensors(file, file.name, "")
    except (WeightsDamaged, WeightsUnsafe) as error:
        reason, zh = error.facts["reason"], error.facts["reason_zh"]
        raise LoraDamaged(file=file.name, reason=reason, reason_zh=zh) from None
    except OSError as error:
        raise NotReadable(path=file, **why(error)) from error
    return file


def _taken(name: str) -> LoraNamed:
    reason, zh = "there is one of that name already", "已有同名的 LoRA"
    return LoraNamed(param="name", name=name, reason=reason, reason_zh=zh)


def plain_name(text: str) -> str:
    """A file's name as one on the shelf: runs of anything odd become "-"."""
    plain = re.sub(r"[^\w.+-]+", "-", text).strip("-._+")[:100]
    return plain.encode()[:MOST_NAME_BYTES].decode(errors="ignore").rstrip("-._+")


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise NotReadable(path=path, **why(error)) from error


def _record_in(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST_RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
