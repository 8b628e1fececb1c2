"""What `unstill.generate` gives back."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.core.durable import beside, file_errors, refuse_existing, settle
from unstill.core.making import Ready, format_of, make
from unstill.core.plan import Plan
from unstill.core.ports import Progress, Tick, silent
from unstill.core.render import Rendered, frames_of
from unstill.core.services import Services
from unstill.domain.errors import EmptyName, InvalidField, OutputToStdout
from unstill.domain.notes import Note

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from unstill.core.ports import Frame


class Clip:
    """A finished video in a temporary file, and the means to make its frames again.

    The file lives as long as this object (or the process): `save` keeps it. Frames are not kept in memory;
    `frames` renders them again from the plan, which gives the same pixels for the same seed.
    """

    def __init__(self, ready: Ready, done: Rendered, services: Services) -> None:
        self._ready, self._done, self._services = ready, done, services

    @classmethod
    def make(cls, ready: Ready, services: Services, progress: Progress | None = None) -> Clip:
        """Render a prepared plan into a folder of its own."""
        folder = tempfile.mkdtemp(prefix="unstill-")
        try:
            target = Path(folder) / f"clip.{ready.plan.format}"
            clip = cls(ready, make(ready, target, services, tick=ticking(progress)), services)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        weakref.finalize(clip, shutil.rmtree, folder, ignore_errors=True)
        return clip

    @property
    def path(self) -> Path:
        """The encoded file. Temporary: it goes when this object goes."""
        return self._done.path

    @property
    def plan(self) -> Plan:
        return self._done.plan

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is worth knowing about this video; ``str(note)`` is an English sentence."""
        return self._done.notes

    @property
    def id(self) -> str:
        """The id written into the file and its label."""
        return self._done.video_id

    @property
    def model(self) -> str:
        return self.plan.model

    @property
    def generative(self) -> bool:
        """False where nothing was generated: camera motion."""
        return self.plan.card.generative

    @property
    def width(self) -> int:
        return self.plan.width

    @property
    def height(self) -> int:
        return self.plan.height

    @property
    def num_frames(self) -> int:
        return self.plan.num_frames

    @property
    def fps(self) -> int:
        return self.plan.fps

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.plan.seconds

    @property
    def seed(self) -> int:
        return self.plan.seed

    @property
    def format(self) -> str:
        return self.plan.format

    @property
    def sound(self) -> bool:
        """Whether there is something to be heard with it."""
        return self._done.sound

    @property
    def elapsed_s(self) -> float:
        """How long rendering and encoding took."""
        return self._done.elapsed_s

    def __repr__(self) -> str:
        seconds = f"{round(self.seconds, 2):g}"
        return f"<Clip {self.width}x{self.height}, {self.num_frames} frames, {seconds} s, {self.model}>"

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Keep the video; the path written.

        The ending of ``path`` picks the format, without one it is the format rendered in. Another format
        than that is encoded from fresh frames. ``force`` replaces a file that is there.

        Raises:
            OutputExists, NotWritable, DiskFull, UnknownFormat, EmptyName: the file cannot be had.
        """
        target = _target(path)
        wanted = format_of(target)
        if wanted is None:
            if not target.is_file():  # what is there and is no file is not to be got round by another name
                refuse_existing(target, force)
            target, wanted = target.with_name(f"{target.name}.{self.format}"), self.format
        refuse_existing(target, force)
        if wanted == self.format:
            return self._copy(target, force)
        plan = self._ready.plan
        request = plan.request.model_copy(update={"format": wanted})
        ready = replace(self._ready, plan=replace(plan, format=wanted, request=request))
        return make(ready, target, self._services, replace_existing=force, video_id=self.id).path

    def _copy(self, target: Path, force: bool) -> Path:
        with beside(target) as partial, file_errors(target):
            shutil.copyfile(self.path, partial)
            return settle(partial, target, replace_existing=force, number_if_taken=False)

    def frames(self, progress: Progress | None = None) -> npt.NDArray[np.uint8]:
        """Every frame before label and encoder, uint8 sRGB [f h w 3], rendered again from the plan.

        Takes about the time of `generate` and f*h*w*3 bytes; nothing is kept afterwards.
        """
        import numpy as np

        plan = self._ready.plan
        out = np.empty((plan.num_frames, plan.height, plan.width, 3), np.uint8)
        with self._services.borrow(plan.card) as engine:
            tick = ticking(progress)
            for index, frame in enumerate(frames_of(plan, self._ready.anchor, engine, tick)):
                out[index] = frame
        return out


def _target(path: str | os.PathLike[str]) -> Path:
    """The path to save to, if it is one."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str) or "\0" in text:
        shown = repr(path)[:80]
        raise InvalidField(param="path", value=shown, expected="a path", expected_zh="路径")
    if not text:
        raise EmptyName(param="path", what="file to write", what_zh="输出文件")
    if text == "-":
        raise OutputToStdout(param="path")
    return Path(text)


def ticking(progress: Progress | None) -> Tick:
    """A caller's progress function as a tick. What it raises stops the work."""
    if progress is None:
        return silent

    def tick(stage: str, done: int, total: int, preview: Frame | None = None) -> None:  # noqa: ARG001 the port has it
        progress(stage, done, total)

    return tick
