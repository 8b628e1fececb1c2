"""The schedulers, built from the checkpoint's own configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler

if TYPE_CHECKING:
    from torch import Tensor

_KINDS = {"ddim": DDIMScheduler, "dpm++": DPMSolverMultistepScheduler, "unipc": UniPCMultistepScheduler}


class Schedule:
    """The way from noise to a clip. Latents are float32 [f 4 h w]; times and tables stay on the host."""

    def __init__(self, name: str, config: Mapping[str, Any], steps: int) -> None:
        kind = _KINDS[name]
        known = inspect.signature(kind.__init__).parameters
        self._scheduler = kind(**{key: value for key, value in config.items() if key in known})
        self._scheduler.set_timesteps(steps, device="cpu")
        self.timesteps: Tensor = self._scheduler.timesteps
        self.initial_sigma = float(self._scheduler.init_noise_sigma)

    def __len__(self) -> int:
        return len(self.timesteps)

    def check(self) -> None:
        """Raises `ValueError` where a noise level is none."""
        kept = self._scheduler.alphas_cumprod
        if len(kept) < int(self._scheduler.config.num_train_timesteps):
            raise ValueError
        if not (
            bool((kept >= 0).all()) and bool((kept <= 1).all()) and 0 < self.initial_sigma < float("inf")
        ):
            raise ValueError
        if int(self.timesteps.min()) < 0 or int(self.timesteps.max()) >= len(kept):
            raise ValueError

    def sigma(self, step: int) -> float:
        """The noise level of a step: the noise's deviation where the picture's scale is 1."""
        kept = float(self._scheduler.alphas_cumprod[int(self.timesteps[step])])
        return ((1 - kept) / kept) ** 0.5 if kept else float("inf")

    def scaled(self, latents: Tensor, step: int) -> Tensor:
        """The latents as the model wants them at a step."""
        scaled: Tensor = self._scheduler.scale_model_input(latents, self.timesteps[step])
        return scaled

    def advance(self, predicted: Tensor, step: int, latents: Tensor) -> tuple[Tensor, Tensor]:
        """The latents of the next step, and the clean ones that this step believes in.

        If it fails half-way (no memory), it can be asked again: the scheduler is put back.
        """
        before = {name: list(v) if isinstance(v, list) else v for name, v in vars(self._scheduler).items()}
        try:
            made = self._scheduler.step(predicted, self.timesteps[step], latents)
        except BaseException:
            vars(self._scheduler).update(before)
            raise
        clean = getattr(made, "pred_original_sample", None)
        return made.prev_sample, self._scheduler.model_outputs[-1] if clean is None else clean
