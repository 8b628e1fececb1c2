"""The options of a request that every row understands, and what they make of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unstill.domain.catalog import Option
from unstill.domain.errors import Language
from unstill.domain.notes import Note, note
from unstill.engines.pipelines.row import Row

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest

CACHE_THRESHOLD = 0.06
"""Of first-block caching: a pass whose first block changes by less than this share takes the rest from the
last one. diffusers' own default is 0.05; 0.08 is what ParaAttention names for a speed-up of 1.5 to 2 with
little loss. Between them."""
ACCELERATIONS = ("off", "compile")
QUANTIZATIONS = ("none", "int8", "nf4", "gguf")

SPEED_ABOUT: Mapping[Language, str] = {
    "en": "exact leaves nothing out; balanced skips what hardly changes between steps and may keep weights "
    "in 8 bits, which changes the picture a little.",
    "zh": "exact 不做任何省略；balanced 跳过步骤间几乎不变的计算，并可用 8 位权重，画面会略有变化。",
}
QUANTIZATION_ABOUT: Mapping[Language, str] = {
    "en": "Keeps the denoiser's weights smaller all along: int8, nf4 (4 bits, needs an NVIDIA card), or gguf "
    "where such a file lies in the model's folder. The picture changes.",
    "zh": "始终以更小的格式保存去噪网络的权重：int8、nf4（4 位，需要 NVIDIA 显卡），或模型文件夹中的 "
    "gguf 文件。画面会有变化。",
}
ACCELERATION_ABOUT: Mapping[Language, str] = {
    "en": "compile builds the repeated blocks for the graphics card: the first clip takes longer, the "
    "next ones less.",
    "zh": "compile 为显卡编译重复的模块：第一段视频更慢，之后更快。",
}


@dataclass(frozen=True)
class Recipe:
    """What a clip's options ask for."""

    speed: str = "exact"
    quantization: str = "none"
    acceleration: str = "off"
    lightning: bool = False

    @property
    def exact(self) -> bool:
        """Whether weights and work are to stay as they are."""
        return self.speed == "exact"


def options(
    *, gguf: bool = False, compiles: bool = True, fields: Mapping[str, Option] | None = None
) -> Mapping[str, Option]:
    """The options of a card."""
    kinds = QUANTIZATIONS if gguf else QUANTIZATIONS[:-1]
    found = {
        "speed": Option("exact", SPEED_ABOUT, choices=("exact", "balanced")),
        "quantization": Option("none", QUANTIZATION_ABOUT, choices=kinds),
    }
    if compiles:
        found["acceleration"] = Option("off", ACCELERATION_ABOUT, choices=ACCELERATIONS)
    return {**found, **(fields or {})}


def read_options(request: VideoRequest, row: Row) -> tuple[dict[str, object], dict[str, Any], list[Note]]:
    """Defaults, details and notes that follow from a request's options; bad ones are the plan's to refuse."""
    given = {name: str(request.options.get(name, spec.default)) for name, spec in row.card.options.items()}
    recipe = Recipe(
        given.get("speed", "exact"), given.get("quantization", "none"), given.get("acceleration", "off"),
        given.get("lightning", "off") != "off",
    )  # fmt: skip
    details: dict[str, Any] = {
        "speed": recipe.speed,
        "quantization": recipe.quantization,
        "acceleration": recipe.acceleration,
        "lightning": recipe.lightning,
    }
    if row.card.negative_prompt:
        given_words = request.negative_prompt
        details["negative_prompt_used"] = row.negative_prompt if given_words is None else given_words
    defaults: dict[str, object] = {}
    if recipe.lightning and row.lightning:
        defaults = {"num_inference_steps": row.lightning.steps, "guidance_scale": 1.0}
    return defaults, details, _said(recipe, row)


def _said(recipe: Recipe, row: Row) -> list[Note]:
    if recipe.exact:
        return []
    if not row.caches:
        return [note("speed_chosen", speed=recipe.speed, what="weights may be kept in 8 bits",
                     what_zh="可用 8 位权重")]  # fmt: skip
    return [note("speed_chosen", speed=recipe.speed, what="what hardly changes between steps is reused",
                 what_zh="复用步骤间几乎不变的结果")]  # fmt: skip


def recipe_of(plan: Plan) -> Recipe:
    """What `read_options` wrote into a plan's details."""
    details = plan.details
    return Recipe(
        str(details["speed"]), str(details["quantization"]), str(details["acceleration"]),
        bool(details["lightning"]),
    )  # fmt: skip
