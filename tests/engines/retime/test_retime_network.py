"""RIFE HDv3: what it draws, on both of its back ends, and the file its weights are in."""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec

import numpy as np
import pytest

from bench import retiming
from testcard import draw
from unstill.domain.errors import DamagedInstall
from unstill.engines.retime import weights as shelf
from unstill.engines.retime.onnx_bytes import varint
from unstill.engines.retime.opencv import OpenCvMiddle
from unstill.engines.retime.scale import padded, scales_of

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
LEAST_GAIN_DB = 15.0
ALIKE_DB = 50.0
"""How near the two back ends are: OpenCV's remap reads at 1/32 of a pixel, torch exactly."""


@pytest.fixture(scope="module")
def middle() -> OpenCvMiddle:
    return OpenCvMiddle()


def test_a_photo_that_moves_is_drawn_far_better_than_blended(middle: OpenCvMiddle) -> None:
    """512 x 512, 20 pixels: at least 15 dB nearer to the true frame. `python -m bench.retiming` has more."""
    got = retiming.measure(retiming.case(retiming.large("astronaut"), (20, 0)), middle)
    assert got.drawn > 44
    assert got.gain >= LEAST_GAIN_DB


def test_time_has_no_direction(middle: OpenCvMiddle) -> None:
    """The frame between two is the frame between them backwards."""
    first = draw(96, 64)
    last = np.roll(first, 5, axis=1)
    there, back = middle.middle(first, last), middle.middle(last, first)
    assert np.abs(there.astype(int) - back).max() <= 1


def test_the_middle_of_a_pan_is_half_the_way(middle: OpenCvMiddle) -> None:
    """Shown by what it is nearest to, of all shifts."""
    whole = draw(192, 64, seed=3)
    got = middle.middle(whole[:, 40:136], whole[:, 24:120]).astype(int)
    errors = {x: float(np.abs(got - whole[:, x : x + 96])[:, 16:-16].mean()) for x in range(16, 48)}
    assert min(errors, key=errors.__getitem__) == 32


@needs_torch
@pytest.mark.parametrize(("width", "height"), [(96, 64), (101, 75), (1040, 40)])
def test_both_back_ends_draw_the_same(width: int, height: int, middle: OpenCvMiddle) -> None:
    """Also sizes the network's grid does not divide, and large ones, seen at half scale."""
    from unstill.engines.retime.on_torch import TorchMiddle

    first = draw(width, height)
    last = np.roll(first, 4, axis=1)
    got, other = middle.middle(first, last), TorchMiddle("cpu").middle(first, last)
    assert got.shape == other.shape == first.shape
    assert retiming.psnr(got, other) >= ALIKE_DB
    assert retiming.psnr(got, first) < ALIKE_DB


def test_large_pictures_are_seen_at_half_scale() -> None:
    """From 1024 pixels on the longer side, padded to what the coarsest block needs."""
    assert scales_of(1023, 512) == (4, 2, 1)
    assert scales_of(512, 1024) == (8, 4, 2)
    assert padded(500, 30) == (512, 32)
    assert padded(1000, 1025) == (1024, 1088)


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a number of them is used."""
    assert sum(tensor.size for tensor in shelf.weights().values()) == 2_277_600
    monkeypatch.setattr(shelf, "SHA256", "0" * 64)
    with pytest.raises(DamagedInstall, match="rife-hdv3"):
        shelf.weights()
    monkeypatch.setattr(shelf, "WEIGHTS", "gone.safetensors")
    with pytest.raises(DamagedInstall, match="gone"):
        OpenCvMiddle()


@needs_torch
def test_weights_are_read_as_their_own_library_reads_them() -> None:
    """Names, shapes and numbers."""
    from safetensors.numpy import load_file

    file = resources.files("unstill.engines.retime") / "assets" / shelf.WEIGHTS
    wanted, got = load_file(str(file)), shelf.weights()
    assert wanted.keys() == got.keys()
    assert all(np.array_equal(wanted[name], got[name]) for name in got)


@pytest.mark.parametrize(("value", "wanted"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02")])
def test_whole_numbers_are_written_as_protocol_buffers_do(value: int, wanted: str) -> None:
    """300 is the example of its documentation."""
    assert varint(value).hex() == wanted
