"""Fetches of models' files that a server does beside its videos: started, watched and stopped by anybody."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from unstill.core.weights import PullProgress, WeightFacts, WeightStore
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Cancelled, Unexpected, UnstillError
from unstill.domain.notes import Note
from unstill.domain.weight_errors import NoPull, NothingToPull, PullUnderWay, licence_not_accepted

LOG = logging.getLogger(__name__)
State = Literal["in_progress", "completed", "failed", "cancelled"]


@dataclass(frozen=True)
class PullView:
    """One fetch as it is now. Seconds since 1970."""

    model: str
    state: State
    progress: PullProgress
    started_at: float
    revision: int = 0
    """Grows with every change."""
    notes: tuple[Note, ...] = ()
    error: UnstillError | None = None
    facts: WeightFacts | None = None

    @property
    def is_final(self) -> bool:
        return self.state != "in_progress"


class Pulls:
    """At most one fetch a model; the last one's end can be looked at until the next begins."""

    def __init__(self, store: Callable[[], WeightStore]) -> None:
        """``store`` is called on first use."""
        self._store, self._lock = store, threading.Lock()
        self._views: dict[str, PullView] = {}
        self._halted: set[str] = set()

    def start(self, card: ModelCard, *, accept_licence: bool, update: bool = False) -> PullView:
        """Begin, or look at the fetch that is under way.

        Raises:
            NothingToPull, LicenceNotAccepted: before anybody is asked for anything.
        """
        if card.repo is None:
            raise NothingToPull(param="model", model=card.id)
        if not accept_licence:
            raise licence_not_accepted(card)
        with self._lock:
            view = self._views.get(card.id)
            if view is not None and not view.is_final:
                return view
            view = PullView(card.id, "in_progress", PullProgress("weights_ask"), time.time())
            self._views[card.id] = view
            self._halted.discard(card.id)
        # A daemon: the server may end at any moment, and what has come is gone on with next time.
        threading.Thread(
            target=self._carry_out, args=(card, update), name=f"pull {card.id}", daemon=True
        ).start()
        return view

    def coming(self) -> frozenset[str]:
        """The models whose files are being fetched now."""
        with self._lock:
            return frozenset(model for model, view in self._views.items() if not view.is_final)

    def view(self, card: ModelCard) -> PullView:
        """Raises `NoPull` where there was none since the server started."""
        with self._lock:
            if card.id not in self._views:
                raise NoPull(param="model", model=card.id)
            return self._views[card.id]

    def cancel(self, card: ModelCard) -> PullView:
        """Stop it soon; what has come is kept. Raises `NoPull`."""
        view = self.view(card)
        with self._lock:
            self._halted.add(card.id)
        return view

    def remove(self, card: ModelCard) -> int:
        """Remove a model's files; the bytes that freed. Raises as `WeightStore.remove`."""
        with self._lock:
            view = self._views.get(card.id)
            if view is not None and not view.is_final:
                raise PullUnderWay(model=card.id)
        return self._store().remove(card)

    def _carry_out(self, card: ModelCard, update: bool) -> None:
        def watch(progress: PullProgress) -> None:
            if card.id in self._halted:
                raise Cancelled()
            self._change(card, progress=progress, note=progress.note)

        LOG.info("fetching the files of %s", card.id)
        try:
            done = self._store().pull(card, accept_licence=True, watch=watch, update=update)
        except Cancelled:
            self._change(card, state="cancelled")
        except UnstillError as error:
            LOG.warning("the files of %s were not fetched: %s", card.id, error.message())
            self._change(card, state="failed", error=error)
        except Exception:
            incident = secrets.token_hex(4)
            LOG.exception("incident %s: fetching %s", incident, card.id)
            unforeseen = Unexpected(incident=incident, log="the server's log", log_zh="服务日志")
            self._change(card, state="failed", error=unforeseen)
        else:
            LOG.info("the files of %s are here", card.id)
            self._change(card, state="completed", facts=done.facts)

    def _change(
        self,
        card: ModelCard,
        *,
        state: State | None = None,
        progress: PullProgress | None = None,
        note: Note | None = None,
        error: UnstillError | None = None,
        facts: WeightFacts | None = None,
    ) -> None:
        with self._lock:
            view = self._views[card.id]
            self._views[card.id] = replace(
                view,
                state=state or view.state,
                progress=progress or view.progress,
                revision=view.revision + 1,
                notes=(*view.notes, note) if note else view.notes,
                error=error,
                facts=facts,
            )
