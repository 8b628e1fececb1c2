"""The seams. Engines, picture doors and encoders are anything that fits these Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language
from unstill.domain.notes import Note

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    import numpy.typing as npt

    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest

    Frame = npt.NDArray[np.uint8]
    """One picture: uint8 RGB [h w 3], sRGB."""


class Tick(Protocol):
    """Progress out, cancellation in. Engines call it at least once a frame or step."""

    def __call__(self, stage: str, done: int, total: int, preview: Frame | None = None) -> None:
        """Report that ``done`` of ``total`` units of ``stage`` are finished.

        Raises:
            Cancelled: the job is to stop now.
        """


def silent(stage: str, done: int, total: int, preview: Frame | None = None) -> None:
    """The tick for nobody."""


@dataclass(frozen=True)
class Picture:
    """A decoded, upright, opaque sRGB picture."""

    pixels: Frame
    """uint8 [H W 3]."""
    name: str
    format: str
    notes: tuple[Note, ...] = ()

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True)
class Anchor:
    """A picture made exact for one plan: what the first frame shows, and what lies around it.

    ``frame`` is ``context`` cropped to ``box`` when the whole picture was scaled once (fit crop, keep);
    with fit pad the context is the frame itself.
    """

    frame: Frame
    """uint8 [height width 3], the plan's size."""
    context: Frame
    """uint8 [H W 3], the whole picture at the frame's scale."""
    box: tuple[int, int, int, int]
    """left, top, right, bottom of the frame inside the context."""
    last: Frame | None = None
    """uint8 [height width 3]: what the last frame is to show, where the request says so."""


@dataclass(frozen=True)
class Sound:
    """What is to be heard with a clip, from its first frame on."""

    samples: npt.NDArray[np.float32]
    """float32 [n channels], -1 to 1."""
    rate: int
    """Samples a second."""


class PictureDoor(Protocol):
    """The only way a picture enters."""

    def open(self, source: object, background: str | None = None) -> Picture:
        """Decode a path, bytes, Pillow image or array. Raises a `BadPicture` or `PictureMissing`."""

    def size(self, source: object) -> tuple[int, int]:
        """Upright width and height, from the header where that is enough. Raises as `open`."""

    def fit(self, picture: Picture, plan: Plan) -> Anchor:
        """Scale and crop or pad to the plan's width and height."""


@dataclass(frozen=True)
class Accelerator:
    """A device with memory of its own, as its driver describes it. 0 where the driver does not say."""

    name: str
    """As the maker calls it: "NVIDIA GeForce RTX 3060"."""
    total_bytes: int
    free_bytes: int
    """What this program can have: free memory, and what it and its workers hold already."""
    capability: tuple[int, int] = (0, 0)
    """CUDA compute capability."""
    cores: int = 0
    clock_hz: float = 0.0
    """The highest clock of the cores."""
    bandwidth: float = 0.0
    """Of the memory, bytes a second at best."""


@dataclass(frozen=True)
class Machine:
    """What this computer has, as far as plans need to know."""

    cores: float
    """CPU cores this process may use."""
    memory_bytes: int
    """Memory that can be had now without swapping, container limits counted."""
    device: str = "cpu"
    """What generative models run on: "cpu", "mps", or "cuda:0"."""
    accelerator: Accelerator | None = None
    """That device, where it has memory of its own."""


@dataclass(frozen=True)
class Reading:
    """What an engine family read out of a request before anything is rendered."""

    defaults: Mapping[str, object] = field(default_factory=dict)
    """Values for fields the request leaves unset that win over the card's (a duration in the prompt)."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values of the family's own, shown in the plan and handed to the engine."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """Wall seconds and peak bytes of a whole render on one machine."""

    seconds: float
    peak_bytes: int
    """Of the memory that limits it: the accelerator's, or else this process's."""
    free_bytes: int | None = None
    """How much of that memory can be had; None for the machine's own, `Machine.memory_bytes`."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values that join the plan's: where the model's parts are placed."""
    notes: tuple[Note, ...] = ()


class Engine(Protocol):
    """Turns a plan and its picture into frames. Opens no user files, knows no jobs and no HTTP."""

    def load(self, plan: Plan) -> None:
        """Get ready for plans like this one; cheap when ready already."""

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        """Yield ``plan.num_frames`` frames, each uint8 RGB [plan.height plan.width 3]. Seed-exact."""

    def notes(self) -> Sequence[Note]:
        """What the last `frames` call wants to have said."""

    def unload(self) -> None:
        """Give the memory back."""


