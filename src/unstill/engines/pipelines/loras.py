"""LoRA files on a pipeline: checked against its denoiser, put on with their weights, taken off again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file

from unstill.core.out_of_memory import is_out_of_memory
from unstill.core.ports import Weights
from unstill.domain.weight_errors import LightningMissing, LoraDamaged, LoraForAnother, LoraUnknown
from unstill.engines.pipelines.placing import Placement
from unstill.engines.pipelines.row import Row

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline
    from torch import Tensor

    from unstill.domain.lora import LoraUse

SECOND = "transformer_2"


KEPT = 4
"""LoRA files that stay on a model though no clip has them on just now: each takes memory."""


@dataclass(frozen=True)
class Piece:
    """One LoRA file as it is on the disk just now, for one denoiser."""

    path: Path
    stamp: tuple[int, int, int]
    """Device's file number, size, time of the last change: another file under the same name is another."""
    denoiser: str

    @classmethod
    def of(cls, path: Path, denoiser: str) -> Piece:
        about = path.stat()
        return cls(path, (about.st_ino, about.st_size, about.st_mtime_ns), denoiser)


class Worn:
    """The LoRA files that are on a pipeline just now."""

    def __init__(self, pipe: DiffusionPipeline, row: Row, weights: Weights) -> None:
        self._pipe, self._row, self._weights = pipe, row, weights
        self._names: dict[Piece, str] = {}
        """Those that were worn longest ago first."""
        self._numbers = itertools.count()

    def wear(self, uses: Sequence[LoraUse], placement: Placement, *, lightning: bool) -> None:
        """Put on exactly these, and those for few steps where a clip is made so. Weights go home first:
        what is put on becomes a part of what ``placement`` moves.

        Raises:
            LoraUnknown, WeightsUnsafe, LoraDamaged: a file cannot be had.
            LoraForAnother: it was made for another model.
        """
        wanted = {**self._few_steps(lightning), **self._asked(uses)}
        if not wanted and not self._names:
            return
        new, old = [each for each in wanted if each not in self._names], self._too_many(wanted)
        if new or old:
            placement.clear()
        try:
            for piece in old:
                self._take_off(piece)
            for piece in new:
                self._put_on(piece)
        finally:
            if new or old:
                placement.renew()
        for piece in wanted:
            self._names[piece] = self._names.pop(piece)
        if wanted:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self._names[each] for each in wanted], list(wanted.values()))
        elif self._names:
            self._pipe.disable_lora()

    def _too_many(self, wanted: Mapping[Piece, float]) -> list[Piece]:
        """Those to be taken off for good: what is another file by now, and the oldest beyond `KEPT`."""
        idle = [each for each in self._names if each not in wanted]
        names = {(each.path, each.denoiser) for each in wanted}
        changed = [each for each in idle if (each.path, each.denoiser) in names]
        others = [each for each in idle if each not in changed]
        most = KEPT * len(self._row.denoisers)
        return [*changed, *others[: max(0, len(others) - most)]]

    def _take_off(self, piece: Piece) -> None:
        name = self._names.pop(piece)
        getattr(self._pipe, piece.denoiser).delete_adapters(name)

    def _asked(self, uses: Sequence[LoraUse]) -> dict[Piece, float]:
        """A model of two experts gets each on both. One that is named twice, in two ways, counts twice."""
        found: dict[Piece, float] = {}
        for use in uses:
            path = self._weights.lora(use.source)
            for denoiser in self._row.denoisers:
                piece = Piece.of(path, denoiser)
                found[piece] = found.get(piece, 0.0) + use.weight
        return found

    def _few_steps(self, lightning: bool) -> dict[Piece, float]:
        few = self._row.lightning
        if not lightning or few is None:
            return {}
        found: dict[Piece, float] = {}
        for denoiser, file in few.files.items():
            try:
                found[Piece.of(self._weights.lora(few.name(denoiser)), denoiser)] = 1.0
            except LoraUnknown:
                facts = {"source": few.name(denoiser), "repo": few.repo, "file": file}
                raise LightningMissing(param="lightning", **facts) from None
        return found

    def _put_on(self, piece: Piece) -> None:
        path, denoiser = piece.path, piece.denoiser
        name = f"lora{next(self._numbers)}"
        arguments = {"load_into_transformer_2": True} if denoiser == SECOND else {}
        layers = _read(path)
        try:
            self._pipe.load_lora_weights(layers, adapter_name=name, **arguments)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            said = " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__
            raise self._unfit(path, said, said) from error
        if not any(name in names for names in self._pipe.get_list_adapters().values()):
            raise self._unfit(path, "none of its layers is in this model", "其中没有该模型的层")
        self._names[piece] = name

    def _unfit(self, path: Path, said: str, said_zh: str) -> LoraForAnother:
        facts = {"file": path.name, "model": self._row.card.id, "reason": said, "reason_zh": said_zh}
        return LoraForAnother(param="loras", **facts)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        layers = dict(load_file(path, device="cpu"))
    except (OSError, SafetensorError):
        raise LoraDamaged(
            file=path.name, reason="it is not a whole safetensors file",
            reason_zh="不是完整的 safetensors 文件",
        ) from None  # fmt: skip
    if not all(bool(each.isfinite().all()) for each in layers.values() if each.is_floating_point()):
        raise LoraDamaged(
            file=path.name, reason="some of its numbers are infinite or none at all",
            reason_zh="其中有无穷或无效的数值",
        )  # fmt: skip
    return layers
