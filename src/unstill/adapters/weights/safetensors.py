"""The header of a safetensors file (https://github.com/huggingface/safetensors, "Format").

Eight bytes hold its length, little-endian; it is a JSON object of tensors, whose ``data_offsets`` fill the
rest of the file.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from unstill.domain.weight_errors import WeightsDamaged

MOST_HEADER_BYTES = 100_000_000
"""The format's own limit."""
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
    "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
"""Of one element of each type."""
_PUT_ON = re.compile(r"lora|lokr|hada|\boft|\bdiff(_b)?$|dora", re.IGNORECASE)
"""What trainers call the parts of a LoRA and of its relatives: lora_A, lora_down, lokr_w1, hada_w1_a."""


def check_safetensors(path: Path, name: str, model: str) -> None:
    """Whether a file is a whole safetensors file, by its header alone. Raises `WeightsDamaged`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER_BYTES, size - 8):
            raise _damaged(
                model, name, "it is no safetensors file, or cut off", "不是 safetensors 文件或不完整"
            )
        raw = file.read(length)
    try:
        ends = [_end(tensor, size) for tensor in _tensors(raw).values()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _damaged(model, name, "its header cannot be read", "无法读取文件头") from None
    if size != 8 + length + max(ends, default=0):
        raise _damaged(model, name, "it is cut off or has grown", "文件长度不对")


def puts_on(path: Path) -> bool:
    """Whether a file that was checked has tensors that go on a model's own, as a LoRA's do."""
    with path.open("rb") as file:
        raw = file.read(int.from_bytes(file.read(8), "little"))
    return any(_PUT_ON.search(name) for name in _tensors(raw))


def _tensors(raw: bytes) -> dict[str, Any]:
    header = json.loads(raw)
    return {name: tensor for name, tensor in header.items() if name != "__metadata__"}


def _end(tensor: Any, most: int) -> int:
    """Where a tensor's bytes end, of a file of ``most``. Raises `ValueError`, `TypeError`, `KeyError`."""
    begin, end = (_count(number) for number in tensor["data_offsets"])
    if not begin <= end <= most or _elements(tensor["shape"], 8 * most) * BITS[tensor["dtype"]] != 8 * (
        end - begin
    ):
        raise ValueError
    return end


def _elements(shape: Any, most: int) -> int:
    """Their number; one that is above ``most`` may be anything above it."""
    sides = [_count(side) for side in shape]
    product = 0 if 0 in sides else 1
    for side in sides:
        if product > most:
            break
        product *= side
    return product


def _count(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError
    return number


def _damaged(model: str, file: str, reason: str, reason_zh: str) -> WeightsDamaged:
    return WeightsDamaged(model=model, file=file, reason=reason, reason_zh=reason_zh)
