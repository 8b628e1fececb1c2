"""The denoising of one clip, a step at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import torch

from unstill.engines.i2vgen_xl.acceleration import Accelerator, plain
from unstill.engines.i2vgen_xl.constants import Conditions, prepare
from unstill.engines.i2vgen_xl.layers import KeyValue
from unstill.engines.i2vgen_xl.network import Constants, Network, always_open
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.recipe import Recipe
from unstill.engines.i2vgen_xl.rungs import Rung
from unstill.engines.i2vgen_xl.schedulers import Schedule

if TYPE_CHECKING:
    from torch import Tensor

Made = TypeVar("Made")
Piece = tuple[int, ...]
"""Halves of guidance that go through the network together."""
UNGUIDED, GUIDED = 0, 1
CHANNELS = 4


@dataclass(frozen=True)
class Clip:
    """What one clip is to be."""

    conditions: Conditions
    noise: Tensor
    """Standard normal, float32 [f 4 h w], on the host."""
    steps: int
    guidance: float
    """Not more than 1 for none."""
    target_fps: float
    recipe: Recipe = field(default_factory=Recipe)


def draw(seed: int, num_frames: int, height: int, width: int) -> tuple[torch.Generator, Tensor]:
    """The noise of a clip [f 4 h w] (latent sizes) and the generator that goes on from there.

    Drawn on the CPU in float32 and in diffusers' order [1 4 f h w], so that a seed gives the same clip on
    every device and in every number format, and the noise is that of diffusers' pipeline.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn((1, CHANNELS, num_frames, height, width), generator=generator, dtype=torch.float32)
    return generator, noise[0].transpose(0, 1).contiguous()


class Sampler:
    """Walks through the steps of a clip. A step that failed for lack of memory may be taken again at another
    rung: nothing is changed before it is done."""

    def __init__(self, clip: Clip, parts: Parts, accelerator: Accelerator = plain) -> None:
        self._clip, self._parts, self._accelerator = clip, parts, accelerator
        self._schedule = Schedule(clip.recipe.scheduler, parts.checkpoint.schedule, clip.steps)
        self._latents = clip.noise.to(parts.hardware.device) * self._schedule.initial_sigma
        self._constants: Constants | None = None
        self._network: Network | None = None
        self._deep: dict[Piece, Tensor] = {}
        self._step = 0
        self.clean = self._latents
        """The clip as the last step believes it to be, float32 [f 4 h w]."""

    def __len__(self) -> int:
        return len(self._schedule)

    def forget(self) -> None:
        """Let go of everything that takes memory, whoever may still hold on to this."""
        self._constants = self._network = None
        self._deep = {}
        self._latents = self.clean = self._clip.noise

    @property
    def latents(self) -> Tensor:
        """Float32 [f 4 h w]: after the last step, those of the finished clip."""
        return self._latents

    def step(self, rung: Rung) -> None:
        """Take the next step."""
        with torch.no_grad():
            network, constants = self._ready(rung)
            predicted = self._predict(network, constants)
            self._latents, self.clean = self._schedule.advance(predicted, self._step, self._latents)
        self._step += 1

    def _ready(self, rung: Rung) -> tuple[Network, Constants]:
        gate = self._parts.use("unet", rung)
        if self._network is None or self._network.rung != rung or self._network.gate is not gate:
            self._network = Network(self._parts.anatomy, rung, gate)
        if self._constants is None:
            clip = self._clip
            self._constants = prepare(
                self._parts.anatomy, clip.conditions, len(clip.noise), clip.target_fps,
                self._schedule.timesteps, gate,
            )  # fmt: skip
        return self._network, self._constants

    def _predict(self, network: Network, constants: Constants) -> Tensor:
        """The model's prediction for the clip at this step, guidance applied, float32 [f 4 h w]."""
        scaled = self._schedule.scaled(self._latents, self._step)
        x = scaled.permute(0, 2, 3, 1)[None].to(self._parts.hardware.dtype)
        pieces = self._pieces(network.rung)
        contexts = [constants.context if len(piece) == 2 else constants.half(piece[0]) for piece in pieces]
        row = constants.times[self._step]
        reused = self._reusable(pieces)
        if reused:
            made = [
                self._run(network, network.quick, x, row, constants.picture, context, deep)
                for context, deep in zip(contexts, reused, strict=True)
            ]
        else:
            made = self._full(network, x, row, constants.picture, pieces, contexts)
        halves = [half.float().permute(0, 3, 1, 2) for predicted in made for half in predicted]
        if len(halves) == 1:
            return halves[0]
        unguided, guided = halves
        return unguided + self._clip.guidance * (guided - unguided)

    def _pieces(self, rung: Rung) -> list[Piece]:
        """What goes through the network one after the other at this step."""
        if not self._guided_now():
            return [(GUIDED,)]
        return [(UNGUIDED,), (GUIDED,)] if rung.sequential else [(UNGUIDED, GUIDED)]

    def _guided_now(self) -> bool:
        interval = self._clip.recipe.interval
        if not self._clip.conditions.guided or interval is None:
            return self._clip.conditions.guided
        return interval[0] < self._schedule.sigma(self._step) <= interval[1]

    def _full(
        self,
        network: Network,
        x: Tensor,
        row: Tensor,
        picture: Tensor,
        pieces: Sequence[Piece],
        contexts: Sequence[Sequence[KeyValue]],
    ) -> list[Tensor]:
        """Predictions [b f h w 4] of the whole network, a piece each."""
        if len(pieces) == 1:
            done = [self._run(network, network.full, x, row, picture, contexts[0])]
        else:
            shared = network.start(x, row, picture)
            done = [network.finish(shared, row, context) for context in contexts]
        if self._clip.recipe.reuse > 1:
            self._deep = {piece: deep for piece, (_, deep) in zip(pieces, done, strict=True)}
        return [predicted for predicted, _ in done]

    def _reusable(self, pieces: Sequence[Piece]) -> list[Tensor] | None:
        """Deep features of the last full step for each piece; None where this has to be a full one itself."""
        if self._step % self._clip.recipe.reuse == 0:
            return None
        found = []
        for piece in pieces:
            both = self._deep.get((UNGUIDED, GUIDED))
            deep = self._deep.get(piece)
            if deep is None and both is not None and len(piece) == 1:
                deep = both[piece[0] : piece[0] + 1]
            if deep is None:
                return None
            found.append(deep)
        return found

    def _run(self, network: Network, work: Callable[..., Made], *arguments: object) -> Made:
        """Through the accelerator, where all weights stay in place."""
        return (self._accelerator if network.gate is always_open else plain)(work, *arguments)
