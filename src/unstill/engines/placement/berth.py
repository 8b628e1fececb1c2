"""Where a part's weights are: at home on the host, or on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module


class Berth:
    """One part of the model and the two places where its weights may be.

    Only a CUDA device has memory of its own, so only there do weights come and go. The host keeps its copy
    until told otherwise, so that leaving the device costs nothing.
    """

    def __init__(self, module: Module, device: torch.device) -> None:
        self.module, self._device = module, device
        self._home: list[Tensor] | None = None
        self._here, self._pinned = device.type == "cpu", False

    @property
    def _moves(self) -> bool:
        return bool(self._device.type == "cuda")

    def bring(self, *, to_stay: bool) -> None:
        """Put the weights on the device. ``to_stay`` gives the host's copy back."""
        if not self._here:
            if self._moves and self._home is None:
                self._home = [each.data for each in stored(self.module)]
            for each in stored(self.module):
                each.data = each.data.to(self._device, non_blocking=True)
            self._here = True
        if to_stay:
            self._home, self._pinned = None, False

    def send_home(self) -> None:
        """Take the weights off the device; they may have come only in part."""
        if not self._moves:
            return
        if self._home is None:
            self._home = [each.data.to("cpu") for each in stored(self.module)]
        for each, home in zip(stored(self.module), self._home, strict=True):
            each.data = home
        self._here = False

    def pin(self) -> None:
        """Keep the host's copy, with the weights at home, in memory that the device reads by itself.

        Where the system does not give so much of it, they stay where they are: streaming is slower then.
        """
        if not self._moves or self._pinned:
            return
        try:
            self._home = [each.data.pin_memory() for each in stored(self.module)]
        except RuntimeError:
            return
        self._pinned = True
        self.send_home()


def stored(module: Module) -> Iterator[Tensor]:
    """The tensors that a module is made of."""
    yield from module.parameters()
    yield from module.buffers()
