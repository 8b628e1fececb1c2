"""What an app is given: everything that touches pixels, models and this computer, behind Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from unstill.core.finishing import Finishing
from unstill.core.labelling import LabelRule
from unstill.core.ports import Engine, EngineFamily, Machine, PictureDoor, SmallPictures, VideoMaker
from unstill.domain.catalog import ModelCard
from unstill.domain.check import Check
from unstill.domain.errors import Language

if TYPE_CHECKING:
    from unstill.core.keys import KeyStore
    from unstill.core.measure import ClipMeasure
    from unstill.core.ports import Frame, Sound
    from unstill.core.prompts import Translator
    from unstill.core.rewriting import Rewriter
    from unstill.core.serving import Moved, Ready
    from unstill.core.weights import WeightStore


class Services(Protocol):
    """Built by wiring, once a process. Each part is made, and its libraries imported, on first use."""

    @property
    def door(self) -> PictureDoor: ...

    @property
    def maker(self) -> VideoMaker: ...

    @property
    def families(self) -> Sequence[EngineFamily]:
        """Engines that work, the default first."""

    @property
    def broken(self) -> Sequence[str]:
        """Names of engines that are installed and cannot be used."""

    @property
    def finishing(self) -> Finishing:
        """What can be done to an engine's frames before they are encoded."""

    @property
    def translator(self) -> Translator:
        """Puts Chinese prompts into English, in this process."""

    @property
    def rewriter(self) -> Rewriter | None:
        """Has prompts written anew by the endpoint that the settings name; None without one."""

    @property
    def weights(self) -> WeightStore:
        """The files of models."""

    @property
    def keep_prompt(self) -> bool:
        """Whether files carry the words they were made from, unless told otherwise."""

    @property
    def visible_label(self) -> LabelRule:
        """The operator's rule for the visible label where a request leaves it open."""

    @property
    def licences(self) -> str:
        """Which models "auto" may choose: "any", or those for "commercial" use alone."""

    @property
    def region(self) -> str | None:
        """Where the operator is, an ISO 3166 code: some licences leave countries out."""

    @property
    def language(self) -> Language | None:
        """The language that the settings ask for."""

    @property
    def log_dir(self) -> Path:
        """Where logs go; it may not exist yet."""

    def examine(self, flags: Mapping[str, str] | None = None, *, online: bool = False) -> Sequence[Check]:
        """What is right and wrong with this computer. ``flags`` are settings that go before the usual ones;
        nobody on the network is asked unless ``online``."""

    def machine(self) -> Machine:
        """This computer as it is now."""

    def peak_bytes(self) -> int:
        """The most memory this process has had, in bytes."""

    def borrow(self, card: ModelCard) -> AbstractContextManager[Engine]:
        """The engine of a card's family, for one caller at a time; it stays loaded for the next."""

    def metadata(self, path: Path) -> Mapping[str, str]:
        """The metadata entries of a video file. Raises `FileMissing`, `NotAVideo` or `NotReadable`."""

    def poster(self, video: Path, target: Path) -> None:
        """Write the picture that stands for a video."""

    def small_pictures(self, num_frames: int) -> SmallPictures:
        """A thumbnail and a sprite sheet of a video of so many frames, to be shown them."""

    def keep(self, frame: Frame, path: Path) -> None:
        """Write a frame as PNG. Raises `NotWritable`, `DiskFull`."""

    def measure(self, video: Path) -> ClipMeasure:
        """How much moves in a video, and how sharp it is. Raises as `metadata`."""

    def tail(self, video: Path) -> tuple[Frame, int]:
        """A video's last frame and how many it has. Raises as `metadata`."""

    def stitched(self, source: Path, continuation: Iterator[Frame]) -> Iterator[Frame]:
        """The frames of a video, then those of its continuation without the first. Raises `SizesDiffer`."""

    def heard(self, video: Path, rate: int | None = None) -> Sound | None:
        """The sound of a video, at ``rate`` or its own; None for a silent one. Raises as `metadata`."""

    def keys(self, folder: Path) -> KeyStore:
        """The API keys of a server's data folder. Raises `KeysDamaged`."""

    def backup(self, data: Path, target: Path) -> None:
        """Copy the job database of a folder that no server is at work in. Raises `DataFolderTaken`."""

    def migrate(self, flags: Mapping[str, object], url: str, report: Callable[[int, int], None]) -> Moved:
        """Move the jobs, keys and files of a folder that no server is at work in to a database, and to the
        storage of the settings, that servers share. ``report`` hears of files, done and in all.

        Raises `DataFolderTaken`, `FileMissing`, `StoreFailed`, `StoreDamaged`, `StorageFailed`."""

    def serve(self, flags: Mapping[str, object], ready: Ready) -> None:
        """Serve until a signal says to stop. ``flags`` are settings of this call, before all others."""
