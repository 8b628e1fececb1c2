"""The engine as the rest of the house meets it: progress, previews, cancelling, and a file in the end."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from PIL import Image  # noqa: E402

from tiny_i2vgen import Shelf, machine, picture, plan, whole  # noqa: E402
from unstill.core.metadata import read_settings  # noqa: E402
from unstill.core.plan import Plan  # noqa: E402
from unstill.core.ports import Picture  # noqa: E402
from unstill.core.render import render  # noqa: E402
from unstill.domain.errors import BadOutput, Cancelled  # noqa: E402
from unstill.engines.i2vgen_xl import hardware  # noqa: E402
from unstill.engines.i2vgen_xl.acceleration import mode_for  # noqa: E402
from unstill.engines.i2vgen_xl.conditioning import Remembered  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402
from unstill.engines.i2vgen_xl.hardware import half_is_good, this_hardware  # noqa: E402
from unstill.engines.i2vgen_xl.preview import Glimpse  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung  # noqa: E402
from unstill.engines.i2vgen_xl.sampler import draw  # noqa: E402
from unstill.media.picture import SafePictureDoor  # noqa: E402
from unstill.media.read_video import read_metadata  # noqa: E402
from unstill.media.video import AvVideoMaker  # noqa: E402

Frame = np.ndarray
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHOWN = whole(picture(64, 64))


@dataclass
class Witness:
    """A tick that remembers, and says stop at one of its calls."""

    stop_at: int = 10**6
    said: list[tuple[str, int, int]] = field(default_factory=list)
    previews: list[Frame] = field(default_factory=list)

    def __call__(self, stage: str, done: int, total: int, preview: Frame | None = None) -> None:
        self.said.append((stage, done, total))
        if preview is not None:
            self.previews.append(preview)
        if len(self.said) > self.stop_at:
            raise Cancelled


@pytest.fixture
def engine(shelf: Shelf) -> I2VGenXLEngine:
    return I2VGenXLEngine(shelf, machine())


def film(engine: I2VGenXLEngine, made: Plan, tick: Any = None, anchor: Any = SHOWN) -> np.ndarray:
    return np.stack(list(engine.frames(made, anchor, tick or Witness())))


def live_bytes() -> int:
    """Memory of all tensors that Python can see, but for weights."""
    gc.collect()
    seen = {}
    for thing in gc.get_objects():
        if type(thing) is torch.Tensor:  # not isinstance, which some lazy objects of torch answer loudly
            seen[thing.untyped_storage().data_ptr()] = thing.untyped_storage().nbytes()
    return sum(seen.values())


def test_the_same_seed_gives_the_same_clip(engine: I2VGenXLEngine, shelf: Shelf) -> None:
    """To the last bit, again and in a new engine, whatever was made in between; another seed another."""
    first = film(engine, plan())
    other = film(engine, plan(seed=6, prompt="cat"))
    assert np.array_equal(film(engine, plan()), first)
    assert np.array_equal(film(I2VGenXLEngine(shelf, machine()), plan()), first)
    assert np.abs(first.astype(int) - other).max() > 5


def test_every_setting_counts(engine: I2VGenXLEngine) -> None:
    """A word, the negative prompt, guidance, steps, the picture: each changes the clip."""
    usual = film(engine, plan())
    changes: list[dict[str, Any]] = [
        {"prompt": "a dog"}, {"negative_prompt": "fog"}, {"guidance_scale": 3.0}, {"num_inference_steps": 4},
        {"options": {"target_fps": 1}}, {"options": {"scheduler": "unipc"}},
    ]  # fmt: skip
    clips = [film(engine, plan(**change)) for change in changes]
    clips.append(film(engine, plan(), anchor=whole(picture(64, 64, seed=1))))
    assert not any(np.array_equal(clip, usual) for clip in clips)


def test_noise_is_drawn_on_the_processor_in_one_order() -> None:
    """The device's own generator would give every device its own clip; more frames go on from fewer rows."""
    _, noise = draw(7, 3, 2, 5)
    expected = torch.randn((1, 4, 3, 2, 5), generator=torch.Generator().manual_seed(7))
    assert torch.equal(noise, expected[0].transpose(0, 1))
    assert noise.dtype == torch.float32
    generator, _ = draw(7, 3, 2, 5)
    assert torch.randn(1, generator=generator) not in noise


