"""Choose for me: which model makes the best of a request on this machine, under this licence setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from unstill.core.at_hand import ready_here
from unstill.core.by_card import as_card_has_it
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Demanding, EngineFamily, Machine
from unstill.core.services import Services
from unstill.core.unable import unable
from unstill.domain.catalog import ModelCard
from unstill.domain.countries import EU
from unstill.domain.errors import Language, LastPictureNeeded, UnstillError
from unstill.domain.notes import Note, note
from unstill.domain.prompt_language import is_chinese
from unstill.domain.request import VideoRequest

PATIENCE_S = 1800.0
"""Longer than this nobody waits for a clip that could come another way."""
USUAL = (1920, 1080)
"""A picture's size where none is at hand."""
Against = Literal["", "request", "last", "words", "licence", "region", "libraries", "memory", "time"]
"""What speaks against a model; nothing where it can be used."""
REASONS: dict[Against, tuple[str, str]] = {
    "": ("can be used", "可用"),
    "request": ("does not do what is asked", "不支持所要求的功能"),
    "last": ("wants a last picture", "需要尾帧图片"),
    "words": ("does not read the prompt's language", "读不懂描述的语言"),
    "licence": ("its licence limits commercial use", "许可限制商用"),
    "region": ("its licence grants nothing in this region", "许可不适用于本地区"),
    "libraries": ("its libraries are not installed", "未安装所需的库"),
    "memory": ("needs more memory than is free", "可用内存不足"),
    "time": ("takes too long on this machine", "在本机耗时太长"),
}


@dataclass(frozen=True)
class Candidate:
    """One model, and what it would make of the request here."""

    card: ModelCard
    against: Against = ""
    here: bool = False
    """Whether its files are on this computer."""
    plan: Plan | None = None
    problem: UnstillError | None = None
    """Why it has no plan."""
    extra: str = ""
    """The libraries that are not installed."""

    @property
    def usable(self) -> bool:
        return not self.against

    @property
    def worth_having(self) -> bool:
        """Whether it would do here, once what can be fetched is."""
        return self.against in ("", "libraries")

    def to_json(self, language: Language) -> dict[str, Any]:
        plan = self.plan
        return {
            "id": self.card.id,
            "usable": self.usable,
            "reason": REASONS[self.against][language == "zh"],
            "files_here": self.here,
            "standing": self.card.standing,
            "licence": self.card.licence_in(language),
            "download_bytes": self.card.download_bytes,
            "width": plan.width if plan else None,
            "height": plan.height if plan else None,
            "num_frames": plan.num_frames if plan else None,
            "fps": plan.fps if plan else None,
            "placement": plan.details.get("placement") if plan else None,
            "estimated_seconds": round(plan.estimate.seconds, 1) if plan else None,
            "estimated_peak_bytes": plan.estimate.peak_bytes if plan else None,
        }


@dataclass(frozen=True)
class Choice:
    """What "auto" means for one request, and why."""

    card: ModelCard
    notes: tuple[Note, ...]


def decide(
    request: VideoRequest,
    services: Services,
    size: tuple[int, int] = USUAL,
    seconds: float | None = None,
) -> Choice:
    """The best model whose files are here; a note says why, another which would do better. ``seconds``
    counts where the request names no number of frames.

    Raises:
        BadRequest: no model at all makes what is asked.
        NothingFits: none that is here does.
    """
    found = candidates(request, services, size, seconds)
    able = [one for one in found if one.here and (one.usable or _tight_camera(one))]
    if not able:
        raise unable(request, found, REASONS)
    best = able[0]
    said = [note("model_chosen", model=best.card.id, **_why(found))]
    better = next((one for one in found if one.worth_having and one.card.standing > best.card.standing), None)
    return Choice(best.card, (*said, *([_better(better)] if better else [])))


def _tight_camera(one: Candidate) -> bool:
    """A camera's plan warns of memory that is short, and is made all the same."""
    return not one.card.generative and one.against == "memory"


def _better(one: Candidate) -> Note:
    size = f"{one.card.download_bytes / 1e9:.0f}"
    if one.against == "libraries":
        return note("model_better_extra", model=one.card.id, size=size, extra=one.extra)
    return note("model_better", model=one.card.id, size=size)


def _why(found: Sequence[Candidate]) -> dict[str, str]:
    others = sum(one.here for one in found)
    if others == 1:
        return {"why": "the only one whose files are here", "why_zh": "只有它的文件在本机"}
    return {
        "why": f"the best of {others} whose files are here that this machine, the request and the licence "
        "setting allow",
        "why_zh": f"文件在本机的 {others} 个模型中，符合本机、请求和许可设置的最好的一个",
    }


def candidates(
    request: VideoRequest,
    services: Services,
    size: tuple[int, int],
    seconds: float | None = None,
) -> list[Candidate]:
    """All models, the usable ones first and the best first among them."""
    machine = services.machine()
    found = [
        _candidate((request, seconds), family, card, services, machine, size)
        for family in services.families
        for card in family.cards
    ]
    return sorted(found, key=lambda one: (not one.usable, -one.card.standing))


def _candidate(
    asked: tuple[VideoRequest, float | None],
    family: EngineFamily,
    card: ModelCard,
    services: Services,
    machine: Machine,
    size: tuple[int, int],
) -> Candidate:
    here, (request, seconds) = ready_here(card, services), asked
    extra = (family.lacks() if isinstance(family, Demanding) else None) or ""
    try:
        own = request.model_copy(update={"model": card.id, "options": _known(request, card)})
        own = as_card_has_it(own, seconds, family, card)
        plan = make_plan(own, size, [family], machine, finishing=services.finishing)
    except LastPictureNeeded as error:
        return Candidate(card, "last", here, problem=error, extra=extra)
    except UnstillError as error:  # also a picture of a shape that it cannot keep
        return Candidate(card, "request", here, problem=error, extra=extra)
    return Candidate(card, _against(request, plan, services, extra), here, plan, extra=extra)


def _known(request: VideoRequest, card: ModelCard) -> dict[str, Any]:
    return {name: value for name, value in request.options.items() if name in card.options}


def _against(request: VideoRequest, plan: Plan, services: Services, extra: str) -> Against:
    """What weighs most: what nothing here changes comes before what a download does."""
    card = plan.card
    if set(request.options) - set(card.options):
        return "request"
    if services.region and _in_region(services.region, card):
        return "region"
    if services.licences == "commercial" and card.generative and card.terms.commercial != "yes":
        return "licence"
    if not plan.fits:
        return "memory"
    if card.generative and plan.estimate.seconds > PATIENCE_S:
        return "time"
    if card.generative and request.prompt and not _understood(request, card, services):
        return "words"
    return "libraries" if extra else ""


def _understood(request: VideoRequest, card: ModelCard, services: Services) -> bool:
    if "zh" in card.prompt_languages or not is_chinese(request.prompt):
        return True
    try:
        services.translator.require()
    except UnstillError:
        return False
    return True


def _in_region(region: str, card: ModelCard) -> bool:
    """Whether a licence leaves this country out."""
    code = region.upper()
    left_out = set(card.terms.not_in)
    return code in left_out or (code in EU and "EU" in left_out) or (code == "EU" and bool(EU & left_out))
