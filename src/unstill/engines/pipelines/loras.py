"""LoRA files on a pipeline: checked against its denoiser, put on with their weights, taken off again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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


class Worn:
    """The LoRA files that are on a pipeline just now."""

    def __init__(self, pipe: DiffusionPipeline, row: Row, weights: Weights) -> None:
        self._pipe, self._row, self._weights = pipe, row, weights
        self._names: dict[tuple[Path, str], str] = {}
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
        new = [each for each in wanted if each not in self._names]
        if new:
            placement.clear()
        try:
            for path, denoiser in new:
                self._put_on(path, denoiser)
        finally:
            if new:
                placement.renew()
        if wanted:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self._names[each] for each in wanted], list(wanted.values()))
        else:
            self._pipe.disable_lora()

    def _asked(self, uses: Sequence[LoraUse]) -> dict[tuple[Path, str], float]:
        """A model of two experts gets each on both."""
        paths = {self._weights.lora(use.source): use.weight for use in uses}
        return {(path, name): weight for path, weight in paths.items() for name in self._row.denoisers}

    def _few_steps(self, lightning: bool) -> dict[tuple[Path, str], float]:
        few = self._row.lightning
        if not lightning or few is None:
            return {}
        found = {}
        for denoiser, file in few.files.items():
            try:
                found[self._weights.lora(few.name(denoiser)), denoiser] = 1.0
            except LoraUnknown:
                facts = {"source": few.name(denoiser), "repo": few.repo, "file": file}
                raise LightningMissing(param="lightning", **facts) from None
        return found

    def _put_on(self, path: Path, denoiser: str) -> None:
        name = f"lora{next(self._numbers)}"
        arguments = {"load_into_transformer_2": True} if denoiser == SECOND else {}
        layers = _read(path)
        try:
            self._pipe.load_lora_weights(layers, adapter_name=name, **arguments)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            said = " ".join(str(error).split())[:160] or type(error).__name__
            raise self._unfit(path, said, said) from error
        if not any(name in names for names in self._pipe.get_list_adapters().values()):
            raise self._unfit(path, "none of its layers is in this model", "其中没有该模型的层")
        self._names[path, denoiser] = name

    def _unfit(self, path: Path, said: str, said_zh: str) -> LoraForAnother:
        facts = {"file": path.name, "model": self._row.card.id, "reason": said, "reason_zh": said_zh}
        return LoraForAnother(param="loras", **facts)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path, device="cpu"))
    except (OSError, SafetensorError):
        raise LoraDamaged(
            file=path.name, reason="it is not a whole safetensors file",
            reason_zh="不是完整的 safetensors 文件",
        ) from None  # fmt: skip
