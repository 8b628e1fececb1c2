"""Each saving by itself: what is computed differently comes out the same."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from diffusers import AutoencoderKL, I2VGenXLUNet  # noqa: E402

from tiny_i2vgen import Shelf, machine  # noqa: E402
from unstill.engines.i2vgen_xl import layers, rungs  # noqa: E402
from unstill.engines.i2vgen_xl.acceleration import Accelerator  # noqa: E402
from unstill.engines.i2vgen_xl.anatomy import dissect, lay_out  # noqa: E402
from unstill.engines.i2vgen_xl.checkpoint import open_checkpoint  # noqa: E402
from unstill.engines.i2vgen_xl.constants import Conditions, prepare  # noqa: E402
from unstill.engines.i2vgen_xl.decoder import decode, to_pixels  # noqa: E402
from unstill.engines.i2vgen_xl.narrow import Narrow, narrowed  # noqa: E402
from unstill.engines.i2vgen_xl.network import Constants, Network  # noqa: E402
from unstill.engines.i2vgen_xl.parts import Parts  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung, frames_at_once, rows_at_once  # noqa: E402
from unstill.engines.i2vgen_xl.streaming import Stream  # noqa: E402

Modules = dict[str, Any]
FRAMES, HEIGHT, WIDTH = 3, 10, 9


@pytest.fixture
def parts(shelf: Shelf) -> Parts:
    return Parts(open_checkpoint(shelf.path, "i2vgen-xl", torch.float32), machine())


@pytest.fixture(autouse=True)
def no_gradients() -> Any:
    with torch.no_grad():
        yield


def drawn(*shape: int, seed: int = 0) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def conditions() -> Conditions:
    return Conditions(drawn(2, 77, 16), drawn(1, 16, seed=1), drawn(1, 4, HEIGHT, WIDTH, seed=2))


def constants(parts: Parts) -> Constants:
    return prepare(parts.anatomy, conditions(), FRAMES, 16.0, torch.tensor([981, 500]))


def predicted(parts: Parts, known: Constants, step: int = 0) -> Any:
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3)
    network = Network(parts.anatomy, Rung.RESIDENT)
    return network.full(x, known.times[step], known.picture, known.context)[0]


def test_the_network_is_diffusers_forward_pass(parts: Parts, networks: Modules) -> None:
    """Both halves, every step, at a size that does not halve evenly."""
    given, known = conditions(), constants(parts)
    later = torch.tensor([0.5, 1.0])[:, None, None].expand(-1, HEIGHT, WIDTH)
    shown = torch.cat([given.latents[:, :, None], later[None, None].expand(1, 4, -1, -1, -1)], dim=2)
    seen = torch.stack([torch.zeros_like(given.picture), given.picture])
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3).permute(0, 4, 1, 2, 3).expand(2, -1, -1, -1, -1)
    for step, time in enumerate((981, 500)):
        others = networks["unet"](
            x, torch.tensor(time), fps=torch.tensor([16, 16]), image_latents=shown.expand(2, -1, -1, -1, -1),
            image_embeddings=seen, encoder_hidden_states=given.words, return_dict=False,
        )[0].permute(0, 2, 3, 4, 1)  # fmt: skip
        assert torch.allclose(predicted(parts, known, step), others, atol=1e-5)
        assert others.std() > 0.1


def test_the_halves_may_go_one_after_the_other(parts: Parts) -> None:
    """What they share is computed once and left as it was for the second."""
    known = constants(parts)
    network = Network(parts.anatomy, Rung.SEQUENTIAL)
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3)
    shared = network.start(x, known.times[0], known.picture)
    made = [network.finish(shared, known.times[0], known.half(number))[0] for number in (0, 1)]
    assert torch.allclose(torch.cat(made), predicted(parts, known), atol=1e-5)
    assert not torch.allclose(made[0], made[1], atol=1e-3)


@pytest.mark.parametrize("rows", [1, 7, 64, 10_000])
def test_feed_forward_layers_may_be_cut_anywhere(rows: int, parts: Parts) -> None:
    """In slices of any number of rows, whether they divide or not."""
    block = parts.anatomy.down[0].layers[0].spatial.transformer_blocks[0]
    x = drawn(2, FRAMES, 5, 7, 8)
    whole = layers.feed_forward(x.clone(), block, None)
    assert torch.allclose(layers.feed_forward(x.clone(), block, rows), whole, atol=1e-6)
    assert not torch.allclose(whole, x, atol=1e-3)


def test_slices_are_sized_for_each_layer() -> None:
    """Wide layers take fewer rows; without need nothing is cut."""
    assert rows_at_once(Rung.OFFLOADED, 2560, 2) is None
    narrow, wide = (rows_at_once(Rung.CHUNKED, hidden, 2) for hidden in (2560, 10240))
    assert narrow is not None
    assert wide is not None
    assert narrow == 4 * wide + narrow % 4
    assert narrow * 2560 * 2 <= rungs.CHUNK_BYTES
    assert [frames_at_once(Rung.RESIDENT, side, side) for side in (256, 512, 1024)] == [16, 4, 1]
    assert frames_at_once(Rung.CHUNKED, 64, 64) == 1


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_attention_over_time_may_be_split(most: int, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA refuses more than 65,535 heads at once; places count as heads here."""
    whole = predicted(parts, constants(parts))
    monkeypatch.setattr(layers, "MOST_HEADS", most)
    assert torch.allclose(predicted(parts, constants(parts)), whole, atol=1e-5)


