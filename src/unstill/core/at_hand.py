"""Whether the files of a plan's model are on this computer."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from unstill.core import prompts
from unstill.core.plan import Plan, find_card
from unstill.core.ports import Demanding
from unstill.core.services import Services
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing, UnstillError
from unstill.domain.notes import Note, note
from unstill.domain.weight_errors import WeightsMissing, missing, terms_of


def require_files(card: ModelCard, services: Services, coming: Collection[str] = ()) -> None:
    """Refuse, before anything is stored, what a worker could only refuse later. Of the models that are
    ``coming`` the files are being fetched: a video may wait for them.

    Raises:
        ExtraMissing: its libraries are not installed.
        WeightsMissing, WeightsIncomplete, WeightsUnsafe, WeightsDamaged, NotReadable: the model's files are
            not here, or not to be used. Of their folder only the name is told: who asks may be a stranger.
    """
    problem = _problem(card, services)
    if problem is not None and not _awaited(problem, card, coming):
        raise _without_folder(problem)


def require_after(plan: Plan, services: Services) -> None:
    """The same for what is done before and after the model. Raises as `require_files`."""
    try:
        prompts.require(plan, services.translator)
        services.finishing.require(plan)
    except UnstillError as error:
        raise _without_folder(error) from None


def with_remarks(
    plan: Plan, services: Services, *, private: bool = False, coming: Collection[str] = ()
) -> Plan:
    """The plan, saying besides that files are missing, and how large they are. ``private``: paths may be
    told."""
    remarks = _remarks(plan.card, services, private, coming)
    for require in (partial(prompts.require, translator=services.translator), services.finishing.require):
        try:
            require(plan)
        except WeightsMissing as error:
            remarks.append(_missing_note(fetched_card(str(error.facts["model"]), services)))
        except UnstillError as error:
            remarks.append(_unusable(plan.card, error if private else _without_folder(error)))
    return replace(plan, notes=(*plan.notes, *remarks))


def fetched_card(name: str, services: Services) -> ModelCard:
    """The card of whatever has files to fetch: a model, or a network that works before or after one.

    Raises:
        UnknownModel: there is none of that name.
    """
    translator = services.translator.card
    if name == translator.id:
        return translator
    return services.finishing.card(name) or find_card(name, services.families)[1]


def ready_here(card: ModelCard, services: Services) -> bool:
    """Whether a model's libraries and files are here, fit to be used."""
    return _problem(card, services) is None


def _awaited(problem: UnstillError, card: ModelCard, coming: Collection[str]) -> bool:
    return isinstance(problem, WeightsMissing) and card.id in coming


def _remarks(card: ModelCard, services: Services, private: bool, coming: Collection[str]) -> list[Note]:
    problem = _problem(card, services)
    if problem is None:
        return []
    if _awaited(problem, card, coming):
        return [note("files_coming", model=card.id)]
    if type(problem) is WeightsMissing:
        return [_missing_note(card)]
    return [_unusable(card, problem if private else _without_folder(problem))]


def _missing_note(card: ModelCard) -> Note:
    terms, terms_zh = terms_of(card)
    return note("files_missing", model=card.id, terms=terms, terms_zh=terms_zh)


def _unusable(card: ModelCard, shown: UnstillError) -> Note:
    said, said_zh = f"{shown.message()} {shown.hint()}", f"{shown.message('zh')}{shown.hint('zh')}"
    return note("files_unusable", model=card.id, problem=said, problem_zh=said_zh)


def _problem(card: ModelCard, services: Services) -> UnstillError | None:
    """Why a model cannot be used: its libraries, or its files; None where it can."""
    lacking = _lacking(card, services)
    if lacking is not None:
        return ExtraMissing(name=lacking)
    if card.repo is None:
        return None
    facts = services.weights.facts(card)
    if facts.state == "ready":
        return None
    return facts.problem or missing(card)


def _lacking(card: ModelCard, services: Services) -> str | None:
    """The extra that a model's family says is not installed."""
    family = next((f for f in services.families if any(c.id == card.id for c in f.cards)), None)
    return family.lacks() if isinstance(family, Demanding) else None


def _without_folder(error: UnstillError) -> UnstillError:
    """The same error, with the last part of each path alone."""
    facts: dict[str, Any] = {name: _name(value) for name, value in error.facts.items()}
    return type(error)(param=error.param or "model", **facts)


def _name(value: object) -> object:
    return Path(value).name if isinstance(value, os.PathLike) else value
