"""Where the files of jobs are kept: the data folder, a folder that several servers share, or an object store.

The order of durability is the same for all of them: a file is whole where it is kept, then the row that names
it is written. Names are relative to the root: ``inputs/video_x.png``, ``outputs/video_x.1.mp4``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Keeps files under names. Every method may be called from many threads at once."""

    root: Path
    """The local folder under which names resolve. Files are written there first, whatever keeps them."""
    shared: bool
    """Others may write there, too: a start must not take what it does not know for its own leftovers."""

    def keep(self, names: Collection[str]) -> None:
        """Make these files of ours durable where all servers see them; nothing is left to do on return.

        A name whose local file is not here must be there already, whole.

        Raises:
            StorageFailed: at least one of them is not kept; asking again with the same names is safe.
        """

    def at_hand(self, name: str) -> Path:
        """A local file with the content, fetched if need be.

        What another server kept may leave the local folder again after a minute without use: open it soon, or
        ask again. An open file stays readable.

        Raises:
            FileMissing: it is not kept anywhere.
            StorageFailed: it could not be had now, or arrived damaged.
        """

    def remove(self, names: Iterable[str]) -> None:
        """Remove them everywhere. Missing ones are no error; what cannot be removed is logged, not raised."""

    def holds(self, name: str, size_bytes: int, sha256: str) -> bool:
        """Whether exactly these bytes are kept; ``sha256`` in hexadecimal.

        Raises:
            StorageFailed: it cannot be asked.
        """

    def names(self, folder: str) -> Iterator[tuple[str, float]]:
        """Name and age in seconds, by the storage's own clock, of all that is kept under ``inputs``,
        ``outputs`` or ``unclaimed``, in no order.

        Raises:
            StorageFailed: it cannot be listed.
        """

    def put_aside(self, name: str) -> bool:
        """Move a finished video that no row knows to ``unclaimed``; whether this call did. Never raises."""

    def clear_halves(self, older_than_s: float) -> int:
        """Remove what killed writers left half written, and local copies of what is kept no more; how much.
        Never raises."""

    def check(self) -> None:
        """Make the folders that files go to, then write, read and remove something small.

        Raises:
            UnstillError: what is wrong and what to do about it.
        """
