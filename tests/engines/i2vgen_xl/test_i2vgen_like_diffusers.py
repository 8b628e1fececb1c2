"""The same clip as diffusers' own pipeline makes, given the same words, picture, noise and weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler  # noqa: E402

from tiny_i2vgen import SCHEDULE, Shelf, embed, machine, picture, plan, reference, whole  # noqa: E402
from unstill.core.plan import Plan  # noqa: E402
from unstill.core.ports import Anchor  # noqa: E402
from unstill.engines.i2vgen_xl.checkpoint import open_checkpoint  # noqa: E402
from unstill.engines.i2vgen_xl.conditioning import Conditioner, condition  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402
from unstill.engines.i2vgen_xl.parts import Parts  # noqa: E402
from unstill.engines.i2vgen_xl.recipe import recipe_of  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung  # noqa: E402
from unstill.engines.i2vgen_xl.sampler import Clip, Sampler, draw  # noqa: E402

# diffusers' solvers hand torch's tables to NumPy the old way
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Modules = dict[str, Any]
IDS = {"": [516, 517], "the cat": [516, 515, 513, 517]}
"""What the tiny tokenizer makes of words: start, merged words, end."""


@pytest.fixture(scope="module")
def parts(shelf: Shelf) -> Parts:
    return Parts(open_checkpoint(shelf.path, "i2vgen-xl", torch.float32), machine())


def embedded(networks: Modules, words: str) -> Any:
    """Embeddings by the text encoder alone, from ids written out by hand."""
    ids = IDS[words] + [517] * (77 - len(IDS[words]))
    return embed(networks["text_encoder"], torch.tensor([ids]))


def latents(made: Plan, anchor: Anchor, parts: Parts, rung: Rung = Rung.RESIDENT) -> Any:
    """Ours, [f 4 h w], by the parts that the engine is made of."""
    conditioner, guidance = Conditioner(parts), float(made.request.guidance_scale or 0)
    texts = ["", "the cat"] if guidance > 1 else ["the cat"]
    generator, noise = draw(made.seed, made.num_frames, made.height // 8, made.width // 8)
    conditions = condition(
        [conditioner.words(text, rung) for text in texts], conditioner.picture(anchor, rung), generator
    )
    steps, fps = int(made.request.num_inference_steps or 0), float(made.option("target_fps"))
    sampler = Sampler(Clip(conditions, noise, steps, guidance, fps, recipe_of(made)), parts)
    for _ in range(len(sampler)):
        sampler.step(rung)
    parts.rest()
    return sampler.latents


def theirs(made: Plan, shown: np.ndarray, networks: Modules, **settings: Any) -> Any:
    """Diffusers' latents [f 4 h w]."""
    words = embedded(networks, ""), embedded(networks, "the cat")
    done = reference(
        networks, shown, made.seed, words, height=made.height, width=made.width, num_frames=made.num_frames,
        num_inference_steps=made.request.num_inference_steps, guidance_scale=made.request.guidance_scale,
        target_fps=made.option("target_fps"), output_type="latent", **settings,
    )  # fmt: skip
    return done[0].transpose(0, 1)


def furthest(ours: Any, others: Any) -> float:
    """The largest difference; the values themselves are about 1."""
    assert ours.shape == others.shape
    assert others.std() > 0.3
    return float((ours - others).abs().max())


@pytest.mark.parametrize(
    ("size", "frames", "guidance", "fps"),
    [
        ("64x64", 1, 9.0, 16),
        ("64x96", 3, 9.0, 16),
        ("104x72", 4, 5.5, 8),  # sides that do not halve evenly
        ("64x64", 5, 1.0, 24),  # no guidance
        ("128x64", 2, 1.5, 16),
    ],
)
def test_a_clip_is_that_of_diffusers(
    size: str, frames: int, guidance: float, fps: int, parts: Parts, networks: Modules
) -> None:
    """Whatever the size, the number of frames, guidance and the condition on fps."""
    made = plan(size=size, num_frames=frames, guidance_scale=guidance, options={"target_fps": fps})
    shown = picture(made.width, made.height)
    assert furthest(latents(made, whole(shown), parts), theirs(made, shown, networks)) < 1e-4


def test_the_condition_on_fps_counts(parts: Parts) -> None:
    """Another target gives another clip."""
    slow, quick = (plan(options={"target_fps": fps}) for fps in (8, 16))
    shown = whole(picture(64, 64))
    assert furthest(latents(slow, shown, parts), latents(quick, shown, parts)) > 1e-3


@pytest.mark.parametrize("rung", [rung for rung in Rung if rung.exact])
def test_every_rung_makes_the_same_clip(rung: Rung, parts: Parts, networks: Modules) -> None:
    """Placement costs time, never the picture."""
    made, shown = plan(size="72x64", num_frames=3), picture(72, 64)
    assert furthest(latents(made, whole(shown), parts, rung), theirs(made, shown, networks)) < 1e-4


@pytest.mark.parametrize("rung", [Rung.RESIDENT, Rung.SEQUENTIAL, Rung.STREAMED])
def test_every_rung_can_do_without_guidance(rung: Rung, parts: Parts, networks: Modules) -> None:
    """There is only one half then."""
    made, shown = plan(guidance_scale=1.0), picture(64, 64)
    assert furthest(latents(made, whole(shown), parts, rung), theirs(made, shown, networks)) < 1e-4


@pytest.mark.parametrize(
    ("name", "kind"), [("dpm++", DPMSolverMultistepScheduler), ("unipc", UniPCMultistepScheduler)]
)
def test_other_schedulers_are_those_of_diffusers(
    name: str, kind: Any, parts: Parts, networks: Modules
) -> None:
    """Built from the checkpoint's own configuration."""
    made = plan(num_inference_steps=6, options={"scheduler": name})
    shown = picture(64, 64)
    others = theirs(made, shown, networks, scheduler=kind.from_config(SCHEDULE))
    assert furthest(latents(made, whole(shown), parts), others) < 1e-4


def test_the_image_encoder_sees_the_middle_of_the_whole_picture(parts: Parts, networks: Modules) -> None:
    """While the VAE sees the first frame: what lies outside it changes the clip, as in diffusers."""
    shown, made = picture(112, 64), plan(size="64x64")
    anchor = Anchor(shown[:, 24:88], shown, (24, 0, 88, 64))
    assert furthest(latents(made, anchor, parts), theirs(made, shown, networks)) < 1e-4
    wide = plan(size="96x64")
    anchor = Anchor(shown[:, 8:104], shown, (8, 0, 104, 64))
    assert furthest(latents(wide, anchor, parts), theirs(wide, shown, networks)) < 1e-4


def test_frames_are_those_of_diffusers(shelf: Shelf, networks: Modules) -> None:
    """Decoded and rounded to bytes; half of a value may be rounded either way."""
    made, shown = plan(size="64x72", num_frames=3), picture(64, 72)
    words = embedded(networks, ""), embedded(networks, "the cat")
    others = reference(
        networks, shown, made.seed, words, height=72, width=64, num_frames=3, num_inference_steps=3,
        guidance_scale=9.0, output_type="np",
    )[0]  # fmt: skip
    frames = list(I2VGenXLEngine(shelf, machine()).frames(made, whole(shown), lambda *_: None))
    assert all(frame.dtype == np.uint8 and frame.shape == (72, 64, 3) for frame in frames)
    assert np.abs(np.stack(frames) - others * 255).max() < 0.51
    assert any(np.abs(a.astype(int) - b).max() > 0 for a, b in pairwise(frames))
