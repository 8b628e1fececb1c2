"""The local copies of an object store's files: bounded, and never the only ones."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from faulty_proxy import Proxy
from moto_server import BRISK
from storage_contract import kept, write
from unstill.adapters.storage.s3 import S3Storage
from unstill.adapters.storage.scratch import REST_S
from unstill.domain.service_errors import StorageUnreachable

Opened = Callable[..., S3Storage]
SMALL = replace(BRISK, attempts=1, cache_bytes=3500)
THOUSAND = b"k" * 1000


def name(number: int) -> str:
    return f"outputs/video_{number}.1.mp4"


def age(storage: S3Storage, *numbers: int) -> None:
    """They were used in this order, all of it long ago."""
    for order, number in enumerate(numbers):
        path = storage.root / name(number)
        then = time.time() - 10 * REST_S + order
        os.utime(path, (then, min(then, path.stat().st_mtime)))


def here(storage: S3Storage) -> set[int]:
    return {n for n in range(10) if (storage.root / name(n)).exists()}


@pytest.fixture
def full(opened: Opened) -> S3Storage:
    """Three copies of a thousand bytes, in a folder for three and a half."""
    one = opened(1)
    for number in range(5):
        kept(one, name(number), THOUSAND)
    two = opened(2, manners=SMALL)
    for number in range(3):
        two.at_hand(name(number))
    return two


def test_what_was_used_least_recently_leaves(full: S3Storage) -> None:
    """As many as must; those that leave can be had again."""
    age(full, 1, 0, 2)
    full.at_hand(name(3))
    assert here(full) == {0, 2, 3}
    age(full, 0, 2, 3)
    full.at_hand(name(0))
    full.at_hand(name(4))
    assert here(full) == {0, 3, 4}
    assert full.at_hand(name(1)).read_bytes() == THOUSAND


def test_what_was_used_a_moment_ago_stays(full: S3Storage) -> None:
    """Somebody has its path and is about to open it, however full the folder is."""
    full.at_hand(name(3))
    full.at_hand(name(4))
    assert here(full) == {0, 1, 2, 3, 4}


def test_a_picture_stays_longer(opened: Opened) -> None:
    """Its job may wait an hour for a model before it is opened."""
    one = opened(1, manners=replace(SMALL, cache_bytes=0))
    for number, minutes in enumerate((10, 59, 61)):
        kept(one, f"inputs/video_{number}.png", THOUSAND)
        then = time.time() - minutes * 60
        os.utime(one.root / f"inputs/video_{number}.png", (then, then))
    opened(1)  # another process that trims nothing
    one._scratch.trim()
    assert sorted(path.name for path in (one.root / "inputs").iterdir()) == ["video_0.png", "video_1.png"]


def test_what_is_not_kept_never_leaves(full: S3Storage) -> None:
    """It stands nowhere else yet, however old it is; nor does what is being written."""
    write(full, name(7), THOUSAND)
    half = write(full, "outputs/.video_8.1.0a1b2c3d-1-0a1b2c3d.part.mp4", THOUSAND)
    age(full, 7, 0, 1, 2)
    full.at_hand(name(3))
    assert 7 in here(full)
    assert len(here(full)) == 3
    assert half.exists()


def test_after_a_start_old_copies_leave_too(opened: Opened, full: S3Storage) -> None:
    """They are compared with the store first: one that differs is somebody's, and stays."""
    (full.root / name(0)).write_bytes(b"K" * 1000)
    age(full, 0, 1, 2)
    again = opened(2, manners=SMALL)
    again.at_hand(name(3))
    assert here(again) == {0, 2, 3}


def test_nothing_leaves_while_the_store_is_away(opened: Opened, full: S3Storage, proxy: Proxy) -> None:
    """Whether a copy is kept cannot be asked then; what was asked for is had all the same."""
    age(full, 0, 1, 2)
    again = opened(2, proxy.url, SMALL)
    proxy.fail("HEAD", "cut", times=9)
    again.at_hand(name(3))
    assert here(again) == {0, 1, 2, 3}
    with pytest.raises(StorageUnreachable):
        again.at_hand(name(0))


def test_an_open_file_is_read_to_its_end(full: S3Storage) -> None:
    """It may leave under a reader's hands."""
    with full.at_hand(name(0)).open("rb") as file:
        age(full, 0, 1, 2)
        full.at_hand(name(3))
        assert 0 not in here(full)
        assert file.read() == THOUSAND


def test_use_leaves_the_time_of_change_alone(full: S3Storage) -> None:
    """By which others tell whether a file was written to."""
    path = full.root / name(1)
    age(full, 1)
    before = path.stat()
    full.at_hand(name(1))
    after = path.stat()
    assert after.st_mtime_ns == before.st_mtime_ns
    assert after.st_atime_ns > before.st_atime_ns


def test_many_readers_of_a_small_folder(opened: Opened, full: S3Storage) -> None:
    """Eight threads, five files, room for three, all of them old as soon as they are here: every reading is
    whole or is made again."""
    stop = threading.Event()

    def grow_old() -> None:
        while not stop.is_set():
            for number in here(full):
                try:
                    age(full, number)
                except FileNotFoundError:
                    continue

    def read(turn: int) -> None:
        for number in [(turn + step) % 5 for step in range(12)]:
            for _ in range(100):
                path: Path = full.at_hand(name(number))
                try:
                    assert path.read_bytes() == THOUSAND
                    break
                except FileNotFoundError:  # the minute did not last
                    continue

    ageing = threading.Thread(target=grow_old)
    ageing.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(read, range(8)))
    finally:
        stop.set()
        ageing.join()
    assert not list(full.root.rglob(".*"))


def test_what_was_removed_elsewhere_goes_here_too(opened: Opened, full: S3Storage) -> None:
    """A deleted video stays in nobody's copies for long; nor does what a killed attempt never kept. What is
    kept, was used lately, or is being written stays."""
    write(full, name(7), THOUSAND)
    write(full, name(8), THOUSAND)
    half = write(full, "outputs/.video_9.1.0a1b2c3d-1-0a1b2c3d.part.mp4", THOUSAND)
    opened(1).remove([name(0), name(1)])
    age(full, 0, 2, 7)
    assert full.clear_halves(5 * REST_S) == 2
    assert here(full) == {1, 2, 8}
    assert half.exists()
    age(full, 1)
    assert opened(2).clear_halves(5 * REST_S) == 1
    assert here(full) == {2, 8}


def test_nothing_is_cleared_while_the_store_is_away(opened: Opened, full: S3Storage, proxy: Proxy) -> None:
    """No answer is no word that it is gone."""
    age(full, 0, 1, 2)
    proxy.fail("HEAD", "cut", times=9)
    assert opened(2, proxy.url, SMALL).clear_halves(5 * REST_S) == 0
    assert here(full) == {0, 1, 2}
