"""torch.compile in front of the UNet, where it pays; and without it where it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from unstill.core.out_of_memory import is_out_of_memory
from unstill.engines.i2vgen_xl.hardware import Hardware
from unstill.engines.placement.allocator import compiled_folder

if TYPE_CHECKING:
    from unstill.core.plan import Plan

LOG = logging.getLogger(__name__)
Made = TypeVar("Made")
MOST_SHAPES = 256
"""Sizes that one process may compile for."""
PAYS_S = 120
"""From this length of a clip on, compiling anew takes less than it saves."""


class Accelerator:
    """Runs work, compiled for the shapes that it is first given. The result is the same up to rounding.

    ``mode`` is "off", "compile", or "graphs" (CUDA graphs besides). Work must be a method; what is compiled
    is kept for the process here, and by torch on the disk.
    """

    def __init__(self, mode: str = "off", backend: str = "inductor") -> None:
        self.mode, self._backend = mode, backend
        self.failed = False
        """Whether compiling was tried and given up."""
        self._compiled: dict[str, Callable[..., Any]] = {}

    @property
    def compiled(self) -> int:
        """How many functions were compiled so far."""
        return len(self._compiled)

    def __call__(self, work: Callable[..., Made], *arguments: object) -> Made:
        """What ``work`` gives. Raises what it raises."""
        if self.mode != "off" and not self.failed:
            try:
                return self._quicker(work, *arguments)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                self.failed = True
                LOG.warning("the model cannot be compiled; going on without", exc_info=True)
        return work(*arguments)

    def _quicker(self, work: Callable[..., Made], *arguments: object) -> Made:
        function, owner = work.__func__, work.__self__  # type: ignore[attr-defined]
        if function.__name__ not in self._compiled:
            options = {"mode": "reduce-overhead"} if self.mode == "graphs" else {}
            self._compiled[function.__name__] = torch.compile(
                function, fullgraph=True, dynamic=False, backend=self._backend, **options
            )
        if self.mode == "graphs":
            torch.compiler.cudagraph_mark_step_begin()
        with _many_shapes():
            made: Made = self._compiled[function.__name__](owner, *arguments)
        return _own(made) if self.mode == "graphs" else made


@contextmanager
def _many_shapes() -> Iterator[None]:
    """Each size, rung and number of halves is compiled by itself, and torch gives a function up at the ninth
    unless told otherwise."""
    config = torch._dynamo.config
    names = [name for name in ("recompile_limit", "cache_size_limit") if hasattr(config, name)][:1]
    total = [
        name
        for name in ("accumulated_recompile_limit", "accumulated_cache_size_limit")
        if hasattr(config, name)
    ]
    with config.patch({**dict.fromkeys(names, MOST_SHAPES), **dict.fromkeys(total[:1], 16 * MOST_SHAPES)}):
        yield


def _own(made: Any) -> Any:
    """Copies: a graph writes its next results where these are."""
    return tuple(_own(each) for each in made) if isinstance(made, tuple) else made.clone()


plain = Accelerator()
"""Runs work as it is."""


def mode_for(plan: Plan, hardware: Hardware) -> str:
    """How a plan is to be run: what it asks for, where the device can; "auto" is where it pays."""
    asked = str(plan.option("acceleration"))
    if not hardware.is_cuda or find_spec("triton") is None:
        return "off"
    if asked == "auto":
        return "compile" if plan.estimate.seconds >= PAYS_S or _mark(plan).exists() else "off"
    return asked


def remember(plan: Plan) -> None:
    """Note that plans of this size have been compiled on this device: from now on it costs little."""
    mark = _mark(plan)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        LOG.info("%s cannot be written", mark.parent)


def _mark(plan: Plan) -> Path:
    device = "".join(letter for letter in torch.cuda.get_device_name() if letter.isalnum())
    size = f"{plan.width}x{plan.height}x{plan.num_frames}"
    return compiled_folder() / f"unstill-{device}-torch{torch.__version__}-{size}"
