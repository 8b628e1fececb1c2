"""Looks a folder over before anybody loads from it. Nothing in it is run, and no pickle is opened."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unstill.adapters.weights import layout
from unstill.adapters.weights.safetensors import check_safetensors
from unstill.core.durable import why
from unstill.domain.errors import NotReadable
from unstill.domain.weight_errors import WeightsDamaged, WeightsIncomplete, WeightsUnsafe


@dataclass(frozen=True)
class Found:
    """What of a folder is taken: names relative to it, with their sizes in bytes."""

    folder: Path
    sizes: dict[str, int]

    @property
    def size_bytes(self) -> int:
        return sum(self.sizes.values())


def inspect(folder: Path, model: str, files: Sequence[str] = ()) -> Found:
    """The files of a complete, harmless model in the hub's layout, or those named ``files`` alone.

    Files that are not wanted (pickles beside safetensors, Python, other formats) are passed over.

    Raises:
        WeightsIncomplete: something is missing.
        WeightsUnsafe: something asks to run code, or is no ordinary file.
        WeightsDamaged: a safetensors file that is none, or not whole.
        NotReadable: the system refuses.
    """
    with _ours(folder):
        names = _names(folder)
        if files:
            homes = {name.rpartition("/")[0] for name in files} - {""}
            names += [f"{home}/{name}" for home in homes for name in _names(folder / home)]
            for name in sorted(set(files) - set(names)):
                raise WeightsIncomplete(path=folder, model=model, file=name)
            return Found(folder, {name: _checked(folder, name, names, model) for name in files})
        parts = layout.SINGLE
        if layout.INDEX in names:
            parts = layout.components(_text(folder, layout.INDEX, model), model)
            names += [f"{part}/{name}" for part in parts for name in _names(folder / part)]
        missing = layout.lacking(names, parts, model)
        if missing is not None:
            missing = layout.INDEX if parts is layout.SINGLE else missing
            raise WeightsIncomplete(path=folder, model=model, file=missing)
        taken = [layout.INDEX] if parts is not layout.SINGLE else []
        taken += [
            layout.joined(part, n) for part, found in layout.wanted(names, parts).items() for n in found
        ]
        return Found(folder, {name: _checked(folder, name, names, model) for name in taken})


def _names(folder: Path) -> list[str]:
    """The entries right in a folder; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry, _ in zip(entries, range(layout.MOST_FILES), strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def _checked(folder: Path, name: str, names: list[str], model: str) -> int:
    """A file's size, once it was looked into."""
    path = folder / name
    size = ordinary(path, name, model)
    if name.endswith(layout.WEIGHTS):
        check_safetensors(path, name, model)
    elif name.endswith(".json"):
        raw = _text(folder, name, model)
        layout.check_text(name, raw, model)
        if ".safetensors.index." in name:
            home = name.rpartition("/")[0]
            for shard in sorted(layout.check_shards(raw, name, model)):
                if layout.joined(home, shard) not in names:
                    raise WeightsIncomplete(path=folder, model=model, file=layout.joined(home, shard))
    return size


def ordinary(path: Path, name: str, model: str) -> int:
    """A file's size. Raises `WeightsUnsafe` for what is no file, `WeightsDamaged` for a link to nowhere."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise WeightsDamaged(model=model, file=name, reason="it is a link to nowhere",
                             reason_zh="它是失效的链接") from None  # fmt: skip
    if not stat.S_ISREG(status.st_mode):
        raise WeightsUnsafe(
            model=model, file=name, reason="it is no ordinary file", reason_zh="它不是普通文件"
        )
    return status.st_size


def _text(folder: Path, name: str, model: str) -> bytes:
    if ordinary(folder / name, name, model) > layout.MOST_TEXT_BYTES:
        raise WeightsUnsafe(model=model, file=name, reason="it is far too large", reason_zh="文件过大")
    return (folder / name).read_bytes()


@contextlib.contextmanager
def _ours(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotReadable(path=folder, **why(error)) from error
