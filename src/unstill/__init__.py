"""A picture and a sentence go in, a video comes out.

    import unstill

    clip = unstill.generate("photo.jpg", "slow push in")
    clip.save("out.mp4")

Importing this package is quick; heavier libraries are read when they are first needed.
"""

from __future__ import annotations

from unstill.version import __version__

TYPE_CHECKING = False  # type checkers take it for typing's, which would be read before Ctrl-C is quiet
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypedDict, Unpack

    from unstill.core.clip import Clip
    from unstill.core.plan import Plan
    from unstill.core.ports import Progress
    from unstill.domain import errors
    from unstill.domain.catalog import ModelCard
    from unstill.domain.request import VideoRequest

    class Fields(TypedDict, total=False):
        """The settings of a `VideoRequest`; what is left out comes from the model."""

        negative_prompt: str | None
        model: str | None
        size: str | None
        fit: Literal["crop", "pad", "keep"] | None
        background: str | None
        num_frames: int | None
        fps: int | None
        num_inference_steps: int | None
        guidance_scale: float | None
        seed: int | None
        loop: bool | None
        interpolate: Literal[1, 2, 4] | None
        upscale: Literal[1, 2, 4] | None
        format: Literal["mp4", "webm", "gif", "webp"] | None
        visible_label: bool | None
        translate: bool | None
        last_image: object
        loras: Sequence[str | os.PathLike[str] | tuple[str | os.PathLike[str], float]] | None
        options: Mapping[str, float | str | bool] | None


__all__ = [
    "Clip",
    "ModelCard",
    "Plan",
    "VideoRequest",
    "__version__",
    "errors",
    "generate",
    "models",
    "plan",
]

_HOMES = {
    "Clip": "unstill.core.clip",
    "ModelCard": "unstill.domain.catalog",
    "Plan": "unstill.core.plan",
    "VideoRequest": "unstill.domain.request",
}


def generate(
    image: object,
    prompt: str = "",
    *,
    like: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **fields: Unpack[Fields],
) -> Clip:
    """Make a video of a picture, here and now.

    ``image`` is a path, bytes, a file object, a Pillow image or a uint8 array [h w 3]; so is ``last_image``,
    which the last frame shows with models that take one. ``fields`` are `VideoRequest`'s; of ``loras`` each
    is a name, a path to a .safetensors file, or a pair of these and a weight. ``like`` names a video that
    unstill made: its settings are taken where none are given.
    ``progress(stage, done, total)`` is called as the work goes on; what it raises stops it.

    Raises:
        unstill.errors.UnstillError: one leaf of the tree, with a message, a hint and a stable code.
    """
    from unstill.core.clip import Clip, ticking
    from unstill.core.making import prepare

    services, request, earlier = _request(image, prompt, like, fields)
    return Clip.make(prepare(request, services, earlier, tick=ticking(progress)), services, progress)


def plan(
    image: object, prompt: str = "", *, like: str | os.PathLike[str] | None = None, **fields: Unpack[Fields]
) -> Plan:
    """What `generate` would make, without making it.

    For ``motion``, ``plan.details`` holds "moves", "effects" and "auto"; ``plan.to_json()`` has everything.
    Raises as `generate` does.
    """
    from unstill.core.making import plan_picture

    services, request, earlier = _request(image, prompt, like, fields)
    return plan_picture(request, services, earlier)


def models() -> list[ModelCard]:
    """The cards of every model that can be used here, the default first."""
    from unstill.wiring import house

    return [card for family in house().families for card in family.cards]


def _request(
    image: object, prompt: str, like: str | os.PathLike[str] | None, fields: Mapping[str, object]
) -> Any:
    from unstill.core import making
    from unstill.wiring import house

    earlier = making.like(like, house())
    return house(), making.request_of({"image": image, "prompt": prompt, **fields}, earlier), earlier


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "errors":
        return import_module("unstill.domain.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'unstill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