def test_laying_weights_out_keeps_their_values(networks: Modules, shelf: Shelf) -> None:
    """Channels come last in memory, and the state is the same to the last bit."""
    unet = open_checkpoint(shelf.path, "i2vgen-xl", torch.float32).unet
    lay_out(unet)
    assert unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    temporal = dissect(unet).down[0].layers[0].temporal_conv.conv1[-1].weight
    assert temporal.squeeze(-1).is_contiguous(memory_format=torch.channels_last)
    assert not temporal.is_contiguous()
    saved = networks["unet"].state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in unet.state_dict().items())


def test_the_anatomy_has_every_module_once(networks: Modules) -> None:
    """Units and what always stays make up the whole UNet."""
    anatomy = dissect(networks["unet"])
    units = list(anatomy.units())
    assert len({id(unit) for unit in units}) == len(units)
    inside = {id(p) for unit in units for p in unit.parameters()}
    rest = {name.split(".")[0] for name, p in networks["unet"].named_parameters() if id(p) not in inside}
    assert rest == {
        "conv_in", "conv_norm_out", "conv_out", "time_embedding", "fps_embedding", "context_embedding",
        "image_latents_proj_in", "image_latents_temporal_encoder", "image_latents_context_embedding",
    }  # fmt: skip


def test_a_stream_keeps_two_units_and_brings_all_home(parts: Parts) -> None:
    """The one at work and the next; the host's copies are what is left afterwards."""
    unet = parts.checkpoint.unet
    homes = {name: p.data_ptr() for name, p in unet.named_parameters()}
    whole = predicted(parts, constants(parts))
    stream = Stream(unet, parts.anatomy.units(), torch.device("cpu"))
    stream.open()
    most = []

    def gate(unit: Any) -> None:
        stream(unit)
        assert stream.units_here[0] is unit
        most.append(len(stream.units_here))

    known = prepare(parts.anatomy, conditions(), FRAMES, 16.0, torch.tensor([981, 500]), gate)
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3)
    network = Network(parts.anatomy, Rung.STREAMED, gate)
    made = network.full(x, known.times[0], known.picture, known.context)[0]
    assert torch.allclose(made, whole, atol=1e-5)
    assert set(most) == {2}
    assert {name for name, p in unet.named_parameters() if p.data_ptr() != homes[name]}
    stream.close()
    assert {name: p.data_ptr() for name, p in unet.named_parameters()} == homes


def test_eight_bits_are_near_and_everything_comes_home(parts: Parts) -> None:
    """One unit is wide at a time; matrices of the others are gone from the device. The picture is near."""
    unet, units = parts.checkpoint.unet, list(parts.anatomy.units())
    homes = {name: p.data_ptr() for name, p in unet.named_parameters()}
    whole = predicted(parts, constants(parts))
    narrow = Narrow(unet, units, torch.device("cpu"))
    narrow.open()
    asked: list[Any] = []

    def gate(unit: Any) -> None:
        narrow(unit)
        asked.append(unit)
        wide = [each for each in units if all(p.numel() for p in each.parameters())]
        assert wide == [unit]

    known = prepare(parts.anatomy, conditions(), FRAMES, 16.0, torch.tensor([981, 500]), gate)
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3)
    made = Network(parts.anatomy, Rung.FP8, gate).full(x, known.times[0], known.picture, known.context)[0]
    assert {id(unit) for unit in asked} == {id(unit) for unit in units}
    assert 1e-4 < float((made - whole).norm() / whole.norm()) < 0.3
    narrow.close()
    assert {name: p.data_ptr() for name, p in unet.named_parameters()} == homes
    assert torch.equal(predicted(parts, constants(parts)), whole)
    matrices = [each for unit in units for each in unit.parameters() if each.dim() > 1]
    kept = [each.data for each in matrices]
    for each in matrices:
        each.data = narrowed(each.data).wide()
    rounded = predicted(parts, constants(parts))
    for each, home in zip(matrices, kept, strict=True):
        each.data = home
    assert torch.allclose(made, rounded, atol=1e-5)


