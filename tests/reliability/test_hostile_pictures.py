"""Pictures that strangers send: damaged, lying, or made to cost more than they weigh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from bombs import bombs, chunk, jpeg_with, looped_exif, many_frames, png, zeros

import corpus
import figures
from hostile import BUSY, FLAT_MEBIBYTES, PICTURE_CPU_S, Account, faults, occupied
from live import PHOTO, Live, names
from mutations import mutant

FILES = 2000
PART, PARTS = 2500, 20
CREATE = {"prompt": "pan left", "model": "testcard", "seed": "1"}


def bad_pictures(first: int, strangers: bool) -> Iterator[tuple[str, bytes]]:
    """Other projects' test images as they are, where they are to be had, then our own without end."""
    if strangers:
        yield from corpus.strangers().items()
    number = first
    while True:
        yield mutant(corpus.seeds(), number)
        number += 1


def check(account: Account) -> None:
    """What holds whatever was sent."""
    server = account.server
    assert account.wrong == []
    assert account.cpu_s < PICTURE_CPU_S, account.dearest
    assert account.peak_mebibytes < 1024
    assert account.grown_mebibytes < FLAT_MEBIBYTES
    assert names(server.data / "tmp") == set()
    assert [name for name in server.inputs() if ".part" in name] == []
    assert faults(server) == []
    assert server.create().status_code == 200


def test_malformed_pictures(live: Callable[..., Live]) -> None:
    """2,000 of them: each is taken or refused in words, never a fault of ours; the server's memory stays, no
    picture costs 5 s of CPU, no file is left behind, and a good picture is taken afterwards."""
    account = Account(occupied(live(**BUSY)), "/v1/videos", "input_reference", CREATE)
    account.send_all(islice(bad_pictures(0, strangers=True), FILES))
    figures.note("malformed pictures", strangers=len(corpus.strangers()), **account.figures())
    assert sum(account.answers.values()) == FILES
    assert len(account.answers) >= 5
    check(account)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_malformed_pictures_for_long(live: Callable[..., Live], part: int) -> None:
    """50,000 in 20 parts; a part that is done is not done again."""
    if figures.is_done("malformed pictures, long", part):
        pytest.skip("done before")
    corpus.fetch()
    account = Account(occupied(live(**BUSY)), "/v1/videos", "input_reference", CREATE)
    account.send_all(islice(bad_pictures(10_000 + part * PART, strangers=part == 0), PART))
    told = {"part": part, "strangers": len(corpus.strangers()), **account.figures()}
    check(account)
    figures.record("malformed pictures, long", **told)


REFUSED = frozenset({
    "png that says 60000 x 60000", "png of 2^31 a side", "png just over 40 megapixels", "png of 8192 x 8192",
    "apng of 2^31 frames", "webp canvas of 16384 x 16384", "webp canvas of 2^24 a side", "jpeg of many scans",
    "jpeg that says 65500 x 65500", "webp of many frames, cut",
})  # fmt: skip
"""The other bombs hurt those who read all of them; here they may be the one small picture in their front."""


def more_bombs() -> Iterator[tuple[str, bytes]]:
    yield "png with an exif that loops", png(64, 64, chunk(b"eXIf", looped_exif()), data=zeros(1))
    yield "jpeg of many frames and an index that loops", jpeg_with(b"MPF\0" + looped_exif(), 0xE2)
    yield "png of 8192 x 8192", png(8192, 8192, data=zeros(193))
    yield "webp of many frames, cut", many_frames("WEBP")[:-500]


def let_off(account: Account) -> float:
    """Every bomb, once; MiB that the server grew by."""
    with account.server.client() as client:
        account.send(client, "good", PHOTO)
        before = account.server.rss_bytes()
        for name, raw in [*bombs(), *more_bombs()]:
            answer = account.send(client, name, raw)
            assert answer.status_code in ((400, 413) if name in REFUSED else (200, 400, 413)), name
    return round((account.server.rss_bytes() - before) / figures.MEBIBYTE, 1)


def test_bombs(live: Callable[..., Live]) -> None:
    """Refused in words, or taken for the small picture in their front; the child stays under 1 GiB and 5 s of
    CPU, and the server's own memory does not follow."""
    account = Account(occupied(live(**BUSY)), "/v1/videos", "input_reference", CREATE)
    grown = let_off(account)
    child = {"child_peak_mebibytes": round(account.peak_mebibytes), "dearest": account.dearest}
    figures.note("bombs", grown_mebibytes=grown, **child, **figures.spread(account.seconds))
    assert account.wrong == []
    assert account.peak_mebibytes < 1024
    assert account.cpu_s < PICTURE_CPU_S
    assert grown < 64
    assert account.server.create().status_code == 200


@pytest.mark.soak
def test_bombs_by_the_clock(live: Callable[..., Live]) -> None:
    """Each is answered within 2 s."""
    account = Account(occupied(live(**BUSY)), "/v1/videos", "input_reference", CREATE)
    grown = let_off(account)
    figures.record("bombs, by the clock", grown_mebibytes=grown, **figures.spread(account.seconds))
    assert max(account.seconds[1:]) < 2
