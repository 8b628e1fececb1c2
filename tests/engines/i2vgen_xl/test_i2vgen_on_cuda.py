"""On a graphics card: the same clips as on the processor, whatever is moved, streamed or compiled."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_i2vgen import Shelf, machine, picture, plan, whole  # noqa: E402
from unstill.core.plan import Plan  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402
from unstill.engines.i2vgen_xl.hardware import Hardware  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung  # noqa: E402

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.filterwarnings("default"),
]
SHOWN = whole(picture(96, 64))


def card(rung: Rung, dtype: object = torch.float32) -> Hardware:
    return Hardware(torch.device("cuda"), dtype, (rung,))  # type: ignore[arg-type]


def film(shelf: Shelf, hardware: Hardware, made: Plan) -> np.ndarray:
    engine = I2VGenXLEngine(shelf, hardware)
    frames = np.stack(list(engine.frames(made, SHOWN, lambda *_: None))).astype(int)
    engine.unload()
    return frames


@pytest.fixture
def made() -> Plan:
    return plan(size="96x64", num_frames=3)


@pytest.mark.parametrize("rung", Rung)
def test_every_rung_makes_the_processors_clip(rung: Rung, shelf: Shelf, made: Plan) -> None:
    """In single precision, to a level or two."""
    there = film(shelf, machine(), made)
    assert np.abs(film(shelf, card(rung), made) - there).max() <= 2


def test_half_precision_is_close(shelf: Shelf, made: Plan) -> None:
    """Rounding shows as noise of a few levels at most."""
    there = film(shelf, machine(), made)
    assert np.abs(film(shelf, card(Rung.RESIDENT, torch.float16), made) - there).mean() < 4


def test_idle_parts_leave_the_card(shelf: Shelf, made: Plan) -> None:
    """From the second rung on, only what worked last is still there; unloaded, nothing is."""
    engine = I2VGenXLEngine(shelf, card(Rung.OFFLOADED))
    list(engine.frames(made, SHOWN, lambda *_: None))
    modules = engine._loaded.parts.checkpoint.modules  # type: ignore[union-attr]
    where = {name: {p.device.type for p in module.parameters()} for name, module in modules.items()}
    assert where == {"text_encoder": {"cpu"}, "image_encoder": {"cpu"}, "unet": {"cpu"}, "vae": {"cuda"}}
    del modules
    engine.unload()
    assert torch.cuda.memory_allocated() < 1 << 20


def test_the_same_seed_gives_the_same_clip(shelf: Shelf, made: Plan) -> None:
    """To the last bit, again on the same card."""
    first, second = (film(shelf, card(Rung.RESIDENT, torch.float16), made) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")
@pytest.mark.parametrize("way", ["compile", "graphs"])
def test_compiled_it_is_the_same(way: str, shelf: Shelf, made: Plan) -> None:
    """Up to rounding."""
    compiled = plan(size="96x64", num_frames=3, options={"acceleration": way})
    engine = I2VGenXLEngine(shelf, card(Rung.RESIDENT))
    frames = np.stack(list(engine.frames(compiled, SHOWN, lambda *_: None))).astype(int)
    assert engine.notes() == ()
    assert np.abs(frames - film(shelf, machine(), made)).max() <= 2
