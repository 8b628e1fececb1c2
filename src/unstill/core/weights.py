"""Models' files as apps see them: whether they are here, fetching, checking and removing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language, UnstillError
from unstill.domain.notes import Note

if TYPE_CHECKING:
    from unstill.core.loras import LoraStore

State = Literal["ready", "missing", "unusable"]
Origin = Literal["folder", "store", "hub cache"]
"""A folder that the settings name; our own store; what the hub's own client fetched earlier."""


@dataclass(frozen=True)
class WeightFacts:
    """One model's files on this computer. Bytes; times in seconds since 1970."""

    model: str
    state: State
    folder: Path | None = None
    origin: Origin | None = None
    size_bytes: int = 0
    waiting_bytes: int = 0
    """What a fetch that was broken off left, to go on from."""
    commit: str | None = None
    source: str | None = None
    """The host the files came from, as far as is known."""
    fetched_at: float | None = None
    problem: UnstillError | None = None
    """Why they are unusable."""

    def to_json(self, language: Language = "en", *, private: bool = True) -> dict[str, Any]:
        """JSON-ready; where the folder is only for whoever may know this computer's paths."""
        told: dict[str, Any] = {
            "state": self.state,
            "origin": self.origin,
            "size_bytes": self.size_bytes,
            "waiting_bytes": self.waiting_bytes,
            "commit": self.commit,
            "source": self.source,
            "fetched_at": self.fetched_at,
            "problem": self.problem.to_json(language) if self.problem and private else None,
        }
        return {**told, "folder": str(self.folder) if self.folder else None} if private else told


@dataclass(frozen=True)
class PullProgress:
    """How far a fetch is. Bytes and bytes a second, seconds."""

    stage: str
    """ "weights_ask", "weights_probe", "weights_fetch", "weights_check", "weights_place"."""
    done_bytes: int = 0
    total_bytes: int = 0
    rate_bytes_s: float = 0.0
    eta_s: float | None = None
    source: str | None = None
    note: Note | None = None
    """Said once, when it happens: another source takes over, a hub wants us to wait."""


Watch = Callable[[PullProgress], None]
"""Told of progress, several times a second, in the caller's thread. Raises `Cancelled` to stop the fetch."""


def unwatched(progress: PullProgress) -> None:
    """For nobody."""


@dataclass(frozen=True)
class Checked:
    """Files whose every byte was read again."""

    facts: WeightFacts
    files: int
    compared: bool
    """Whether there was a record to compare hashes with."""


@dataclass(frozen=True)
class Pulled:
    """A finished fetch."""

    facts: WeightFacts
    fetched_bytes: int
    """Over the network, or out of a folder, by this call."""
    notes: tuple[Note, ...] = field(default=())


class WeightStore(Protocol):
    """The files of all models on this computer. Fits `core.ports.Weights`, too."""

    @property
    def loras(self) -> LoraStore:
        """The shelf of LoRA files."""

    def folder(self, card: ModelCard) -> Path:
        """See `core.ports.Weights.folder`."""

    def lora(self, source: str) -> Path:
        """See `core.ports.Weights.lora`."""

    def facts(self, card: ModelCard) -> WeightFacts:
        """What is here of a model. Asks nobody on the network, raises nothing about the files."""

    def pull(
        self, card: ModelCard, *, accept_licence: bool, watch: Watch = unwatched, update: bool = False
    ) -> Pulled:
        """Fetch a model's files, check every byte and put them in place.

        ``update`` takes what the hub has now instead of what was recorded in ``weights.lock``.

        Raises:
            NothingToPull, LicenceNotAccepted, PullOffline, NoMirror, PullUnderWay: before anything is asked.
            SourceFailed: a leaf says which host, which file, and what to do.
            NoRoomForWeights, WeightsUnsafe, LockDamaged, NotWritable: here.
            PullStopped: ``watch`` raised `Cancelled`. What has arrived stays for the next time.
        """

    def adopt(
        self,
        card: ModelCard,
        folder: Path,
        *,
        accept_licence: bool,
        watch: Watch = unwatched,
        update: bool = False,
    ) -> Pulled:
        """Copy a model's files out of a folder in the hub's layout, with the same care. Raises as `pull`,
        and `WeightsIncomplete`."""

    def verify(self, card: ModelCard, watch: Watch = unwatched) -> Checked:
        """Read every byte again. Raises `WeightsMissing`, `WeightsDamaged`, `WeightsUnsafe`."""

    def remove(self, card: ModelCard) -> int:
        """Remove what `pull` or `adopt` put here; how many bytes that freed.

        Raises:
            WeightsMissing: there is nothing.
            WeightsNotOurs: they are in a folder that the settings name, or in the hub's own cache.
            PullUnderWay: they are just being fetched.
        """


def licence_lines(card: ModelCard, language: Language) -> Sequence[str]:
    """What is to be read before files are fetched: the licence, then what each source says of it."""
    return [card.licence, *(said[language] for said in card.licence_notes)]
