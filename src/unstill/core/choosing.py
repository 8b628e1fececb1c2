"""Choose for me: which model makes the best of a request on this machine, under this licence setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from unstill.core.at_hand import ready_here
from unstill.core.plan import Plan, make_plan
from unstill.core.ports import Demanding, EngineFamily, Machine
from unstill.core.services import Services
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language, UnstillError
from unstill.domain.notes import Note, note
from unstill.domain.prompt_language import is_chinese
from unstill.domain.request import VideoRequest

AUTO = "auto"
PATIENCE_S = 1800.0
"""Longer than this nobody waits for a clip that could come another way."""
USUAL = (1024, 1024)
Against = Literal["", "request", "words", "licence", "region", "libraries", "memory", "time"]
"""What speaks against a model; nothing where it can be used."""
REASONS: dict[Against, tuple[str, str]] = {
    "": ("can be used", "可用"),
    "request": ("does not do what is asked", "不支持所要求的功能"),
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

    @property
    def usable(self) -> bool:
        return not self.against

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


def decide(request: VideoRequest, services: Services, size: tuple[int, int] = USUAL) -> Choice:
    """The best model whose files are here; a note says why, another which would do better. Raises as the
    plan of a request that no model here can do."""
    found = candidates(request, services, size)
    able = [one for one in found if one.usable and one.here]
    if not able:  # the first family's plan says what is wrong with the request
        return Choice(services.families[0].cards[0], ())
    best = able[0]
    said = [note("model_chosen", model=best.card.id, **_why(found))]
    better = next((one for one in found if one.usable and one.card.standing > best.card.standing), None)
    if better is not None:
        size_gb = f"{better.card.download_bytes / 1e9:.0f}"
        said.append(note("model_better", model=better.card.id, size=size_gb))
    return Choice(best.card, tuple(said))


def _why(found: Sequence[Candidate]) -> dict[str, str]:
    others = sum(one.here for one in found)
    if others == 1:
        return {"why": "the only one whose files are here", "why_zh": "只有它的文件在本机"}
    return {
        "why": f"the best of {others} whose files are here that this machine, the request and the licence "
        "setting allow",
        "why_zh": f"文件在本机的 {others} 个模型中，符合本机、请求和许可设置的最好的一个",
    }


def candidates(request: VideoRequest, services: Services, size: tuple[int, int]) -> list[Candidate]:
    """All models, the usable ones first and the best first among them."""
    machine = services.machine()
    found = [
        _candidate(request, family, card, services, machine, size)
        for family in services.families
        for card in family.cards
    ]
    return sorted(found, key=lambda one: (not one.usable, -one.card.standing))


def _candidate(
    request: VideoRequest,
    family: EngineFamily,
    card: ModelCard,
    services: Services,
    machine: Machine,
    size: tuple[int, int],
) -> Candidate:
    here = ready_here(card, services)
    try:
        asked = request.model_copy(update={"model": card.id, "options": _known(request, card)})
        plan = make_plan(asked, size, [family], machine, finishing=services.finishing)
    except UnstillError:  # also a picture of a shape that it cannot keep
        return Candidate(card, "request", here)
    return Candidate(card, _against(request, family, plan, services), here, plan)


def _known(request: VideoRequest, card: ModelCard) -> dict[str, Any]:
    return {name: value for name, value in request.options.items() if name in card.options}


def _against(request: VideoRequest, family: EngineFamily, plan: Plan, services: Services) -> Against:
    card = plan.card
    if set(request.options) - set(card.options):
        return "request"
    if isinstance(family, Demanding) and family.lacks():
        return "libraries"
    if services.region and _in_region(services.region, card):
        return "region"
    if services.licences == "commercial" and card.generative and card.terms.commercial != "yes":
        return "licence"
    if card.generative and request.prompt and not _understood(request, card, services):
        return "words"
    if not plan.fits:
        return "memory"
    return "time" if card.generative and plan.estimate.seconds > PATIENCE_S else ""


def _understood(request: VideoRequest, card: ModelCard, services: Services) -> bool:
    if "zh" in card.prompt_languages or not is_chinese(request.prompt):
        return True
    try:
        services.translator.require()
    except UnstillError:
        return False
    return True


EU = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
     "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
)  # fmt: skip
"""ISO 3166 codes of the European Union's members."""


def _in_region(region: str, card: ModelCard) -> bool:
    """Whether a licence leaves this country out."""
    code = region.upper()
    return code in card.terms.not_in or (code in EU and "EU" in card.terms.not_in)