@pytest.mark.parametrize("size", [1.0, 3e-3, 1e-5, 6e4])
def test_a_weight_in_eight_bits(size: float) -> None:
    """Each value that is not tiny in its row comes back within a sixteenth, whatever the row's size; a row
    of nothing stays nothing."""
    torch.manual_seed(0)
    weight = (torch.randn(8, 3, 3, 3).clamp(-3, 3) * size / 3).half()
    weight[5] = 0
    back = narrowed(weight).wide()
    assert back.dtype == torch.float16
    assert torch.isfinite(back).all()
    assert not back[5].any()
    large = weight.abs() > 0.01 * weight.abs().amax(dim=(1, 2, 3), keepdim=True)
    off = ((back - weight).float().abs() / weight.float().abs().clamp(min=1e-12))[large]
    assert float(off.max()) <= (1 / 16 + 1e-3 if size > 1e-4 else 0.5)


@pytest.mark.parametrize("few", [1, 2, 3, 8])
def test_frames_may_be_decoded_in_any_pieces(few: int, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of one decoding of all."""
    monkeypatch.setattr(rungs, "DECODED_PIXELS", few * 64 * 80)
    vae: AutoencoderKL = parts.checkpoint.vae
    latents = drawn(5, 4, 10, 8)
    whole = to_pixels(vae.decode(latents / vae.config.scaling_factor).sample).numpy()
    made = list(decode(latents, parts, lambda work: work(Rung.RESIDENT)))
    assert len(made) == 5
    assert all((abs(a.astype(int) - b.astype(int)) <= 1).all() for a, b in zip(made, whole, strict=True))


def test_the_network_compiles_as_one_graph() -> None:
    """Without a break, and to the same values. Two levels have all kinds of layers."""
    torch.manual_seed(0)
    small = I2VGenXLUNet(
        block_out_channels=(8, 8), layers_per_block=1, cross_attention_dim=16, attention_head_dim=4,
        norm_num_groups=4, down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
    ).eval()  # fmt: skip
    network = Network(dissect(small), Rung.RESIDENT)
    known = prepare(network.anatomy, conditions(), FRAMES, 16.0, torch.tensor([500]))
    given = (drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3), known.times[0], known.picture, known.context)
    accelerator = Accelerator("compile", backend="eager")
    made, _ = accelerator(network.full, *given)
    assert not accelerator.failed
    assert torch.allclose(made, network.full(*given)[0], atol=1e-5)


def test_deep_features_of_the_same_step_give_the_same(parts: Parts) -> None:
    """DeepCache computes the first and last layers anew: with features up to date nothing is lost."""
    known, network = constants(parts), Network(parts.anatomy, Rung.RESIDENT)
    x = drawn(1, FRAMES, HEIGHT, WIDTH, 4, seed=3)
    made, deep = network.full(x, known.times[0], known.picture, known.context)
    again = network.quick(x, known.times[0], known.picture, known.context, deep)
    assert torch.allclose(again, made, atol=1e-6)
    later = network.quick(x, known.times[1], known.picture, known.context, deep)
    assert not torch.allclose(later, made, atol=1e-3)


def test_many_sizes_are_compiled() -> None:
    """torch gives a function up at the ninth unless told otherwise; a day's work has more sizes."""

    class Work:
        def double(self, x: Any) -> Any:
            return x * 2

    accelerator, work = Accelerator("compile", backend="eager"), Work()
    for size in range(2, 22):
        assert accelerator(work.double, torch.ones(size)).tolist() == [2.0] * size
    assert not accelerator.failed


def test_what_cannot_be_compiled_runs_without() -> None:
    """The failure is remembered, and not tried at every step."""
    tried = []

    def refuse(*_: object) -> None:
        tried.append(1)
        raise ValueError("no compiler here")

    class Work:
        def add(self, x: Any) -> Any:
            return x + 1

    accelerator, work = Accelerator("compile", backend=refuse), Work()
    assert accelerator(work.add, torch.ones(2)).tolist() == [2, 2]
    assert accelerator.failed
    assert accelerator(work.add, torch.ones(2)).tolist() == [2, 2]
    assert len(tried) == 1
