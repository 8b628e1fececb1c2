"""Real-ESRGAN's networks: their tensors, their tiles, and what they enlarge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from safetensors.torch import save_file  # noqa: E402

from testcard import draw  # noqa: E402
from unstill.domain.weight_errors import WeightsDamaged  # noqa: E402
from unstill.engines.upscale.cards import ANIME_VIDEO, CARDS, X4PLUS  # noqa: E402
from unstill.engines.upscale.enlarging import Enlarging, enlarge  # noqa: E402
from unstill.engines.upscale.networks import Compact, Deep  # noqa: E402

SIZE_OF_X4PLUS = 66_857_836
"""Bytes of the published file."""


def frame(height: int = 40, width: int = 56) -> torch.Tensor:
    """[1 3 h w], 0..1."""
    return torch.from_numpy(draw(width, height)).permute(2, 0, 1)[None].float() / 255


def made(network: torch.nn.Module) -> torch.nn.Module:
    """With random weights, always the same."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("network", [Compact(8, 3), Deep(1, 8, 4)])
def test_tiles_are_not_seen(network: torch.nn.Module) -> None:
    """Tile by tile, of a size that does not divide the frame, it comes out as in one piece."""
    made(network)
    whole = enlarge(network, frame(), 1000, 1000)
    assert whole.shape == (1, 3, 160, 224)
    tiled = enlarge(network, frame(), 24, 20)
    torch.testing.assert_close(tiled, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("network", [Compact(8, 3), Deep(1, 8, 4)])
def test_a_stage_sees_no_farther_than_it_says(network: torch.nn.Module) -> None:
    """A pixel that changes changes nothing beyond the radius, and something near it."""
    made(network).double()
    black = torch.zeros(1, 3, 61, 61, dtype=torch.float64)
    lit = black.clone()
    lit[..., 30, 30] = 1
    change = (network.look(lit) - network.look(black)).abs().sum((0, 1))
    reach = network.look_radius
    assert change[30, 30 - reach : 31 + reach].min() > 0
    change[30 - reach : 31 + reach, 30 - reach : 31 + reach] = 0
    assert change.max() == 0


def test_the_deep_network_has_the_published_tensors() -> None:
    """702 of them; written as safetensors they are as many bytes as the published file."""
    tensors = {name: tuple(value.shape) for name, value in Deep().state_dict().items()}
    assert len(tensors) == 702
    assert tensors["body.22.rdb3.conv5.weight"] == (64, 192, 3, 3)
    assert {"conv_first.weight", "conv_body.bias", "conv_up2.weight", "conv_hr.weight"} <= tensors.keys()
    assert sum(int(np.prod(shape)) for shape in tensors.values()) == X4PLUS.parameters
    assert X4PLUS.download_bytes == SIZE_OF_X4PLUS


def test_the_compact_network_has_the_published_tensors() -> None:
    """18 convolutions with a PReLU after all but the last, in one row."""
    tensors = Compact().state_dict()
    assert len(tensors) == 2 * 18 + 17
    assert tuple(tensors["body.34.weight"].shape) == (48, 64, 3, 3)
    assert tuple(tensors["body.33.weight"].shape) == (64,)
    assert sum(value.numel() for value in tensors.values()) == ANIME_VIDEO.parameters


def test_without_a_change_the_frame_itself_is_enlarged(tmp_path: Path) -> None:
    """The compact network only adds to it: with zeros everywhere each pixel becomes 4 x 4, or 2 x 2."""
    save_file({name: torch.zeros_like(value) for name, value in Compact().state_dict().items()},
              tmp_path / ANIME_VIDEO.files[0])  # fmt: skip
    enlarging, seen = Enlarging(ANIME_VIDEO, tmp_path, "cpu"), draw(20, 12)
    for times in (2, 4):
        assert (enlarging.enlarged(seen, times) == seen.repeat(times, 0).repeat(times, 1)).all()


@pytest.mark.parametrize("card", CARDS)
def test_other_tensors_are_refused(tmp_path: Path, card: object) -> None:
    """A file of another network, and one that is cut off."""
    save_file({"body.0.weight": torch.zeros(1)}, tmp_path / card.files[0])
    with pytest.raises(WeightsDamaged):
        Enlarging(card, tmp_path, "cpu")
    (tmp_path / card.files[0]).write_bytes(b"\x08")
    with pytest.raises(WeightsDamaged):
        Enlarging(card, tmp_path, "cpu")