def test_progress_is_told_at_every_step(engine: I2VGenXLEngine) -> None:
    """In the stages that the rest of the house knows, with a preview every few steps."""
    watch = Witness()
    film(engine, plan(size="96x64", num_inference_steps=9, num_frames=3), watch, whole(picture(96, 64)))
    steps = [("step", done, 9) for done in range(10)]
    frames = [("decode", done, 3) for done in range(4)]
    assert watch.said == [("look", 0, 1), ("look", 1, 1), *steps, *frames]
    assert len(watch.previews) == 2
    assert all(p.shape == (171, 256, 3) and p.dtype == np.uint8 for p in watch.previews)


def test_a_preview_shows_the_picture_in_its_colours() -> None:
    """Fitted to the picture itself: where latents are a line away from colours it is exact."""
    shown = np.kron(picture(12, 9), np.ones((8, 8, 1), np.uint8))
    colours = torch.from_numpy(picture(12, 9)).permute(2, 0, 1).float() / 255
    mixing = torch.tensor([[2.0, 0.3, -1], [0.1, -1.5, 0.4], [1, 1, 1], [-0.5, 0.2, 2]])
    latents = torch.einsum("lc,chw->lhw", mixing, colours) + 0.7
    glimpse = Glimpse(shown, latents[None])
    seen = np.asarray(Image.fromarray(glimpse.of(latents)).resize((12, 9), Image.Resampling.BOX))
    assert np.abs(seen.astype(int) - picture(12, 9)).mean() < 6


def test_a_flat_picture_has_a_preview_too() -> None:
    """One colour and latents that never vary: nothing to fit a line to, and still its colour."""
    grey = np.full((64, 64, 3), 90, np.uint8)
    seen = Glimpse(grey, torch.full((1, 4, 8, 8), 0.5)).of(torch.full((4, 8, 8), 0.5))
    assert np.abs(seen.astype(int) - 90).max() <= 2


@pytest.mark.parametrize("rung", [Rung.RESIDENT, Rung.STREAMED])
def test_cancelling_at_any_step_frees_memory(rung: Rung, shelf: Shelf) -> None:
    """Nothing of the clip is left but what is remembered of words and pictures; the next clip is whole."""
    engine, made = I2VGenXLEngine(shelf, machine(rung)), plan()
    calm = film(engine, made)
    total, before = 2 + 4 + 3, live_bytes()
    for at in range(total):
        with pytest.raises(Cancelled):
            film(engine, made, Witness(stop_at=at))
        assert live_bytes() <= before, at
    assert np.array_equal(film(engine, made), calm)


def test_a_clip_that_nobody_wants_to_the_end_frees_memory(engine: I2VGenXLEngine) -> None:
    """Whoever takes the frames may stop, as an encoder with a full disk does."""
    film(engine, plan())
    before = live_bytes()
    frames = engine.frames(plan(), SHOWN, Witness())
    next(frames)
    frames.close()
    assert live_bytes() <= before


def test_words_and_pictures_are_remembered(engine: I2VGenXLEngine) -> None:
    """The encoders work once for each; the model is read once."""
    engine.load(plan())
    calls = []
    parts = engine._loaded.parts  # type: ignore[union-attr]
    for name in ("text_encoder", "image_encoder"):
        parts.checkpoint.modules[name].register_forward_hook(lambda *_, name=name: calls.append(name))
    film(engine, plan())
    film(engine, plan(seed=9, guidance_scale=2.0))
    assert calls == ["text_encoder", "text_encoder", "image_encoder"]
    film(engine, plan(prompt="a dog"), anchor=whole(picture(64, 64, seed=2)))
    assert calls[3:] == ["text_encoder", "image_encoder"]
    assert engine._loaded.parts is parts  # type: ignore[union-attr]


