"""What videos are made of: sent pictures on disk before there is a row, earlier ones shared, none left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from unstill.core.inbox import Inbox, Taken, Upload
from unstill.core.queue import JobStore
from unstill.core.room import Room
from unstill.core.storage import Storage
from unstill.domain.errors import DiskFull
from unstill.domain.job import Input
from unstill.domain.service_errors import VideoNotFound

TEMPORARY = "tmp"
"""Below the data folder; emptied when a server starts."""
USUAL = (1024, 1024)
"""A picture's size for refusing, before it is decoded, what no picture can make right."""

Sent = Upload | str
"""A picture, or the id of an earlier video whose picture is meant."""


class Pictures:
    """The first picture of one new video, and the last one where it has one."""

    def __init__(self, store: JobStore, inbox: Inbox, storage: Storage, temporary: Path, room: Room) -> None:
        self._store, self._inbox, self._storage, self._room = store, inbox, storage, room
        self._temporary = temporary

    def found(self, sent: Sent, owner: str, *, last: bool = False) -> Upload | Input:
        """The picture of an earlier video in place of its id. For a last picture that is the earlier video's
        last one, or else its picture. Raises `VideoNotFound`."""
        if isinstance(sent, Upload):
            return sent
        found = self._store.get(sent, owner).input
        return found.last if last and found.last else replace(found, last=None)

    @contextlib.contextmanager
    def kept(
        self, first: Upload | Input, last: Upload | Input | None, video_id: str, background: str | None
    ) -> Iterator[Taken]:
        """Both kept; what was put there goes again where the block ends in an error.

        Raises `BadPicture`, `StorageFailed`, and as `Inbox.take`.
        """
        mine: list[str] = []
        try:
            taken = self._taken(first, video_id, background, mine)
            if last is not None:
                end = self._taken(last, video_id, background, mine, last=True)
                said = (n for n in end.notes if n not in taken.notes)
                taken = Taken(replace(taken.input, last=end.input), (*taken.notes, *said))
            self._storage.keep(mine)
            yield taken
        except Exception:
            self.forget(mine, video_id)
            raise

    def forget(self, files: Iterable[str], video_id: str) -> None:
        """Remove the pictures of a job that was refused, but not those that are another video's. Where
        the store cannot say for certain that there is no such job (its answer may have been lost after the
        commit), the sweep at the next start decides."""
        with contextlib.suppress(Exception):
            try:
                self._store.get(video_id, deleted=True)
            except VideoNotFound:
                self._storage.remove(n for n in files if Path(n).name.startswith(f"{video_id}."))

    @contextlib.contextmanager
    def disk_errors(self) -> Iterator[None]:
        """A full disk in words for who cannot see it."""
        try:
            yield
        except DiskFull as error:
            raise self._room.disk_full() from error

    def _taken(
        self,
        sent: Upload | Input,
        video_id: str,
        background: str | None,
        mine: list[str],
        *,
        last: bool = False,
    ) -> Taken:
        if isinstance(sent, Input):
            return Taken(sent)
        with self.disk_errors(), sent.at_hand(self._temporary) as raw:
            taken = self._inbox.take(raw, sent.name, video_id=video_id, background=background, last=last)
        mine.append(taken.input.file)
        return taken


def size_of(picture: Upload | Input) -> tuple[int, int]:
    """Width and height; the usual ones of a picture that is not decoded yet."""
    return (picture.width, picture.height) if isinstance(picture, Input) else USUAL
