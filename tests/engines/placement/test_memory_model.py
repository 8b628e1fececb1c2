"""The memory that plans promise, against what our own code would allocate: counted on the network of the real
size with tensors that have shapes and no values."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from meta_meter import Meter, measured  # noqa: E402
from unstill.engines.i2vgen_xl.anatomy import Anatomy, dissect, lay_out  # noqa: E402
from unstill.engines.i2vgen_xl.card import PARAMETERS  # noqa: E402
from unstill.engines.i2vgen_xl.memory import (  # noqa: E402
    NARROW_BYTES,
    PLAIN_PARAMETERS,
    STREAMED_PARAMETERS,
    WIDENED_PARAMETERS,
    activation_bytes,
    picture_bytes,
)
from unstill.engines.i2vgen_xl.network import Constants, Network  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung, frames_at_once  # noqa: E402

TOKENS = 145


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    from diffusers import I2VGenXLUNet

    with torch.device("meta"):
        unet = I2VGenXLUNet(sample_size=32).half().eval().requires_grad_(False)
    lay_out(unet)
    return dissect(unet)


@pytest.fixture(scope="module")
def vae() -> Any:
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        made = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip
    return made.half().eval().requires_grad_(False)


def constants(anatomy: Anatomy, size: tuple[int, int, int], halves: int) -> Constants:
    """What `prepare` leaves for the steps."""

    def empty(*shape: int) -> torch.Tensor:
        return torch.empty(*shape, dtype=torch.float16, device="meta")

    width, height, frames = size
    pairs = []
    for layer in anatomy.layers:
        if layer.spatial is not None:
            attention = layer.spatial.transformer_blocks[0].attn2
            shape = (halves, attention.heads, TOKENS, attention.to_k.out_features // attention.heads)
            pairs.append((empty(*shape), empty(*shape)))
    times = max(layer.time[1] for layer in anatomy.layers)
    return Constants(empty(1, frames, height // 8, width // 8, 4), empty(50, times), pairs)


def one_step(anatomy: Anatomy, size: tuple[int, int, int], rung: Rung, guided: bool) -> Meter:
    """A step as `Sampler` takes it."""
    width, height, frames = size
    with measured(anatomy.unet) as meter:
        known = constants(anatomy, size, 2 if guided else 1)
        latents = torch.empty(frames, 4, height // 8, width // 8, device="meta")
        x, row = latents.permute(0, 2, 3, 1)[None].half(), known.times[3]
        network = Network(anatomy, rung)
        if guided and rung.sequential:
            shared = network.start(x, row, known.picture)
            made = [network.finish(shared, row, known.half(number)) for number in (0, 1)]
        else:
            made = [network.full(x, row, known.picture, known.context)]
    assert made[0][0].shape[-1] == 4
    return meter


@pytest.mark.parametrize(
    ("size", "rung", "guided"),
    [
        ((512, 512, 16), Rung.RESIDENT, True),
        ((512, 512, 16), Rung.CHUNKED, True),
        ((512, 512, 16), Rung.SEQUENTIAL, True),
        ((768, 768, 24), Rung.OFFLOADED, True),
        ((1024, 1024, 16), Rung.CHUNKED, True),
        ((1280, 704, 16), Rung.STREAMED, True),
        ((256, 256, 16), Rung.CHUNKED, True),
        ((320, 576, 40), Rung.SEQUENTIAL, True),
        ((640, 640, 8), Rung.CHUNKED, False),
        ((64, 64, 2), Rung.RESIDENT, False),
    ],
)
def test_a_step_takes_what_is_promised(
    anatomy: Anatomy, size: tuple[int, int, int], rung: Rung, guided: bool
) -> None:
    """Within a tenth."""
    counted = one_step(anatomy, size, rung, guided)
    promised = activation_bytes(*size, rung, guided=guided, value=2)
    assert promised == pytest.approx(counted.peak, rel=0.1), counted.at


@pytest.mark.parametrize(
    ("size", "rung"), [((512, 512), Rung.RESIDENT), ((1280, 704), Rung.CHUNKED), ((256, 320), Rung.OFFLOADED)]
)
def test_the_vae_takes_what_is_promised(vae: Any, size: tuple[int, int], rung: Rung) -> None:
    """The larger of what the picture takes and what the frames that are decoded at once take."""
    width, height = size
    with measured(vae) as meter:
        few = frames_at_once(rung, width, height)
        latents = torch.empty(few, 4, height // 8, width // 8, dtype=torch.float16, device="meta")
        vae.decode(latents, return_dict=False)
    decoding = meter.peak
    with measured(vae) as meter:
        _ = vae.encode(torch.empty(1, 3, height, width, dtype=torch.float16, device="meta")).latent_dist.std
    counted = max(decoding, meter.peak)
    assert picture_bytes(width, height, rung, value=2) == pytest.approx(counted, rel=0.1)


def test_weights_are_those_of_the_real_network(anatomy: Anatomy, vae: Any) -> None:
    """Of streamed ones the three largest neighbours are there, and what belongs to no unit."""
    sizes = [sum(each.numel() for each in unit.parameters()) for unit in anatomy.units()]
    whole = sum(each.numel() for each in anatomy.unet.parameters())
    assert whole == PARAMETERS["unet"]
    assert sum(each.numel() for each in vae.parameters()) == PARAMETERS["vae"]
    matrices = [[each for each in unit.parameters() if each.dim() > 1] for unit in anatomy.units()]
    assert sum(each.numel() for unit in matrices for each in unit) == NARROW_BYTES
    assert max(sum(each.numel() for each in unit) for unit in matrices) == WIDENED_PARAMETERS
    scales = sum(each.shape[0] for unit in matrices for each in unit)
    assert whole - NARROW_BYTES + scales == PLAIN_PARAMETERS
    around = [sizes[n] + sizes[(n + 1) % len(sizes)] + sizes[(n + 2) % len(sizes)] for n in range(len(sizes))]
    assert max(around) + whole - sum(sizes) == STREAMED_PARAMETERS


def test_the_meter_sees_what_is_held_at_once() -> None:
    """Known sums: two of three buffers of 4 KB at a time."""
    with measured() as meter:
        first = torch.empty(1024, device="meta")
        second = first + 1
        del first
        third = second * 2
        assert third.shape == (1024,)
    assert meter.peak == 2 * 4096
