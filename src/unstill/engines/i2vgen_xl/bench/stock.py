"""The same clip by diffusers' own pipeline, called so that it runs: with the prompt's embeddings given."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from unstill.engines.i2vgen_xl.bench.clip import picture
from unstill.engines.i2vgen_xl.bench.meter import Meter
from unstill.engines.i2vgen_xl.checkpoint import SCALE, Checkpoint
from unstill.engines.i2vgen_xl.conditioning import SKIPPED
from unstill.engines.i2vgen_xl.hardware import Hardware
from unstill.engines.i2vgen_xl.reading import Eye
from unstill.engines.i2vgen_xl.sampler import draw

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from unstill.core.plan import Plan
    from unstill.core.ports import Tick


@dataclass(frozen=True)
class StockRun:
    """A clip of the stock pipeline and what it took."""

    meter: Meter
    latents: Tensor
    """Float32 [f 4 h w], on the host."""
    frames: int


class _Looking:
    """What the pipeline asks of its feature extractor, whose own class may want torchvision."""

    def __init__(self, eye: Eye) -> None:
        self.crop_size = {"width": eye.width, "height": eye.height}
        self._mean, self._std = (torch.tensor(part).view(3, 1, 1) for part in (eye.mean, eye.std))

    def __call__(self, images: Tensor, **_: object) -> _Looking:
        self.pixel_values = (torch.as_tensor(images) - self._mean) / self._std
        return self


def lay_out_as_usual(module: Module) -> None:
    """Store convolutions' weights the way torch makes them, and diffusers leaves them."""
    for part in module.modules():
        if isinstance(part, (torch.nn.Conv2d, torch.nn.Conv3d)):
            part.weight.data = part.weight.data.contiguous()


@contextmanager
def on_device(checkpoint: Checkpoint, hardware: Hardware) -> Iterator[None]:
    """All parts on the device, as diffusers' ``pipe.to(device)`` leaves them, for as long as the block runs.

    On leaving they are on the host; `Parts` lays them out anew when it takes them.
    """
    try:
        for module in checkpoint.modules.values():
            lay_out_as_usual(module)
            module.to(hardware.device)
        yield
    finally:
        for module in checkpoint.modules.values():
            module.to("cpu")
        hardware.give_back()


def run_stock(
    plan: Plan, warm: Plan | None, checkpoint: Checkpoint, hardware: Hardware, tick: Tick
) -> StockRun:
    """Make the plan's clip with diffusers' pipeline, the parts being `on_device`; see `clip.run_ours`.

    The noise and the draw from the picture's distribution are ours, so that both make the same clip.
    """
    if warm is not None:
        _run(warm, checkpoint, hardware, lambda *_: tick("warm_up", 0, 1))
    return _run(plan, checkpoint, hardware, tick)


def _run(plan: Plan, checkpoint: Checkpoint, hardware: Hardware, tick: Any) -> StockRun:
    meter, kept = Meter(hardware), list[torch.Tensor]()
    shown = Image.fromarray(picture(plan.width, plan.height))
    generator, noise = draw(plan.seed, plan.num_frames, plan.height // SCALE, plan.width // SCALE)
    steps = int(plan.request.num_inference_steps or 1)
    with _hushed(), torch.no_grad():
        pipe = _pipeline(checkpoint)
        _watch(pipe, meter, kept, steps, tick)
        meter.start()
        tick("look", 0, 1)
        with _drawn_on_host(checkpoint.vae, generator):
            made = pipe(
                image=shown,
                latents=noise.transpose(0, 1)[None].to(hardware.dtype),
                **_embeddings(plan, checkpoint, hardware),
                height=plan.height,
                width=plan.width,
                num_frames=plan.num_frames,
                num_inference_steps=steps,
                guidance_scale=float(plan.request.guidance_scale or 1.0),
                target_fps=int(plan.option("target_fps")),
            ).frames[0]
        meter.stop()
    return StockRun(meter, kept[0][0].transpose(0, 1).to("cpu", torch.float32), len(made))


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing is said of the pipeline's being deprecated, nor of parts that are not used here."""
    loggers = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _pipeline(checkpoint: Checkpoint) -> Any:
    import diffusers
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    pipe = diffusers.I2VGenXLPipeline(
        **checkpoint.modules,
        tokenizer=None,
        feature_extractor=_Looking(checkpoint.eye),
        scheduler=DDIMScheduler.from_config(dict(checkpoint.schedule)),
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _watch(pipe: Any, meter: Meter, kept: list[Tensor], steps: int, tick: Any) -> None:
    """Hear of each step, and keep the latents of the last."""
    usual_step, usual_decode, taken = pipe.scheduler.step, pipe.decode_latents, 0

    @functools.wraps(usual_step)  # the pipeline looks at its signature
    def step(*arguments: Any, **named: Any) -> Any:
        nonlocal taken
        meter.step()
        tick("step", taken, steps)
        taken += 1
        return usual_step(*arguments, **named)

    @functools.wraps(usual_decode)
    def decode(latents: Tensor, *arguments: Any, **named: Any) -> Any:
        kept.append(latents)
        return usual_decode(latents, *arguments, **named)

    pipe.scheduler.step, pipe.decode_latents = step, decode


@contextmanager
def _drawn_on_host(vae: Any, generator: torch.Generator) -> Iterator[None]:
    """The picture's latents are drawn with ``generator``, on the host in float32, as ours are."""
    usual = vae.encode

    def encode(*arguments: Any, **named: Any) -> Any:
        found = usual(*arguments, **named)
        spread = found.latent_dist
        noise = torch.randn(spread.mean.shape, generator=generator, dtype=torch.float32)
        spread.sample = lambda: spread.mean + spread.std * noise.to(spread.mean.device, spread.mean.dtype)
        return found

    vae.encode = encode
    try:
        yield
    finally:
        del vae.encode


def _embeddings(plan: Plan, checkpoint: Checkpoint, hardware: Hardware) -> dict[str, Tensor]:
    """Of the prompt and the negative prompt [1 77 c]: the last but one layer through the final norm."""
    encoder = checkpoint.text_encoder
    words = {
        "prompt_embeds": plan.request.prompt,
        "negative_prompt_embeds": plan.details["negative_prompt_used"],
    }
    made = {}
    for name, text in words.items():
        ids = checkpoint.tokens.ids(str(text)).to(hardware.device)
        layers = encoder(ids, output_hidden_states=True).hidden_states
        final = getattr(encoder, "text_model", encoder).final_layer_norm
        made[name] = final(layers[-(SKIPPED + 1)])
    return made
