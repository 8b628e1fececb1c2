"""Counts the bytes of everything that computing on meta tensors would hold at once, and where the peak is."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_library = torch.library.Library("unstill_meter", "DEF")
_library.define("attention(Tensor q, Tensor k, Tensor v) -> (Tensor, Tensor)")


@torch.library.impl(_library, "attention", "Meta")
def _attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.empty_like(q), torch.empty(q.shape[:-1], dtype=torch.float32, device="meta")


def fused(query: Any, key: Any, value: Any, *_: object, **__: object) -> Any:
    """Attention as devices compute it: without a matrix of scores."""
    return torch.ops.unstill_meter.attention(query, key, value)[0]


class Meter(TorchDispatchMode):
    """``peak`` is the most bytes of tensors alive at once that were made in its time; ``at`` the operation
    that brought it."""

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.at = ""
        self._held: dict[int, int] = {}
        self._known = {each.untyped_storage()._cdata for each in known}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for each in tree_leaves(made):
            if isinstance(each, torch.Tensor):
                self._track(each, str(func))
        return made

    def _track(self, tensor: torch.Tensor, name: str) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known or key in self._held:
            return
        self._held[key] = size
        self.live += size
        if self.live > self.peak:
            self.peak, self.at = self.live, name
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        if self._held.pop(key, None) is not None:
            self.live -= size


@contextmanager
def measured(*modules: torch.nn.Module) -> Iterator[Meter]:
    """A meter that leaves these modules' weights out."""
    usual = F.scaled_dot_product_attention
    meter = Meter([each for module in modules for each in (*module.parameters(), *module.buffers())])
    F.scaled_dot_product_attention = fused
    try:
        with torch.no_grad(), meter:
            yield meter
    finally:
        F.scaled_dot_product_attention = usual
