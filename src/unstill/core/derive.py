"""Videos made from videos: what a remix and an extension ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from unstill.core.asking import Ask, chosen, request_of
from unstill.core.by_card import frames_for
from unstill.core.making import plan_for
from unstill.core.pictures import size_of
from unstill.core.plan import Plan, find_card
from unstill.core.services import Services
from unstill.domain.errors import BadRequest, OutOfRange, UnknownModel
from unstill.domain.job import Input, Job, State, state_words
from unstill.domain.notes import note
from unstill.domain.request import FRAMES, VideoRequest
from unstill.domain.service_errors import NotReady, Unsupported
from unstill.domain.weight_errors import NothingFits

EXTENDABLE = (".mp4", ".webm")
CHANGEABLE = frozenset(
    {"prompt", "negative_prompt", "translate", "seed", "options", "num_inference_steps", "guidance_scale"}
)
"""Settings that an extension may have of its own, beside its length; the others are the source's."""


@dataclass(frozen=True)
class Extension:
    """The added part's request and plan, and the facts of the whole file for the job's row."""

    request: VideoRequest
    plan: Plan
    facts: Mapping[str, Any]
    ask: Ask
    """What was asked for, with what could not be heeded named."""


def remix_ask(source: Job, ask: Ask, services: Services) -> Ask:
    """The same settings under another prompt, with a new seed unless one is given. Raises `Unsupported`.

    Which pictures come along is `pictures_kept`'s to say.
    """
    if source.kind != "generate":
        raise Unsupported(what="remix an extension", what_zh="给续写的视频换描述（remix）")
    named = ask.fields.get("model")
    ask = ask.settled(named if isinstance(named, str) else source.model, services)
    old = {name: value for name, value in source.request.items() if name not in ("seed", "prompt")}
    timed = {"num_frames", "fps"} & ask.fields.keys()
    if ask.seconds is not None and "num_frames" not in timed:
        old.pop("num_frames", None)
    if "model" in ask.fields and ask.fields["model"] != source.model:
        old = {name: old[name] for name in ("negative_prompt",) if name in old}  # the rest was its own
    merged = {**old, **ask.fields}
    if isinstance(ask.fields.get("options"), Mapping):
        merged["options"] = {**old.get("options", {}), **ask.fields["options"]}
    return replace(ask, fields=merged)


def pictures_kept(source: Job, ask: Ask, services: Services) -> tuple[Ask, Input]:
    """A remix's ask with its model chosen, and the pictures that it has from its source: without the last
    one where its own model takes none, or nothing here that could do the rest does. Raises as `chosen`."""
    kept = source.input
    try:
        ask = chosen(ask, services, kept.last, size_of(kept))
    except (BadRequest, NothingFits):
        if kept.last is None:
            raise
        ask = chosen(ask, services, None, size_of(kept))
    named = ask.fields.get("model")
    model = named if isinstance(named, str) else source.model
    try:
        _, card = find_card(model, services.families)
    except UnknownModel:  # planning knows whether its engine is broken
        return ask, kept
    if card.last_picture != "no" or kept.last is None:
        return ask, kept
    told = note("setting_unused", param="last_image", model=card.id)
    return replace(ask, notes=(*ask.notes, told)), replace(kept, last=None)


def extension_of(source: Job, ask: Ask, services: Services) -> Extension:
    """What goes on from the last frame of a finished video for ``ask.seconds`` (or ``num_frames``) more.

    The added part begins with that last frame again, which is left out of the file: its request asks for
    one frame more than is added.

    Raises:
        NotReady: the source is not finished.
        Unsupported: it cannot be gone on from.
    """
    assert ask.seconds is not None
    _check_source(source, services)
    heeded = _continued(source, ask.settled(source.model, services), services)
    request = request_of(heeded, services)
    size = (int(source.plan["width"]), int(source.plan["height"]))
    plan = plan_for(request, size, services, source.plan.get("label_language") or ask.language)
    earlier = int(source.plan["num_frames"])
    total = earlier + plan.num_frames - 1
    if total > FRAMES[1]:
        most = max(0, (FRAMES[1] - earlier) // plan.fps)
        raise OutOfRange(param="seconds", value=f"{ask.seconds:g}", low=round(1 / plan.fps, 3), high=most)
    facts = {"num_frames": total, "seconds": round(total / plan.fps, 3)}
    return Extension(request, plan, facts, heeded)


def _continued(source: Job, ask: Ask, services: Services) -> Ask:
    """The source's settings with what of the new ones an extension may have of its own."""
    assert ask.seconds is not None
    said = {name: value for name, value in ask.fields.items() if name in CHANGEABLE}
    kept = {name: value for name, value in source.request.items() if name not in ("seed", "loop", "prompt")}
    _, card = find_card(source.model, services.families)
    added = VideoRequest(num_frames=ask.fields.get("num_frames")).num_frames
    if added is None:
        added = frames_for(ask.seconds, int(source.request["fps"]), card)
    frames = added if added >= card.frames.high else added + 1
    larger = int(kept.get("upscale") or 1)  # the source's size is that of its enlarged frames
    size = f"{source.plan['width'] // larger}x{source.plan['height'] // larger}"
    fields = {**kept, **said, "size": size, "fit": "crop", "num_frames": frames}
    if isinstance(said.get("options"), Mapping):
        fields["options"] = {**kept.get("options", {}), **said["options"]}
    vain = sorted(ask.fields.keys() - CHANGEABLE - {"num_frames"})
    notes = (*ask.notes, *(note("kept_from_source", param=name) for name in vain))
    return Ask(fields, deadline_s=ask.deadline_s, notes=notes)


def _check_source(source: Job, services: Services) -> None:
    cards = (card for family in services.families for card in family.cards)
    if any(card.id == source.model and card.last_picture == "must" for card in cards):
        raise Unsupported(
            param="video", what=f"extend a video of {source.model}, which always goes to a last picture",
            what_zh=f"续写 {source.model} 的视频（它总要有尾帧图片）",
        )  # fmt: skip
    if source.state is not State.COMPLETED or source.output is None:
        raise NotReady(id=source.id, **state_words(source.state.value))
    if not source.output.file.endswith(EXTENDABLE):
        kind = source.output.file.rpartition(".")[2]
        raise Unsupported(what=f"extend a .{kind}", what_zh=f"续写 .{kind} 文件")
    if source.plan.get("loop"):
        raise Unsupported(what="extend a loop", what_zh="续写循环视频")
