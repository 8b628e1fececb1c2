"""Tuning advice: what people complain about in generated video, and what to try next. In both languages.

The numbers are those the field passes on for I2VGen-XL; what is tried next stays within the model's card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language

LITTLE_MOTION = 2.0
"""Levels of 255; see `unstill.core.measure.ClipMeasure.motion`. Measured: a push in of a seventh of the
usual way has 1.7 to 3.8."""
BLURRED = 0.4
"""See `unstill.core.measure.ClipMeasure.sharpness`. Measured on photos of 512 x 512: sharp ones have 0.60 to
0.71, blurred by a Gaussian of 2 pixels 0.32 to 0.41."""
LIVELY, LIVELIEST = 9.0, 11.0
FINE_STEPS, QUICK_STEPS = 60, 50
SMALL_SIDE, FINE_SIZE, SMALL_SIZE = 512, "768p", "512p"
FEW_FRAMES = 16

Id = Literal["little_motion", "blurred", "out_of_memory", "too_slow", "off_prompt"]
Changes = Mapping[str, object]
"""Request fields and the values to try."""


@dataclass(frozen=True)
class Made:
    """What is known of the clip at hand; None where it is not known."""

    guidance_scale: float | None = None
    num_inference_steps: int | None = None
    short_side: int | None = None
    num_frames: int | None = None


@dataclass(frozen=True)
class Advice:
    """One complaint and its remedy."""

    id: Id
    symptom: Mapping[Language, str]
    text: Mapping[Language, str]
    next: Callable[[Made], Changes]
    """What to set next, coming from there; empty where the settings are not what should change."""

    def changes(self, made: Made, card: ModelCard) -> Changes:
        """What to set next, as far as the model knows such a setting and takes the value."""
        return {name: value for name, value in self.next(made).items() if _takes(card, name, value)}

    def to_json(self, language: Language = "en") -> dict[str, object]:
        return {"id": self.id, "symptom": self.symptom[language], "advice": self.text[language]}


def _livelier(made: Made) -> Changes:
    scale = made.guidance_scale or 0.0
    return {} if scale >= LIVELIEST else {"guidance_scale": LIVELY if scale < LIVELY else LIVELIEST}


def _finer(made: Made) -> Changes:
    changes: dict[str, object] = {}
    if (made.short_side or 0) < 768:
        changes["size"] = FINE_SIZE
    if (made.num_inference_steps or 0) < FINE_STEPS:
        changes["num_inference_steps"] = FINE_STEPS
    return changes


def _smaller(made: Made) -> Changes:
    if made.short_side is None or made.short_side > SMALL_SIDE:
        return {"size": SMALL_SIZE}
    frames = made.num_frames or FEW_FRAMES
    return {"num_frames": FEW_FRAMES if frames > FEW_FRAMES else max(1, frames // 2)}


def _quicker(made: Made) -> Changes:
    steps = made.num_inference_steps
    return {"num_inference_steps": QUICK_STEPS} if steps is None or steps > QUICK_STEPS else {}


def _as_it_is(_: Made) -> Changes:
    return {}


ADVICE: tuple[Advice, ...] = (
    Advice(
        "little_motion",
        {"en": "Little moves", "zh": "画面几乎不动"},
        {
            "en": "Raise the guidance to 9, then to 11, and name the movement in the prompt.",
            "zh": "把引导强度提高到 9，再到 11，并在描述里写明动作。",
        },
        _livelier,
    ),
    Advice(
        "blurred",
        {"en": "It is blurred", "zh": "画面模糊"},
        {"en": "Make it at 768p with 60 steps.", "zh": "改用 768p 和 60 步。"},
        _finer,
    ),
    Advice(
        "out_of_memory",
        {"en": "The memory does not suffice", "zh": "显存或内存不足"},
        {
            "en": "Choose a smaller size, then fewer frames; nothing else saves as much.",
            "zh": "先减小尺寸，再减少帧数，这两项最省。",
        },
        _smaller,
    ),
    Advice(
        "too_slow",
        {"en": "It takes too long", "zh": "生成太慢"},
        {
            "en": "50 steps are enough; more cost time and show little.",
            "zh": "50 步就够，再多只会更慢，效果差别很小。",
        },
        _quicker,
    ),
    Advice(
        "off_prompt",
        {"en": "It does not do what the prompt says", "zh": "没有按描述生成"},
        {
            "en": "Say in English what is seen and what it does, with plain verbs: "
            '"the woman turns her head and smiles", not "a lively mood".',
            "zh": "用英文写画面里有什么、在做什么，动词要具体："
            "例如 “the woman turns her head and smiles”，而不是笼统的氛围词。",
        },
        _as_it_is,
    ),
)


def seen(motion: float, sharpness: float) -> tuple[Advice, ...]:
    """The advice that a clip's numbers ask for. Units: `unstill.core.measure.ClipMeasure`."""
    signs: dict[Id, bool] = {"little_motion": motion < LITTLE_MOTION, "blurred": sharpness < BLURRED}
    return tuple(advice for advice in ADVICE if signs.get(advice.id))


def _takes(card: ModelCard, name: str, value: object) -> bool:
    """Whether a model has this setting and can take this value."""
    limits = {"guidance_scale": card.guidance, "num_inference_steps": card.steps, "num_frames": card.frames}
    if name in limits:
        span = limits[name]
        return span is not None and isinstance(value, (int, float)) and value in span
    side = str(value).removesuffix("p")
    return name == "size" and side.isdigit() and int(side) in card.side
