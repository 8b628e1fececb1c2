"""A row's pipeline from its folder: only classes that the row knows, only safetensors, no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from unstill.core.out_of_memory import is_out_of_memory
from unstill.domain.weight_errors import WeightsDamaged, WeightsIncomplete, WeightsUnsafe
from unstill.engines.pipelines.adapters import Adapter
from unstill.engines.pipelines.configurations import check_configurations
from unstill.engines.pipelines.quantizing import denoiser_from
from unstill.engines.pipelines.recipe import Recipe
from unstill.engines.pipelines.row import Row
from unstill.engines.placement.torch_device import Device

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

INDEX = "model_index.json"
INDEX_BYTES = 1 << 20
LIBRARIES = ("diffusers", "transformers")
"""Besides the pipelines' own modules in diffusers: what a folder may name classes of."""


def load(row: Row, adapter: Adapter, folder: Path, device: Device, recipe: Recipe) -> DiffusionPipeline:
    """The row's pipeline with weights on the host.

    Raises:
        WeightsIncomplete, WeightsDamaged, WeightsUnsafe: the folder is not what the row needs.
        ExtraMissing: a quantisation whose library is not installed.
    """
    import diffusers

    kind = getattr(diffusers, row.pipeline)
    index = read_index(folder, row)
    check_index(index, row)
    check_parts(index, folder, row)
    check_configurations(folder, listed(index), row.card.id)
    quantized = denoiser_from(row, folder, device, recipe)
    try:
        given = {**adapter.components(folder, index), **quantized}
        return kind.from_pretrained(
            folder, dtype=dtypes(row, device), local_files_only=True, use_safetensors=True,
            trust_remote_code=False, **given,
        )  # fmt: skip
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _damaged(row, error) from error


def dtypes(row: Row, device: Device) -> dict[str, torch.dtype]:
    """The number format of each component."""
    if not row.vae_float32:
        return {"default": device.dtype}
    return {"default": device.dtype, "vae": torch.float32, "image_encoder": torch.float32}


def read_index(folder: Path, row: Row) -> dict[str, Any]:
    """``model_index.json``. Raises `WeightsIncomplete`, `WeightsDamaged`."""
    try:
        with (folder / INDEX).open("rb") as file:
            found = json.loads(file.read(INDEX_BYTES))
    except OSError:
        raise WeightsIncomplete(path=folder, model=row.card.id, file=INDEX) from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WeightsDamaged(
            model=row.card.id, file=INDEX, reason="it is no JSON object", reason_zh="不是 JSON 对象"
        )
    return found


def check_index(index: Mapping[str, Any], row: Row) -> None:
    """Refuse an index that names classes of other libraries, or a pipeline of its own: they would be
    imported. Raises `WeightsUnsafe`."""
    from diffusers import pipelines

    odd = ["_class_name"] if isinstance(index.get("_class_name"), list) else []
    for name, (library, kind) in listed(index).items():
        known = library in LIBRARIES or (isinstance(library, str) and hasattr(pipelines, library))
        plain = isinstance(kind, str) and kind.isidentifier() and not kind.endswith("Pipeline")
        if not (known and plain):
            odd.append(name)
    if odd:
        raise WeightsUnsafe(
            model=row.card.id, file=INDEX,
            reason=f"its part {odd[0][:40]!r} is no class of the models' libraries",
            reason_zh=f"其中的 {odd[0][:40]!r} 不是模型库中的类",
        )  # fmt: skip


def check_parts(index: Mapping[str, Any], folder: Path, row: Row) -> None:
    """Whether each component has its folder: a library makes some of nothing. Raises `WeightsIncomplete`."""
    for name in listed(index):
        if not (folder / name).is_dir():
            raise WeightsIncomplete(path=folder, model=row.card.id, file=f"{name}/")


def listed(index: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Library and class of each component."""
    return {
        name: value
        for name, value in index.items()
        if not name.startswith("_") and isinstance(value, list) and len(value) == 2 and value[0] is not None
    }


def _damaged(row: Row, error: Exception) -> WeightsDamaged:
    """What a library says of files that do not fit, in one line."""
    said = " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__
    return WeightsDamaged(
        model=row.card.id, file=INDEX, reason=f"its parts cannot be loaded: {said}",
        reason_zh=f"组件无法加载：{said}",
    )  # fmt: skip
