"""Prompts in a language that the model does not read: put into English before the work, and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from unstill.core.ports import Tick, silent
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import MissingArgument, UnstillError
from unstill.domain.notes import Note, note
from unstill.domain.prompt_language import is_chinese
from unstill.domain.request import VideoRequest
from unstill.domain.weight_errors import terms_of

if TYPE_CHECKING:
    from unstill.core.plan import Plan

FIELDS: Mapping[str, str] = {"prompt": "描述", "negative_prompt": "反向描述"}
"""What may be translated, with its name in Chinese."""
UNREAD, COMING, DONE = "prompt_not_english", "prompt_to_translate", "prompt_translated"
"""Codes of notes."""


class Interpreter(Protocol):
    """Puts Chinese texts into English, on this computer."""

    @property
    def card(self) -> ModelCard:
        """The network, whose files are fetched as models' are."""

    def translate(self, texts: Sequence[str], tick: Tick = silent) -> list[str]:
        """Each text in English. Raises why it cannot be done, and `Cancelled` where the tick says so."""


class Translator(Interpreter, Protocol):
    """One that works in this process."""

    def require(self) -> None:
        """Make sure that it can be used.

        Raises:
            ExtraMissing: its libraries are not installed.
            WeightsMissing, WeightsIncomplete, WeightsUnsafe, WeightsDamaged: its files are not to be had.
        """


def unread(plan: Plan) -> Mapping[str, str]:
    """The words of a plan, by field, that are Chinese and that its model does not read, or that the person
    wants translated all the same. A model that generates nothing reads for itself."""
    request, card = plan.request, plan.card
    if request.translate is False or not card.generative:
        return {}
    if "zh" in card.prompt_languages and not request.translate:
        return {}
    given = {name: getattr(request, name) for name in FIELDS if name == "prompt" or card.negative_prompt}
    return {name: text for name, text in given.items() if text and is_chinese(text)}


def settled(plan: Plan, translator: Translator) -> Plan:
    """The plan, decided whether it is translated, and saying so.

    Where nobody said, it is translated if the translator is here; the request says so from then on.
    """
    words = unread(plan)
    if not words:
        return plan
    if not (plan.request.translate or _here(translator)):
        return replace(plan, notes=(*plan.notes, *_untranslated(plan, words, translator.card)))
    kept = [said for said in plan.notes if said.code != UNREAD or "prompt" not in words]
    coming = note(COMING, model=plan.model, translator=translator.card.id)
    request = plan.request.model_copy(update={"translate": True})
    return replace(plan, request=request, notes=(*kept, coming))


def require(plan: Plan, translator: Translator) -> None:
    """Make sure that what a plan's words need is here. Raises as `Translator.require`."""
    if plan.request.translate and unread(plan):
        translator.require()


def translated(plan: Plan, translator: Interpreter, tick: Tick = silent) -> Plan:
    """The plan with the English words among its details, where `Plan.drawn` has them for the engine; the
    request keeps the person's own. Raises as `Interpreter.translate`."""
    words = unread(plan) if plan.request.translate else {}
    if not words:
        return plan
    english = dict(zip(words, translator.translate(list(words.values()), tick), strict=True))
    used = {f"{name}_used": text for name, text in english.items()}
    said = [
        note(DONE, field=name, field_zh=FIELDS[name], translator=translator.card.id, before=words[name],
             after=text)
        for name, text in english.items()
    ]  # fmt: skip
    kept = [told for told in plan.notes if told.code != COMING]
    details = {**plan.details, **used, "translator": translator.card.id}
    return replace(plan, details=details, notes=(*kept, *said))


def in_english(plan: Plan) -> Plan:
    """The plan as the engine is to have it: its request in the words that `translated` found."""
    if "translator" not in plan.details:
        return plan
    given = {name: getattr(plan.request, name) for name in FIELDS}
    used = {name: plan.details.get(f"{name}_used", text) for name, text in given.items() if text}
    return replace(plan, request=plan.request.model_copy(update=used))


def _untranslated(plan: Plan, words: Mapping[str, str], card: ModelCard) -> list[Note]:
    """That the model may not understand, and what would help."""
    terms, terms_zh = terms_of(card)
    known = "prompt" not in words or any(said.code == UNREAD for said in plan.notes)
    said = [] if known else [note(UNREAD, model=plan.model)]
    return [*said, note("translator_missing", translator=card.id, terms=terms, terms_zh=terms_zh)]


def _here(translator: Translator) -> bool:
    try:
        translator.require()
    except UnstillError:
        return False
    return True


@dataclass(frozen=True)
class English:
    """Texts by field, in English as far as they were Chinese."""

    texts: Mapping[str, str]
    notes: tuple[Note, ...] = ()


def prompt_of(text: str, param: str = "prompt") -> str:
    """A prompt that somebody wants to see in other words. Raises `MissingArgument`, `OutOfRange`."""
    if not text.strip():
        raise MissingArgument(param=param, argument=param, example=f'{param}="一只猫坐在窗边"')
    return VideoRequest(prompt=text).prompt


def english(
    given: Mapping[str, str], interpreter: Interpreter, tick: Tick = silent, reader: ModelCard | None = None
) -> English:
    """Texts by field in English; those that are not mostly Chinese stay as they are. ``reader`` is the model
    that they are for: one that reads Chinese is named. Raises as `Interpreter.translate`."""
    chinese = {name: text for name, text in given.items() if is_chinese(text)}
    if not chinese:
        return English(dict(given), (note("prompt_kept"),))
    found = dict(zip(chinese, interpreter.translate(list(chinese.values()), tick), strict=True))
    reads = reader is not None and "zh" in reader.prompt_languages
    said = (note("prompt_read_anyway", model=reader.id),) if reader is not None and reads else ()
    return English({**given, **found}, said)
