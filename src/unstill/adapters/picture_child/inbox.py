"""Pictures and videos of strangers, decoded by a child. Fits `unstill.core.inbox.Inbox`."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unstill.adapters.picture_child import replies
from unstill.adapters.picture_child.child import Crashed, OverLimit
from unstill.adapters.picture_child.pool import Pool
from unstill.adapters.picture_child.settings import MEBIBYTE, ChildSettings
from unstill.core.durable import file_errors
from unstill.core.inbox import Inspected, Taken
from unstill.domain.errors import DamagedPicture, EmptyPicture, NotOurVideo, TooManyBytes
from unstill.domain.job import Input
from unstill.domain.service_errors import PictureTooHeavy

LOG = logging.getLogger(__name__)


class PictureChild:
    """The decoding child behind calls that block: use a thread. This process touches no pixel."""

    def __init__(
        self, data: Path, settings: ChildSettings | None = None, *, root: Path | None = None
    ) -> None:
        """``root`` is where ``inputs`` are kept, the data folder itself unless told otherwise."""
        self._data, self._root = data, root or data
        self._settings = settings or ChildSettings()
        self.pool = Pool(self._settings)

    def take(
        self,
        raw: bytes | Path,
        name: str,
        *,
        video_id: str,
        background: str | None = None,
        last: bool = False,
    ) -> Taken:
        """Keep a picture as ``inputs/<video id>.png`` (with ``last`` as ``<video id>.last.png``), on disk
        when this returns.

        Raises:
            BadPicture: whatever is wrong with it. One that crashes or outlasts the child is one of these.
            ServerFull: every child was busy for too long.
            DiskFull, NotWritable: it could not be kept.
        """
        target = self._root / "inputs" / f"{video_id}{'.last' if last else ''}.png"
        order = {"job": "picture", "background": background}
        with self._file(raw, name, self._settings.max_bytes) as path:
            done = self._run({**order, "raw": str(path)}, target, name, self._settings.picture_cpu_s)
        return Taken(self._input(done, target, name), replies.notes(done))

    def inspect(self, raw: bytes | Path, name: str) -> Inspected:
        """The settings in a video of ours.

        Raises:
            NotOurVideo: it carries none.
            NotAVideo, TooManyBytes, VideoTooLong, SideOutOfRange, FormatNotAccepted: what it is.
        """
        settings = self.look(raw, name).get("settings")
        if not isinstance(settings, dict):
            raise NotOurVideo(path=name)
        return Inspected(settings)

    def look(self, raw: bytes | Path, name: str, poster: Path | None = None) -> Mapping[str, Any]:
        """Everything a video says: width, height, num_frames, fps, seconds, codec, container, settings
        (None where they are not ours). With ``poster`` its first frame is written there as PNG."""
        with self._file(raw, name, self._settings.video_bytes) as path:
            order = {"job": "video", "raw": str(path)}
            return self._run(order, poster, name, self._settings.video_cpu_s)

    def last_frame(self, raw: bytes | Path, name: str, *, video_id: str) -> Input:
        """Keep the last frame of a video as ``inputs/<video id>.png``. Raises as `look`."""
        target = self._root / "inputs" / f"{video_id}.png"
        with self._file(raw, name, self._settings.video_bytes) as path:
            order = {"job": "last_frame", "raw": str(path)}
            done = self._run(order, target, name, self._settings.video_cpu_s)
        return self._input(done, target, name)

    def close(self) -> None:
        self.pool.close()

    def _run(
        self, order: Mapping[str, Any], target: Path | None, name: str, cpu_s: float
    ) -> Mapping[str, Any]:
        """One job, tried again once where the child died without the job's limits being the reason: the
        system may have killed it."""
        whole = {**order, "target": str(target) if target else None}
        try:
            for _ in range(2):
                with contextlib.suppress(Crashed), self.pool.borrow() as child:
                    reply = child.call(whole, cpu_s, cpu_s * self._settings.wall_factor)
                    return replies.result(reply, name)
            LOG.warning("a picture crashed its decoder twice")
            raise DamagedPicture(name=name)
        except OverLimit:
            raise PictureTooHeavy(name=name) from None
        finally:
            _sweep(target)

    def _input(self, done: Mapping[str, Any], target: Path, name: str) -> Input:
        return Input(
            file=target.relative_to(self._root).as_posix(),
            name=name,
            sha256=replies.sha256(done, name),
            width=replies.side(done, "width", self._settings.max_side, name),
            height=replies.side(done, "height", self._settings.max_side, name),
        )

    @contextlib.contextmanager
    def _file(self, raw: bytes | Path, name: str, most: int) -> Iterator[Path]:
        """The raw bytes as a file that the child can open; removed again if it was made here."""
        size = len(raw) if isinstance(raw, bytes) else raw.stat().st_size
        if not size:
            raise EmptyPicture(name=name)
        if size > most:
            tenths = f"{size / MEBIBYTE:.1f}"
            raise TooManyBytes(name=name, mebibytes=tenths, limit=f"{most / MEBIBYTE:.1f}".removesuffix(".0"))
        if isinstance(raw, Path):
            yield raw.absolute()
            return
        path = (self._data / "tmp" / f"raw-{secrets.token_hex(8)}").absolute()
        try:
            with file_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(handle, "wb") as file:
                    file.write(raw)
            yield path
        finally:
            path.unlink(missing_ok=True)


def _sweep(target: Path | None) -> None:
    """The half-written file of a child that was killed (`unstill.core.durable.beside` names it so)."""
    if target is not None:
        for partial in target.parent.glob(f".{target.stem[:40]}.*.part{target.suffix}"):
            with contextlib.suppress(OSError):
                partial.unlink()