def test_memory_of_words_is_bounded() -> None:
    """The longest unused is forgotten."""
    known = Remembered[int](2)
    known.put("a", 1)
    known.put("b", 2)
    assert known.get("a") == 1
    known.put("c", 3)
    assert [known.get(name) for name in "abc"] == [1, None, 3]


def test_unloading_gives_everything_back(shelf: Shelf) -> None:
    """Weights too; and it can be loaded again."""
    engine = I2VGenXLEngine(shelf, machine())
    first = film(engine, plan())

    def weights() -> int:
        gc.collect()
        return sum(type(thing) is torch.nn.Parameter for thing in gc.get_objects())

    there = weights()
    engine.unload()
    assert weights() < there - 300
    assert np.array_equal(film(engine, plan()), first)


def test_words_that_were_cut_off_are_said(engine: I2VGenXLEngine) -> None:
    """By field, with the words themselves."""
    film(engine, plan(prompt="the cat " * 38, negative_prompt="the " * 76))
    said = [(note.code, note.facts["field"], note.facts["words"]) for note in engine.notes()]
    assert said == [("prompt_cut", "prompt", "cat"), ("prompt_cut", "negative_prompt", "the")]
    film(engine, plan())
    assert engine.notes() == ()


@pytest.mark.parametrize("speed", ["balanced", "fast"])
def test_speed_changes_the_picture_a_little(speed: str, engine: I2VGenXLEngine) -> None:
    """Corners are cut, on request alone: another clip, and one without broken numbers."""
    plain = plan(num_inference_steps=8, options={"scheduler": "dpm++"})
    cut = plan(num_inference_steps=8, options={"speed": speed})
    exact, quick = film(engine, plain), film(engine, cut)
    assert not np.array_equal(exact, quick)
    assert quick.std() > 5
    assert np.array_equal(film(engine, cut), quick)


@pytest.mark.parametrize("speed", ["balanced", "fast"])
def test_speed_is_the_same_on_every_rung(speed: str, shelf: Shelf) -> None:
    """What is reused is kept for each half alike."""
    made = plan(num_inference_steps=8, options={"speed": speed})
    clips = [
        film(I2VGenXLEngine(shelf, machine(rung)), made).astype(int)
        for rung in (Rung.RESIDENT, Rung.SEQUENTIAL)
    ]
    assert np.abs(clips[0] - clips[1]).max() <= 1


def test_fast_computes_less(engine: I2VGenXLEngine) -> None:
    """Fewer operations: half the guidance and half the deep layers."""
    from torch.utils.flop_counter import FlopCounterMode

    def flops(made: Plan) -> int:
        with FlopCounterMode(display=False) as counter:
            film(engine, made)
        return int(counter.get_total_flops())

    film(engine, plan())
    speeds = ("exact", "balanced", "fast")
    few = {"num_inference_steps": 8, "num_frames": 1}
    exact, balanced, fast = (flops(plan(**few, options={"speed": s})) for s in speeds)
    assert balanced < 0.95 * exact
    assert fast < 0.9 * balanced


@pytest.mark.parametrize(("part", "weight"), [("unet", "conv_out.bias"), ("vae", "decoder.conv_out.bias")])
def test_numbers_that_overflow_are_an_error(part: str, weight: str, loose: Shelf) -> None:
    """Not a black video, wherever it happens."""
    from safetensors.torch import load_file, save_file

    path = loose.path / part / "diffusion_pytorch_model.safetensors"
    state = load_file(path)
    state[weight] = torch.full_like(state[weight], float("nan"))
    save_file(state, path)
    with pytest.raises(BadOutput, match="overflowed"):
        film(I2VGenXLEngine(loose, machine()), plan())


