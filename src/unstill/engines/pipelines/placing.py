"""Where a pipeline's parts are while it works, and down the ladder when memory runs out.

Every entry into a part (a forward pass, encoding, decoding) goes through a gate. The gate brings the part's
weights and, where memory runs out, rearranges everything one rung lower and does the same piece of work
again: nothing that was done before it is lost.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from diffusers.hooks import apply_group_offloading

from unstill.core.out_of_memory import is_out_of_memory
from unstill.domain.errors import OutOfMemory
from unstill.domain.notes import Note, note
from unstill.engines.pipelines.again import rewind
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rungs import WORDS, Rung
from unstill.engines.placement.berth import Berth
from unstill.engines.placement.torch_device import Device

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline
    from torch.nn import Module

ENTRIES = ("forward", "encode", "decode")
STAGES = {"look": ("preparing", "准备"), "step": ("denoising", "去噪"), "decode": ("decoding", "解码")}
"""The stages of a clip, as notes say them."""
FP8 = torch.float8_e4m3fn
BLOCKS: Mapping[str, Any] = {"offload_type": "block_level", "num_blocks_per_group": 1}
LEAVES: Mapping[str, Any] = {"offload_type": "leaf_level"}
"""Of denoisers, whose blocks repeat, and of text encoders, whose blocks lie deeper than diffusers looks."""
STREAM_HOOKS = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")


class Placement:
    """Holds a pipeline's parts for one clip at a time. A context manager around the pipeline's call."""

    def __init__(self, pipe: DiffusionPipeline, row: Row, device: Device) -> None:
        self._row, self._device = row, device
        self._parts: dict[str, Module] = {
            name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)
        }
        self._berths = {name: Berth(part, device.device) for name, part in self._parts.items()}
        self._own: dict[tuple[str, str], Callable[..., Any]] = {}
        self._left: list[Rung] = []
        self._streamed: set[str] = set()
        self.narrowed = False
        """Whether weights have lost precision, so that exact work needs them read anew."""
        self.notes: list[Note] = []

    @property
    def rung(self) -> Rung:
        return self._left[0]

    def begin(self, rungs: Sequence[Rung], start: Rung) -> None:
        """Get ready for a clip that may take ``rungs``, from ``start`` on."""
        self._left = [rung for rung in rungs if rung >= start] or list(rungs[-1:])
        self.notes = []

    def __enter__(self) -> Placement:
        self._arrange()
        return self

    def __exit__(self, *_: object) -> None:
        self._disarrange()

    def clear(self) -> None:
        """Take everything off the device."""
        self._disarrange()
        for berth in self._berths.values():
            berth.send_home()
        self._device.give_back()

    def renew(self) -> None:
        """Parts have got other weights since: what is known of their places is known no more."""
        self._berths = {name: Berth(part, self._device.device) for name, part in self._parts.items()}

    # --- one arrangement

    def _arrange(self) -> None:
        rung = self.rung
        if rung.narrows and not self.narrowed:
            self._narrow()
        if rung.narrows or rung.streams:
            self._stream([name for name in self._parts if name.startswith("text_encoder")], LEAVES)
        if rung.streams:
            self._stream(self._row.denoisers, BLOCKS)
        for name, part in self._parts.items():
            for entry in ENTRIES:
                if hasattr(part, entry):
                    self._gate(name, part, entry)

    def _gate(self, name: str, part: Module, entry: str) -> None:
        inner = getattr(part, entry)
        self._own[name, entry] = inner

        @functools.wraps(inner)
        def through(*args: Any, **kwargs: Any) -> Any:
            return self._attempt(name, entry, args, kwargs)

        setattr(part, entry, through)

    def _disarrange(self) -> None:
        for name, entry in self._own:
            vars(self._parts[name]).pop(entry, None)
        for (name, entry), inner in self._own.items():
            if getattr(inner, "__self__", None) is not self._parts[name]:  # what a hook had put there
                setattr(self._parts[name], entry, inner)
        self._own.clear()
        for name in self._streamed:
            self._unstream(name)
        self._streamed.clear()

    def _attempt(self, name: str, entry: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        back = rewind(self._parts[name])
        while True:
            try:
                self._bring(name)
                with self._tiled(name, entry):
                    return self._own[name, entry](*args, **kwargs)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            back()
            self._step_down(name, entry)  # out of the handler: until here its frames hold on to memory

    def _step_down(self, name: str, entry: str) -> None:
        self._device.give_back()
        if len(self._left) == 1:
            raise OutOfMemory
        self._disarrange()
        for berth in self._berths.values():
            berth.send_home()
        self._left.pop(0)
        self._device.give_back()
        self._arrange()
        stage = "step" if name in self._row.denoisers else "decode" if entry == "decode" else "look"
        (how, how_zh), (said, said_zh) = WORDS[self.rung], STAGES[stage]
        facts = {"stage": said, "stage_zh": said_zh}
        if self.rung.narrows:
            self.notes = [*self.notes, note("memory_narrowed", **facts)]
        else:
            self.notes = [*self.notes, note("memory_stepped_down", **facts, how=how, how_zh=how_zh)]

    def _bring(self, name: str) -> None:
        """A part's weights to the device, and the others away where they may not stay."""
        if self._streams(name):
            return
        if self.rung.offloads:
            for other, berth in self._berths.items():
                if other != name and not self._streams(other):
                    berth.send_home()
        self._berths[name].bring(to_stay=False)

    def _streams(self, name: str) -> bool:
        return name in self._streamed

    # --- what a rung does to the parts

    def _narrow(self) -> None:
        for name in self._row.denoisers:
            part = self._parts.get(name)
            if part is not None and hasattr(part, "enable_layerwise_casting"):
                self._berths[name].send_home()
                part.enable_layerwise_casting(storage_dtype=FP8, compute_dtype=self._device.dtype)
                self._berths[name] = Berth(part, self._device.device)
        self.narrowed = True

    def _stream(self, names: Sequence[str], grouping: Mapping[str, Any]) -> None:
        """Let parts come to the device a group at a time; on a graphics card the next one beside the work."""
        for name in names:
            part = self._parts.get(name)
            if part is None:
                continue
            self._berths[name].send_home()
            apply_group_offloading(
                part, onload_device=self._device.device, offload_device=torch.device("cpu"),
                use_stream=self._device.is_cuda, record_stream=self._device.is_cuda, **grouping,
            )  # fmt: skip
            self._streamed.add(name)

    def _unstream(self, name: str) -> None:
        part = self._parts[name]
        for each in part.modules():
            registry: Any = getattr(each, "_diffusers_hook", None)
            for hook in STREAM_HOOKS if registry is not None else ():
                registry.remove_hook(hook, recurse=False)
        part.to("cpu")
        self._berths[name] = Berth(part, self._device.device)

    @contextlib.contextmanager
    def _tiled(self, name: str, entry: str) -> Iterator[None]:
        """The VAE in tiles, where the rung says so."""
        row, entries = self._row, ("encode", "decode") if self._row.tiles_encoding else ("decode",)
        if not (self.rung.tiles and row.tiles and name == "vae" and entry in entries):
            yield
            return
        vae: Any = self._parts["vae"]
        vae.enable_tiling()
        try:
            yield
        finally:
            vae.disable_tiling()
