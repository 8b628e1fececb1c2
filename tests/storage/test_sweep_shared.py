"""Files of no job in a place that many servers share."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage_contract import write
from unstill.adapters.data_folder import Swept
from unstill.adapters.storage import DAY_S, FolderStorage, sweep_shared
from unstill.adapters.storage import sweeping as sweeping_module
from unstill.core.storage import Storage
from unstill.domain.service_errors import StorageFailed, StoreBusy

ALL = -3600.0
"""Older than an hour from now: everything."""
NAMED = {"inputs/video_aa.png", "outputs/video_aa.2.mp4", "outputs/video_aa.2.jpg"}
LEFT = {"outputs/video_aa.1.mp4", "outputs/video_aa.1.jpg", "inputs/video_bb.png", "outputs/video_cc.1.jpg"}
UNKNOWN = {"outputs/video_cc.1.mp4", "outputs/video_dd.1.webm"}
FOREIGN = {"outputs/holiday.mp4", "inputs/notes.txt"}


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """With files of all kinds in it."""
    made: Storage
    if request.param == "folder":
        made = FolderStorage(tmp_path, shared=True)
    else:
        made = request.getfixturevalue("opened")(1)
    for name in NAMED | LEFT | UNKNOWN | FOREIGN:
        write(made, name, name.encode())
    made.keep(sorted(NAMED | LEFT | UNKNOWN | FOREIGN))
    return made


def kept(names: Collection[str]) -> set[str]:
    return NAMED & set(names)


def known(ids: Collection[str]) -> set[str]:
    return {"video_aa"} & set(ids)


def everything(storage: Storage) -> set[str]:
    return {name for folder in ("inputs", "outputs", "unclaimed") for name, _ in storage.names(folder)}


def aside(names: Collection[str]) -> set[str]:
    return {name.replace("outputs/", "unclaimed/") for name in names}


def test_what_no_row_names_is_put_away(storage: Storage) -> None:
    """What an attempt left goes; a video of a job that has no row is put aside, and has its bytes still; what
    is not ours stays."""
    assert sweep_shared(storage, kept, ALL, known) == Swept(removed=len(LEFT), unclaimed=len(UNKNOWN))
    assert everything(storage) == NAMED | FOREIGN | aside(UNKNOWN)
    assert storage.at_hand("unclaimed/video_cc.1.mp4").read_bytes() == b"outputs/video_cc.1.mp4"
    assert sweep_shared(storage, kept, ALL, known) == Swept(0, 0)


def test_where_nobody_knows_the_jobs_every_video_is_put_aside(storage: Storage) -> None:
    """Rather one too many."""
    sweep_shared(storage, kept, ALL)
    assert everything(storage) == NAMED | FOREIGN | aside(UNKNOWN | {"outputs/video_aa.1.mp4"})


def test_what_is_young_is_left_alone(storage: Storage) -> None:
    """Its row may be on the way."""
    asked: list[str] = []
    swept = sweep_shared(storage, lambda names: set(asked.extend(names) or ()), DAY_S, known)
    assert (swept, asked) == (Swept(0, 0), [])
    assert everything(storage) == NAMED | LEFT | UNKNOWN | FOREIGN


def test_where_the_rows_cannot_be_asked_nothing_is_touched(storage: Storage) -> None:
    """The store is away: the sweep ends, and is made again some other time."""

    def away(names: Collection[str]) -> set[str]:
        raise StoreBusy

    with pytest.raises(StoreBusy):
        sweep_shared(storage, away, ALL, known)
    with pytest.raises(StoreBusy):
        sweep_shared(storage, kept, ALL, away)
    assert everything(storage) == NAMED | LEFT | UNKNOWN | FOREIGN


def test_it_goes_by_pages(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are, rows are asked for by few at a time."""
    monkeypatch.setattr(sweeping_module, "PAGE", 2)
    sizes: list[int] = []

    def counted(names: Collection[str]) -> set[str]:
        sizes.append(len(names))
        return kept(names)

    sweep_shared(storage, counted, ALL, known)
    assert max(sizes) == 2
    assert everything(storage) == NAMED | FOREIGN | aside(UNKNOWN)


def test_many_servers_at_once(storage: Storage) -> None:
    """Four that begin together do what one does; each video is put aside, none is lost between them."""
    begin = threading.Barrier(4)

    def sweep(_: int) -> Swept:
        begin.wait(30)
        return sweep_shared(storage, kept, ALL, known)

    with ThreadPoolExecutor(4) as pool:
        swept = list(pool.map(sweep, range(4)))
    assert everything(storage) == NAMED | FOREIGN | aside(UNKNOWN)
    assert sum(one.unclaimed for one in swept) >= len(UNKNOWN)
    for name in UNKNOWN:
        (there,) = aside([name])
        assert storage.at_hand(there).read_bytes() == name.encode()


def test_what_was_put_aside_long_ago_is_forgotten(tmp_path: Path) -> None:
    """After thirty days, and not a day before."""
    storage = FolderStorage(tmp_path, shared=True)
    now = time.time()
    for days in (29, 31):
        path = write(storage, f"unclaimed/video_{days}.1.mp4", b"film")
        os.utime(path, (now - days * DAY_S, now - days * DAY_S))
    sweep_shared(storage, kept)
    assert everything(storage) == {"unclaimed/video_29.1.mp4"}


def test_a_video_put_aside_is_young_again(tmp_path: Path) -> None:
    """Its thirty days begin then, however old it is."""
    storage = FolderStorage(tmp_path, shared=True)
    path = write(storage, "outputs/video_cc.1.mp4", b"film")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    for _ in range(2):
        sweep_shared(storage, kept, DAY_S, known)
    assert everything(storage) == {"unclaimed/video_cc.1.mp4"}


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    (tmp_path / "outputs").write_bytes(b"")
    with pytest.raises(StorageFailed):
        sweep_shared(FolderStorage(tmp_path, shared=True), kept)
