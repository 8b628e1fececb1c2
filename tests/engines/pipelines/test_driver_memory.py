"""Memory that runs out in the middle of a clip: the driver goes on one rung lower, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

import torch

from tiny_engine import engine_of, made, plan_of
from tiny_rows import ONE_OF_A_KIND, TINY
from unstill.domain.errors import OutOfMemory
from unstill.engines.pipelines import engine as driver
from unstill.engines.pipelines.engine import PipelineEngine
from unstill.engines.pipelines.rungs import Rung

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own ways

Folders = Callable[[str], Path]
BALANCED = {"speed": "balanced"}
WAN = "wan2.1-i2v-14b-480p"


@pytest.fixture(autouse=True)
def every_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ladder for the processor as graphics cards have it."""
    monkeypatch.setattr(driver, "LADDERS", {"cpu": tuple(Rung)})


@dataclass
class Scarce:
    """Memory that runs out in parts of a pipeline: at the n-th of a part's layers that is entered, once, or
    from it on as often as it is tried."""

    at: dict[str, int] = field(default_factory=dict)
    entered: dict[str, int] = field(default_factory=dict)
    for_good: bool = False
    failed: list[str] = field(default_factory=list)

    def layer(self, part: str) -> None:
        self.entered[part] = self.entered.get(part, 0) + 1
        if part in self.at and self.entered[part] >= self.at[part]:
            if not self.for_good:
                del self.at[part]
            self.failed.append(part)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    def spent(self, part: str, share: float) -> int:
        """The layer at which so much of a part's work of the clip is done."""
        return max(1, int(self.entered[part] * share))


@contextmanager
def scarce(engine: PipelineEngine) -> Iterator[Scarce]:
    """Counts the layers of an engine's loaded pipeline as they are entered."""
    found, hooks = Scarce(), []
    assert engine._loaded is not None
    for name, part in engine._loaded.pipe.components.items():
        for module in part.modules() if isinstance(part, torch.nn.Module) else ():
            if not list(module.children()):
                hooks.append(module.register_forward_pre_hook(_told(found, name)))
    yield found
    for hook in hooks:
        hook.remove()


def _told(found: Scarce, name: str) -> Callable[[Any, Any], None]:
    return lambda *_: found.layer(name)


def _look(row: str) -> str:
    """The part that reads a row's words, or sees its picture."""
    return "text_encoder" if row not in ("svd", "svd-xt") else "image_encoder"


def said(engine: PipelineEngine) -> list[tuple[str, str]]:
    """The stages at which memory ran out, and what was done."""
    return [(str(each.facts["stage"]), str(each.facts["how"])) for each in engine.notes()]


@pytest.mark.parametrize("row", sorted(ONE_OF_A_KIND.values()))
def test_a_clip_survives_every_stage(row: str, folder_of: Folders) -> None:
    """Memory runs out while words are read, in the middle of a denoising pass and while frames are decoded:
    of one clip, as often as there are rungs. The frames are those of a clip without all that."""
    engine = engine_of(folder_of(row))
    plan = plan_of(row, Rung.RESIDENT)
    engine.load(plan)
    denoiser, tiled = TINY[row].denoisers[-1], TINY[row].tiles
    with scarce(engine) as memory:
        whole = made(engine, plan)
        assert not engine.notes()
        plans = {denoiser: 0.6, "vae": 0.97} if not tiled else {_look(row): 0.5, denoiser: 0.6, "vae": 0.97}
        at = {part: memory.spent(part, share) for part, share in plans.items()}
        memory.entered.clear()
        memory.at = at
        again = made(engine, plan)
        assert memory.failed == list(plans)
    assert np.array_equal(again.frames, whole.frames)
    if whole.sound is not None:
        assert again.sound is not None
        assert np.array_equal(again.sound.samples, whole.sound.samples)
    hows = ["idle parts moved away", *["frames decoded in tiles"] * tiled, "weights brought block by block"]
    stages = [*["preparing"] * tiled, "denoising", "decoding"]
    assert said(engine) == list(zip(stages, hows, strict=True))
    assert np.array_equal(made(engine, plan).frames, whole.frames)


@pytest.mark.parametrize("part", ["text_encoder", "transformer", "vae"])
def test_below_the_last_rung_is_nothing(part: str, folder_of: Folders) -> None:
    """It is said so; the engine works on as if nothing had been."""
    engine = engine_of(folder_of(WAN))
    plan = plan_of(WAN, Rung.RESIDENT)
    whole = made(engine, plan)
    with scarce(engine) as memory:
        memory.at, memory.for_good = {part: 3}, True
        with pytest.raises(OutOfMemory):
            made(engine, plan)
        assert memory.failed == [part] * 4
    assert len(engine.notes()) == 3
    assert np.array_equal(made(engine, plan).frames, whole.frames)
    assert not engine.notes()


def test_other_errors_are_nobodys_reason_to_go_down(folder_of: Folders) -> None:
    engine = engine_of(folder_of(WAN))
    plan = plan_of(WAN, Rung.RESIDENT)
    whole = made(engine, plan)
    assert engine._loaded is not None
    layer = engine._loaded.pipe.transformer.proj_out

    def broken(*_: object) -> None:
        raise RuntimeError("shapes do not fit")

    hook = layer.register_forward_pre_hook(broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        made(engine, plan)
    assert not engine.notes()
    hook.remove()
    assert np.array_equal(made(engine, plan).frames, whole.frames)


@pytest.mark.parametrize("row", [WAN, "ltx-video-2b", "cogvideox-1.5-5b", "ltx-2"])
def test_where_precision_may_be_lost_weights_become_8_bits_first(row: str, folder_of: Folders) -> None:
    """And before they are brought block by block; the next exact clip has them as they were."""
    engine = engine_of(folder_of(row))
    exact, plan = made(engine, plan_of(row, Rung.TILED)), plan_of(row, Rung.TILED, options=BALANCED)
    with scarce(engine) as memory:
        made(engine, plan)
        memory.at = {"transformer": memory.spent("transformer", 0.5)}
        memory.entered.clear()
        narrow = made(engine, plan)
        assert memory.failed == ["transformer"]
    assert [each.code for each in engine.notes()] == ["memory_narrowed"]
    assert narrow.frames.shape == exact.frames.shape
    assert narrow.frames.std() > 1
    assert np.array_equal(made(engine, plan_of(row, Rung.TILED)).frames, exact.frames)


@pytest.mark.parametrize("row", [WAN, "ltx-video-2b", "cogvideox-1.5-5b"])
def test_what_is_kept_between_steps_survives_it(row: str, folder_of: Folders) -> None:
    """A pass that is done again decides as the first time: nothing of the one that broke off is kept."""
    engine = engine_of(folder_of(row))
    plan = plan_of(row, Rung.RESIDENT, options=BALANCED, num_inference_steps=8)
    engine.load(plan)
    with scarce(engine) as memory:
        whole = made(engine, plan)
        for share in (0.3, 0.6, 0.9):
            memory.at = {"transformer": memory.spent("transformer", share)}
            entered = dict(memory.entered)
            memory.entered.clear()
            again = made(engine, plan)
            assert [each.code for each in engine.notes()] == ["memory_stepped_down"]
            assert np.array_equal(again.frames, whole.frames), share
            memory.entered = entered
