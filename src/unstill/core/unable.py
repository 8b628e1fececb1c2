"""What to say where no model that is here makes what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing, UnknownField, UnstillError
from unstill.domain.request import VideoRequest
from unstill.domain.weight_errors import NothingFits

if TYPE_CHECKING:
    from unstill.core.choosing import Against, Candidate

ADVICE: Mapping[str, tuple[str, str]] = {
    "memory": ("Ask for a smaller size or fewer frames.", "请减小尺寸或帧数。"),
    "time": (
        "Ask for a smaller size or fewer frames, or name the model if you will wait.",
        "请减小尺寸或帧数；愿意等待的话，可以直接指定这个模型。",
    ),
    "words": (
        "Write the prompt in English, or fetch the translator: `unstill models pull opus-mt-zh-en`.",
        "请用英文写描述，或下载翻译模型：`unstill models pull opus-mt-zh-en`。",
    ),
    "licence": ("Change the setting licences, or name the model.", "请更改设置 licences，或直接指定模型。"),
    "region": ("Leave out something of what is asked.", "请去掉一部分要求。"),
}
USUAL = ("Leave out something of what is asked, or name a model.", "请去掉一部分要求，或直接指定模型。")


def unable(
    request: VideoRequest, found: Sequence[Candidate], reasons: Mapping[Against, tuple[str, str]]
) -> UnstillError:
    """The error to raise. ``reasons`` are the words for what speaks against a model."""
    if all(one.plan is None or _strange(request, one.card) for one in found):
        return _wrong(request, found)
    could = next((one for one in found if one.worth_having and not (one.here and one.usable)), None)
    blamed = _blamed(found)
    why, why_zh = "they do not offer what is asked", "不支持所要求的功能"
    if blamed is not None:
        english, chinese = reasons[blamed.against]
        where, where_zh = ("", "") if blamed.here else (" could, but", " 本来可以，但")
        why, why_zh = f"{blamed.card.id}{where} {english}", f"{blamed.card.id}{where_zh}{chinese}"
    advice, advice_zh = ADVICE.get(blamed.against if blamed else "", USUAL)
    if could is not None:
        advice, advice_zh = _fetch(could)
    return NothingFits(param="model", why=why, why_zh=why_zh, advice=advice, advice_zh=advice_zh)


def _blamed(found: Sequence[Candidate]) -> Candidate | None:
    """The best of those that do what is asked and cannot be had here; one whose files are here first."""
    tried = [one for one in found if one.plan is not None and one.against not in ("", "libraries", "request")]
    here = next((one for one in tried if one.here), None)
    if here is not None or any(one.worth_having for one in found):
        return here
    return next(iter(tried), None)


def _fetch(one: Candidate) -> tuple[str, str]:
    name, size = one.card.id, f"{one.card.download_bytes / 1e9:.0f} GB"
    advice = f"{name} could ({size}): `unstill models pull {name}` fetches it."
    advice_zh = f"{name} 可以（{size}）：用 `unstill models pull {name}` 下载。"
    if one.extra:
        missing = ExtraMissing(name=one.extra)
        return f"{advice} {missing.hint()}", f"{advice_zh}{missing.hint('zh')}"
    return advice, advice_zh


def _strange(request: VideoRequest, card: ModelCard) -> bool:
    return bool(request.options.keys() - card.options.keys())


def _wrong(request: VideoRequest, found: Sequence[Candidate]) -> UnstillError:
    """What is wrong with a request that no model makes: as the best of those says that know its options."""
    known = {name: option for one in found for name, option in one.card.options.items()}
    for name in request.options:
        if name not in known:
            return UnknownField(param=name, known=", ".join(sorted(known)) or "none")
    knowing = [one for one in found if one.problem is not None and not _strange(request, one.card)]
    best = min(knowing, key=lambda one: (not one.here, -one.card.standing), default=None)
    if best is not None and best.problem is not None:
        return best.problem
    why, why_zh = "no model has all of these settings", "没有模型同时支持这些选项"
    return NothingFits(param="options", why=why, why_zh=why_zh, advice=USUAL[0], advice_zh=USUAL[1])
