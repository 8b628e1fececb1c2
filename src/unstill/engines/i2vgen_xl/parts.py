"""The parts of a loaded model, and which of them are on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch

from unstill.engines.i2vgen_xl.anatomy import dissect, lay_out
from unstill.engines.i2vgen_xl.checkpoint import Checkpoint
from unstill.engines.i2vgen_xl.hardware import Hardware
from unstill.engines.i2vgen_xl.narrow import Narrow
from unstill.engines.i2vgen_xl.network import Gate, always_open
from unstill.engines.i2vgen_xl.rungs import Rung
from unstill.engines.i2vgen_xl.streaming import Stream
from unstill.engines.placement.berth import Berth

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.utils.hooks import RemovableHandle

Name = Literal["text_encoder", "image_encoder", "unet", "vae"]


class Parts:
    """One checkpoint on one device. One part works at a time."""

    def __init__(self, checkpoint: Checkpoint, hardware: Hardware) -> None:
        for module in (checkpoint.unet, checkpoint.vae):
            lay_out(module)
        self.checkpoint, self.hardware = checkpoint, hardware
        self.anatomy = dissect(checkpoint.unet)
        self._berths = {name: Berth(module, hardware.device) for name, module in checkpoint.modules.items()}
        self._side = torch.cuda.Stream(hardware.device) if hardware.is_cuda else None
        self._using: tuple[Name, Rung] | None = None
        self._gate: Gate = always_open
        self._stream: Stream | Narrow | None = None
        self._hooks: list[RemovableHandle] = []

    def use(self, name: Name, rung: Rung) -> Gate:
        """Make a part ready for work; cheap when it is. The gate is to be asked before each of its units.

        Raises what a device raises that has no memory left; then nothing is in use.
        """
        if self._using == (name, rung):
            return self._gate
        self.rest()
        if rung.offloads:
            for other in self._berths:
                if other != name or rung.streams or rung.narrows:
                    self._berths[other].send_home()
        units = self._units(name) if rung.streams else ()
        if units:
            self._gate = self._streamed(name, units)
        elif name == "unet" and rung.narrows:
            self._gate = self._narrowed()
        else:
            self._berths[name].bring(to_stay=not rung.offloads)
        self._using = (name, rung)
        return self._gate

    def rest(self) -> None:
        """Nothing is in use. What stays on the device is what the last rung lets stay."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        if self._stream is not None:
            self._stream.close()
        self._stream, self._gate, self._using = None, always_open, None

    def clear(self) -> None:
        """Take all parts off the device."""
        self.rest()
        for berth in self._berths.values():
            berth.send_home()

    def _units(self, name: Name) -> Sequence[Module]:
        if name == "unet":
            return tuple(self.anatomy.units())
        if name == "vae":
            return ()
        encoder = self.checkpoint.modules[name]
        return tuple(module for path, module in encoder.named_modules() if _is_layer(path))

    def _narrowed(self) -> Gate:
        narrow = self._stream = Narrow(self.checkpoint.unet, self.anatomy.units(), self.hardware.device)
        narrow.open()
        return narrow

    def _streamed(self, name: Name, units: Sequence[Module]) -> Gate:
        self._berths[name].pin()
        module = self.checkpoint.modules[name]
        stream = self._stream = Stream(module, units, self.hardware.device, self._side)
        stream.open()
        if name != "unet":  # whose layers ask by themselves
            self._hooks = [
                unit.register_forward_pre_hook(lambda working, _: stream(working)) for unit in units
            ]
        return stream


def _is_layer(path: str) -> bool:
    """Whether a module's path is that of a whole layer of an encoder: "...encoder.layers.7"."""
    return path.split(".")[-3:-1] == ["encoder", "layers"]
