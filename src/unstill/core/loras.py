"""Which LoRA files a request may name, and the shelf that they are on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from unstill.core.weights import Watch, unwatched
from unstill.domain.lora import is_name
from unstill.domain.weight_errors import LoraUnknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unstill.core.services import Services
    from unstill.domain.request import VideoRequest


@dataclass(frozen=True)
class Lora:
    """One file on the shelf. Bytes; ``source`` is the file or repository that it came from."""

    name: str
    size_bytes: int
    sha256: str = ""
    source: str = ""
    licence: str = "unknown"


class LoraStore(Protocol):
    """The shelf: LoRA files under names, on this computer."""

    def list(self) -> Sequence[Lora]:
        """All of them, by name."""

    def path(self, name: str) -> Path:
        """The file of a name, looked over. Raises `LoraUnknown`, `WeightsUnsafe`, `WeightsDamaged`."""

    def add(self, file: Path, name: str | None = None) -> Lora:
        """Copy a safetensors file onto the shelf, by default under its own name.

        Raises:
            LoraUnfit, LoraNamed, WeightsUnsafe, WeightsDamaged: it cannot be taken, or not under that name.
            NotReadable, NotWritable, DiskFull: the system refuses.
        """

    def pull(
        self, repo: str, file: str | None = None, name: str | None = None, watch: Watch = unwatched
    ) -> Lora:
        """Fetch one from a repository "owner/name" of the hub. Raises as `add` and `WeightStore.pull`, and
        `LoraUnfit` where the repository has several files and none is chosen."""

    def remove(self, name: str) -> int:
        """Remove one; how many bytes that freed. Raises `LoraUnknown`, `NotWritable`."""


def require_loras(request: VideoRequest, services: Services) -> None:
    """Make sure, before any work, that each can be had. Raises as `unstill.core.ports.Weights.lora`."""
    for use in request.loras:
        services.weights.lora(use.source)


def only_names(request: VideoRequest) -> None:
    """Refuse whatever is no name on the shelf, without a look at the disk: who asks may be a stranger.

    Raises:
        LoraUnknown
    """
    for use in request.loras:
        if not is_name(use.source):
            raise LoraUnknown(param="loras", source=repr(use.source)[:80])
