"""Files in a storage that no row refers to: found now and then, and put away, by many servers at once.

The promise is that of `unstill.adapters.data_folder.sweep`: a finished video is never deleted for want of a
row. It goes to ``unclaimed`` and is kept there for a while.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from unstill.adapters.data_folder.sweep import INPUTS, KEEP_UNCLAIMED_S, OUTPUTS, UNCLAIMED, VIDEOS, Swept
from unstill.core.storage import Storage

LOG = logging.getLogger(__name__)
DAY_S = 24 * 3600.0
"""How old a file is at least before its row may be asked for: longer than any time from file to row."""
PAGE = 500
_OURS = re.compile(r"(video_[0-9a-f]+)\.")
"""What else somebody keeps in the same place is theirs."""
Known = Callable[[Collection[str]], set[str]]


def sweep_shared(
    storage: Storage, kept: Known, older_than_s: float = DAY_S, known: Known | None = None
) -> Swept:
    """Put away whatever is old and no row refers to.

    Args:
        storage: the files of all servers.
        kept: of these names those that a row refers to. Asked after the names were listed.
        older_than_s: younger files are left alone, by the storage's own clock.
        known: of these video ids those that have a row, deleted ones too. A video of a known id that its row
            does not name was left by an attempt that died, and goes; without ``known`` all are put aside.

    Raises:
        StorageFailed: the files cannot be listed. Whatever ``kept`` and ``known`` raise; nothing of the page
            that was asked about is touched then.
    """
    removed, unclaimed = storage.clear_halves(max(older_than_s, DAY_S)), 0
    for folder in (OUTPUTS, INPUTS):
        for page in _pages(_old(storage, folder, older_than_s)):
            there = kept(page)
            orphans = [name for name in page if name not in there]
            aside = _unknown_videos(orphans, known) if folder == OUTPUTS else set()
            unclaimed += sum(storage.put_aside(name) for name in sorted(aside))
            gone = [name for name in orphans if name not in aside]
            storage.remove(gone)
            removed += len(gone)
    forgotten = list(_old(storage, UNCLAIMED, KEEP_UNCLAIMED_S))
    storage.remove(forgotten)
    if removed or unclaimed or forgotten:
        LOG.info("removed %d files of no job, put %d videos aside, forgot %d put aside long ago",
                 removed, unclaimed, len(forgotten))  # fmt: skip
    return Swept(removed, unclaimed)


def _old(storage: Storage, folder: str, older_than_s: float) -> Iterator[str]:
    ours = ((name, age_s) for name, age_s in storage.names(folder) if _id(name))
    return (name for name, age_s in ours if age_s > older_than_s)


def _id(name: str) -> str | None:
    """The video's whose file it is."""
    match = _OURS.match(PurePosixPath(name).name)
    return match[1] if match else None


def _pages(names: Iterator[str]) -> Iterator[Sequence[str]]:
    while page := list(islice(names, PAGE)):
        yield page


def _unknown_videos(names: Sequence[str], known: Known | None) -> set[str]:
    """The finished videos of jobs that have no row."""
    videos = {name: _id(name) for name in names if PurePosixPath(name).suffix in VIDEOS}
    ids = {video_id for video_id in videos.values() if video_id}
    with_row = known(ids) if known and ids else set()
    return {name for name, video_id in videos.items() if video_id not in with_row}
