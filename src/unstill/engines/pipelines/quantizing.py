"""Denoisers in smaller number formats: torchao, bitsandbytes, GGUF."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstill.core.out_of_memory import is_out_of_memory
from unstill.domain.errors import ExtraMissing, NotAChoice
from unstill.domain.weight_errors import GgufMissing, WeightsDamaged
from unstill.engines.pipelines.recipe import Recipe
from unstill.engines.pipelines.row import Row
from unstill.engines.placement.torch_device import Device

if TYPE_CHECKING:
    from torch.nn import Module

NEEDS = {"int8": "torchao", "nf4": "bitsandbytes", "gguf": "gguf"}
"""The library that a quantisation needs."""
EXTRA = "quantized"


def denoiser_from(row: Row, folder: Path, device: Device, recipe: Recipe) -> dict[str, Any]:
    """The denoisers, by component, where a recipe wants them smaller; nothing where it does not.

    Raises:
        ExtraMissing: its library is not installed.
        NotAChoice: this device cannot have it.
        WeightsIncomplete, WeightsDamaged: the file is not there, or not of this model.
    """
    kind = recipe.quantization
    if kind == "none":
        return {}
    if find_spec(NEEDS[kind]) is None:
        raise ExtraMissing(name=EXTRA)
    if kind == "nf4" and not device.is_cuda:
        raise NotAChoice(param="quantization", value="nf4", choices="none, int8")
    return {
        name: _read(row, name, folder, device, kind) for name in row.denoisers if (folder / name).is_dir()
    }


def _read(row: Row, name: str, folder: Path, device: Device, kind: str) -> Module:
    import diffusers

    made = getattr(diffusers, class_of(row, name))
    try:
        if kind == "gguf":
            return _from_gguf(made, row, folder / name, device)
        return made.from_pretrained(
            folder / name, dtype=device.dtype, quantization_config=_config(kind, device),
            local_files_only=True, use_safetensors=True,
        )  # fmt: skip
    except GgufMissing:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        said = " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__
        raise WeightsDamaged(
            model=row.card.id, file=name, reason=f"it cannot be read as {kind}: {said}",
            reason_zh=f"无法按 {kind} 读取：{said}",
        ) from error  # fmt: skip


def _from_gguf(made: Any, row: Row, folder: Path, device: Device) -> Module:
    """The only GGUF file in a component's folder, with the configuration that lies beside it."""
    from diffusers import GGUFQuantizationConfig

    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        raise GgufMissing(param="quantization", path=folder, model=row.card.id)
    return made.from_single_file(
        str(files[0]), config=str(folder), dtype=device.dtype, local_files_only=True,
        quantization_config=GGUFQuantizationConfig(compute_dtype=device.dtype),
    )  # fmt: skip


def _config(kind: str, device: Device) -> Any:
    if kind == "nf4":
        from diffusers import BitsAndBytesConfig

        return BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=device.dtype
        )
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    return TorchAoConfig(Int8WeightOnlyConfig())


def class_of(row: Row, name: str) -> str:
    """The class of a denoiser, as the row's pipeline declares it."""
    import inspect

    import diffusers

    kind = inspect.signature(getattr(diffusers, row.pipeline).__init__).parameters[name].annotation
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    return text.split("|")[0].strip().rpartition(".")[2]
