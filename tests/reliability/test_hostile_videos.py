"""Videos that strangers send to be looked at or gone on from: damaged in every part."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice

import av
import numpy as np
import pytest

import figures
from hostile import BUSY, FLAT_MEBIBYTES, Account, faults
from live import Live, names
from mutations import mutant

FILES, LONG = 2000, 20_000
"""Half to each route."""
VIDEO_CPU_S = 20.0
ROUTES: Mapping[str, Mapping[str, str]] = {
    "/v1/videos/inspect": {},
    "/v1/videos/extensions": {"prompt": "pan left", "seconds": "1", "model": "testcard"},
}
CODECS = {
    "h264.mp4": "libx264", "vp9.webm": "libvpx-vp9", "av1.mp4": "libsvtav1", "mpeg4.mp4": "mpeg4",
    "h264.mkv": "libx264",
}  # fmt: skip


@cache
def encoded() -> Mapping[str, bytes]:
    """Short videos of several makers and containers."""
    return {name: clip(codec, name.rpartition(".")[2]) for name, codec in CODECS.items()}


def clip(codec: str, container: str) -> bytes:
    out = io.BytesIO()
    form = "matroska" if container == "mkv" else container
    with av.open(out, "w", format=form) as writer:
        writer.metadata["comment"] = '{"unstill": 1}'
        stream = writer.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(8):
            pixels = np.full((64, 64, 3), 20 * number, np.uint8)
            writer.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        writer.mux(stream.encode(None))
    return out.getvalue()


def inner_boxes(raw: bytes, number: int) -> bytes:
    """One box somewhere in an MP4's tree says that it is of another size, or is of another kind."""
    found, at = [], 0
    while (at := raw.find(b"st", at + 1)) > 0:  # stbl and what it holds: stsd, stts, stsz, stco ...
        found.append(at)
    for kind in (b"moov", b"trak", b"mdia", b"mvhd", b"tkhd", b"mdhd", b"udta", b"meta", b"ilst", b"avcC"):
        if (at := raw.find(kind)) > 4:
            found.append(at)
    if not found:
        return raw
    numbers, out = np.random.default_rng(number), bytearray(raw)
    for place in numbers.choice(found, 2):
        what = int(numbers.integers(3))
        if what == 0:
            out[place - 4 : place] = struct.pack(">I", int(numbers.choice((0, 1, 8, 2**31, 2**32 - 1))))
        elif what == 1:
            out[place : place + 4] = b"moov"
        else:
            out[place + 4 : place + 16] = numbers.bytes(12)
    return bytes(out)


def bad_videos(good: Mapping[str, bytes], first: int) -> Iterator[tuple[str, bytes]]:
    number = first
    while True:
        name, raw = mutant(good, number)
        if number % 3 == 0:
            name = sorted(good)[number // 3 % len(good)]
            raw = inner_boxes(good[name], number)
        yield name, raw
        number += 1


def ours(server: Live, form: str) -> bytes:
    """A finished video of the server's own."""
    made = server.create(format=form).raise_for_status().json()
    assert server.settled(made["id"])["state"] == "completed"
    with server.client() as client:
        return client.get(f"/v1/videos/{made['id']}/content").content


def send(server: Live, count: int, first: int = 0) -> list[Account]:
    """So many bad videos, half of them to each route; one account a route."""
    server.start()
    mine = {f"ours.{form}": ours(server, form) for form in ("mp4", "webm")}
    server.create("asleep", model="naughty").raise_for_status()
    good = {**mine, **encoded()}
    accounts = [Account(server, path, "video", values) for path, values in ROUTES.items()]
    for at, account in enumerate(accounts):
        with server.client() as client:
            for name, raw in mine.items():
                assert account.send(client, name, raw).status_code == 200
        account.send_all(islice(bad_videos(good, first + at * count), count // 2))
    return accounts


def check(server: Live, accounts: list[Account]) -> None:
    assert [wrong for account in accounts for wrong in account.wrong] == []
    assert max(account.cpu_s for account in accounts) < VIDEO_CPU_S
    assert max(account.peak_mebibytes for account in accounts) < 1024
    assert max(account.grown_mebibytes for account in accounts) < FLAT_MEBIBYTES
    assert names(server.data / "tmp") == set()
    assert faults(server) == []
    assert server.create().status_code == 200


def test_bad_videos(live: Callable[..., Live]) -> None:
    """2,000 mutations of MP4 and WebM, ours and others', on the two routes that take videos: each is answered
    in words, none is a fault of ours, and the server's memory stays."""
    server = live(**BUSY)
    accounts = send(server, FILES)
    for account in accounts:
        figures.note("bad videos", route=account.path, **account.figures())
        assert len(account.answers) >= 3
    check(server, accounts)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_bad_videos_for_long(live: Callable[..., Live]) -> None:
    """20,000 of other numbers."""
    if figures.is_done("bad videos, long", 0):
        pytest.skip("done before")
    server = live(**BUSY)
    accounts = send(server, LONG, first=FILES)
    check(server, accounts)
    for part, account in enumerate(accounts):
        figures.record("bad videos, long", part=part, route=account.path, **account.figures())
