"""How one clip is to be denoised: scheduler, and the corners that the person allows to be cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unstill.domain.notes import Note, note
from unstill.engines.i2vgen_xl.card import CARD, NEGATIVE_PROMPT

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest

INTERVAL = (0.28, 5.42)
"""Guide only while the noise level sigma is in here (low excluded): arXiv 2404.07724, section 4, the values
found there for Stable Diffusion XL."""


@dataclass(frozen=True)
class Recipe:
    """What the sampler is told."""

    scheduler: str = "ddim"
    interval: tuple[float, float] | None = None
    """Noise levels sigma between which guidance is applied; None for all of them."""
    reuse: int = 1
    """Features of the deep layers are computed at every ``reuse``-th step (DeepCache, arXiv 2312.00858)."""

    @property
    def exact(self) -> bool:
        return self.interval is None and self.reuse == 1


@dataclass(frozen=True)
class _Speed:
    recipe: Recipe
    steps: int | None
    what: str = ""
    what_zh: str = ""


_SPEEDS: Mapping[str, _Speed] = {
    "exact": _Speed(Recipe(), None),
    "balanced": _Speed(
        Recipe("dpm++", INTERVAL),
        25,
        "guidance in the middle of the steps only",
        "只在中间的步骤使用引导",
    ),
    "fast": _Speed(
        Recipe("dpm++", INTERVAL, 2),
        20,
        "guidance in the middle of the steps only, deep features reused at every second step",
        "只在中间的步骤使用引导，每隔一步复用深层特征",
    ),
}


def read_options(request: VideoRequest) -> tuple[dict[str, object], dict[str, Any], list[Note]]:
    """Defaults, details and notes that follow from a request's options; bad ones are the plan's to refuse."""
    name = str(request.options.get("speed", CARD.options["speed"].default))
    speed = _SPEEDS.get(name, _SPEEDS["exact"])
    scheduler = str(request.options.get("scheduler", speed.recipe.scheduler))
    defaults: dict[str, object] = {} if speed.steps is None else {"num_inference_steps": speed.steps}
    details: dict[str, Any] = {
        "scheduler": scheduler,
        "guidance_interval": list(speed.recipe.interval) if speed.recipe.interval else None,
        "reuse_features": speed.recipe.reuse,
        "negative_prompt_used": _negative(request),
    }
    if speed.recipe.exact:
        return defaults, details, []
    steps = request.num_inference_steps or speed.steps
    return defaults, details, [_said(name, speed, scheduler, steps)]


def _negative(request: VideoRequest) -> str:
    """An empty one is a wish; none at all means the authors'."""
    return NEGATIVE_PROMPT if request.negative_prompt is None else request.negative_prompt


def _said(name: str, speed: _Speed, scheduler: str, steps: int | None) -> Note:
    what, what_zh = f"{scheduler}, {steps} steps, {speed.what}", f"{scheduler}，{steps} 步，{speed.what_zh}"
    return note("speed_chosen", speed=name, what=what, what_zh=what_zh)


def recipe_of(plan: Plan) -> Recipe:
    """What `read_options` wrote into a plan's details."""
    interval = plan.details["guidance_interval"]
    low_high = (float(interval[0]), float(interval[1])) if interval else None
    return Recipe(str(plan.details["scheduler"]), low_high, int(plan.details["reuse_features"]))