@runtime_checkable
class Sounding(Protocol):
    """An engine that may make sound with its frames."""

    def sound(self) -> Sound | None:
        """Of the last `frames` call, once its last frame was taken; None for a silent clip."""


class EngineFamily(Protocol):
    """What an entry point of the group ``unstill.engines`` names. Importing one must stay cheap."""

    @property
    def cards(self) -> Sequence[ModelCard]: ...

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        """Understand the request's words. No heavy imports."""

    def estimate(self, plan: Plan, machine: Machine) -> Estimate: ...

    def engine(self, weights: Weights) -> Engine:
        """A new engine; here the heavy imports may happen. ``weights`` says where models' files are."""


@runtime_checkable
class Demanding(Protocol):
    """A family that needs more than the package itself brings."""

    def lacks(self) -> str | None:
        """The extra that has to be installed first; None where all is there. Imports nothing."""


class Weights(Protocol):
    """Where the files of models are on this computer."""

    def folder(self, card: ModelCard) -> Path:
        """The folder in the hub's layout that holds a model's verified files. Raises `WeightsMissing`."""

    def lora(self, source: str) -> Path:
        """The safetensors file that `VideoRequest.loras` means by ``source``: a name on the shelf, or a path
        to such a file, whose header was looked at. Paths come from this computer's own people alone: a server
        takes nothing but names (`unstill.core.loras.only_names`).

        Raises:
            LoraUnknown: there is none.
            WeightsUnsafe, WeightsDamaged: it is no ordinary, whole safetensors file.
        """


class Encoder(Protocol):
    """Writes frames to one file, streaming. A context manager; leaving it by an error removes the file."""

    def __enter__(self) -> Encoder: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def write(self, frame: Frame) -> None: ...

    def hear(self, sound: Sound) -> bool:
        """Take what is to be heard with the frames, float32 [n 1] or [n 2]; cut or filled up with silence to
        their length. False where the format has no place for it, and it is left out."""


class FrameCheck(Protocol):
    """Watches frames go by and says afterwards what is wrong with them."""

    def see(self, frame: Frame) -> None: ...

    def verdict(self) -> Sequence[Note]: ...


class FrameLabel(Protocol):
    """The visible label on the frames of one video."""

    def shows(self, number: int) -> bool:
        """Whether frame ``number``, from 0, carries it."""

    def on(self, number: int, frame: Frame) -> Frame:
        """A copy of frame ``number`` with the label as it is then."""


class Still(Protocol):
    """A frame of a finished file, decoded and not yet converted."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""

    def rgb(self, size: tuple[int, int] | None = None) -> Frame:
        """uint8 RGB [h w 3]; scaled to ``size``, width and height, where one is given."""


See = Callable[[int, Still], None]
"""Is shown every frame of a file, with its number from 0, while the file is decoded for checking."""


def unseen(number: int, still: Still) -> None:
    """For where nobody looks on."""


class SmallPictures(Protocol):
    """Small pictures of a video, taken from its frames as they go by."""

    def see(self, number: int, still: Still) -> None:
        """Take from this frame what is needed of it. Every frame is shown in turn."""

    def save(self, thumbnail: Path, sheet: Path) -> None:
        """Write both, JPEG. Raises `NotWritable`, `DiskFull`."""


class VideoMaker(Protocol):
    """Opens encoders, and checks and signs what they wrote."""

    def ready(self, plan: Plan) -> Sequence[Note]:
        """Make sure, before any work, that this plan's file can be written, and signed where videos are.

        The notes say what it will lack. Raises `EncoderMissing`, `ExtraMissing`, `CredentialsUnusable`.
        """

    def encoder(self, path: Path, plan: Plan, metadata: Mapping[str, str], tick: Tick = silent) -> Encoder:
        """An encoder for the plan's frames; ``tick`` is called where its end takes long (stage "encode")."""

    def label(self, language: Language, width: int, height: int, fps: float) -> FrameLabel: ...

    def signs(self, plan: Plan) -> bool:
        """Whether the finished file of this plan is to be signed."""

    def sign(self, path: Path, signed: Path, title: str) -> None:
        """Write the file with a signature to ``signed``. Raises `NotSigned`, `CredentialsUnusable`."""

    def check(self, path: Path, plan: Plan, see: See = unseen, sounds: bool = False) -> None:
        """Decode the file again. Raises `BadOutput` where size, frame count or pixels are not the plan's, or
        where it ``sounds`` and there is no sound of its length."""

    def watch(self, *, still_allowed: bool) -> FrameCheck: ...


Progress = Callable[[str, int, int], None]
"""What Python callers pass: stage, done, total."""