# --- the whole way ------------------------------------------------------------------------------------------


def test_a_picture_becomes_a_film(shelf: Shelf, tmp_path: Path) -> None:
    """Through the real door, engine and encoder to an MP4 that decodes again, with its settings inside."""
    settings = {"size": "96x64", "fit": "crop", "num_frames": 4, "num_inference_steps": 4}
    made = plan(**settings, options={"speed": "balanced"})
    door = SafePictureDoor()
    anchor = door.fit(Picture(picture(200, 100), "cat.png", "PNG"), made)
    watch = Witness()
    target = tmp_path / "cat.mp4"
    done = render(
        made, anchor, "cat.png", target, I2VGenXLEngine(shelf, machine()), AvVideoMaker(), tick=watch
    )
    assert done.path == target
    assert target.stat().st_size > 1000
    codes = [note.code for note in done.notes]
    assert codes[:2] == ["speed_chosen", "outside_training"]
    assert {stage for stage, *_ in watch.said} >= {"look", "step", "decode", "check"}
    assert len(watch.previews) == 1
    found = read_settings(read_metadata(target))
    assert found is not None
    assert found["generative"] is True
    assert "non-commercial" in found["licence"]
    assert found["details"]["scheduler"] == "dpm++"
    assert found["request"]["options"] == {"speed": "balanced"}


def test_a_cancelled_film_leaves_no_file(shelf: Shelf, tmp_path: Path) -> None:
    """At a step or while frames are written."""
    engine = I2VGenXLEngine(shelf, machine())
    for at in (4, 7):
        with pytest.raises(Cancelled):
            render(plan(), SHOWN, "x", tmp_path / "x.mp4", engine, AvVideoMaker(), tick=Witness(stop_at=at))
    assert list(tmp_path.iterdir()) == []


# --- the device ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capability", "name", "half"),
    [((9, 0), "NVIDIA H100 80GB HBM3", True), ((7, 5), "NVIDIA GeForce RTX 2080 Ti", True),
     ((7, 5), "NVIDIA GeForce GTX 1660 Ti", False), ((6, 1), "NVIDIA GeForce GTX 1080", False)],
)  # fmt: skip
def test_half_precision_where_the_device_is_good_at_it(
    capability: tuple[int, int], name: str, half: bool
) -> None:
    """Old cards are slow in it, and those of the 16 series wrong."""
    assert half_is_good(capability, name) is half


@pytest.mark.skipif(torch.cuda.is_available(), reason="this is about computers without a graphics card")
def test_a_processor_computes_in_single_precision() -> None:
    """On rungs that make a difference there, uncompiled."""
    here = this_hardware()
    assert here.dtype in (torch.float32, torch.float16)
    assert here.available_bytes() is None
    assert Rung.STREAMED not in here.rungs
    for asked in ("auto", "compile", "graphs", "off"):
        assert mode_for(plan(options={"acceleration": asked}), here) == "off"


def test_a_card_that_computes_wrong_in_half_gets_single(monkeypatch: pytest.MonkeyPatch) -> None:
    """And every rung of the ladder is open to a graphics card."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA GeForce GTX 1650")
    found = hardware.this_hardware()
    assert (found.device.type, found.dtype) == ("cuda", torch.float32)
    assert tuple(found.rungs) == tuple(Rung)


def test_a_rung_that_is_not_to_be_had_here_is_passed_over(shelf: Shelf) -> None:
    """A plan made elsewhere may name one: the next lower one is taken."""
    engine = I2VGenXLEngine(shelf, machine(Rung.CHUNKED, Rung.SEQUENTIAL))
    planned = plan()
    planned = replace(planned, details={**planned.details, "placement": "streamed"})
    assert film(engine, planned).shape == (2, 64, 64, 3)
    planned = replace(planned, details={**planned.details, "placement": "nonsense"})
    assert film(engine, planned).shape == (2, 64, 64, 3)
