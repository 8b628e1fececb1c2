"""Limits at their edges, bombs that cost nothing, and damage of every kind."""

from __future__ import annotations

import functools
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import (
    PNG_MAGIC,
    chunk,
    encoded,
    exif,
    header_only_png,
    iccp,
    ihdr,
    noise,
    png,
    rgb_profile,
    smooth,
)
from unstill.domain.errors import (
    BadPicture,
    DamagedPicture,
    SideOutOfRange,
    TooManyBytes,
    TooManyPixels,
    UnstillError,
)
from unstill.media.picture import Limits, SafePictureDoor

DOOR = SafePictureDoor()
MIB = 2**20
NOISE = noise(40, 56)


@contextmanager
def at_most(mebibytes: float) -> Iterator[None]:
    """Fails when Python and NumPy set aside more than this meanwhile."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < mebibytes * MIB, f"{peak / MIB:.1f} MiB"


def vp8x(width: int, height: int) -> bytes:
    """The head of an extended WebP that says it is ``width`` x ``height``."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_header(width: int, height: int) -> bytes:
    """A small JPEG whose frame header says ``width`` x ``height``."""
    data = bytearray(encoded(smooth(64, 64), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


# --- sides and pixels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(8192, 16), (16, 8192), (16, 16), (8000, 5000)])
def test_the_largest_and_smallest_pictures_are_let_in(width: int, height: int) -> None:
    """8192, 16 and exactly 40 megapixels are inside the limits."""
    assert DOOR.size(header_only_png(width, height)) == (width, height)
    assert DOOR.size(jpeg_header(width, height)) == (width, height)


@pytest.mark.parametrize(
    ("width", "height"), [(8193, 16), (16, 8193), (15, 100), (100, 15), (30000, 16), (30000, 20)]
)
def test_sides_outside_16_to_8192_are_refused(width: int, height: int) -> None:
    """The message names both limits; the header alone decides."""
    for ask in (DOOR.size, DOOR.open):
        with pytest.raises(SideOutOfRange, match="from 16 to 8192 pixels"):
            ask(header_only_png(width, height))


@pytest.mark.parametrize(
    ("width", "height", "mega"), [(8000, 5001, "40.1"), (16000, 16000, "256"), (8192, 8192, "67.2")]
)
def test_more_than_40_megapixels_are_refused(width: int, height: int, mega: str) -> None:
    """From the header, with the count rounded up."""
    for data in (header_only_png(width, height), jpeg_header(width, height), vp8x(width, height)):
        for ask in (DOOR.size, DOOR.open):
            with pytest.raises(TooManyPixels, match=f"{mega} megapixels; the limit is 40"):
                ask(data)


def test_limits_hold_for_arrays_and_images_too() -> None:
    """Whatever comes in, before it is copied."""
    wide = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (8193, 16, 3), (0, 0, 0))
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (8000, 8000, 3), (0, 0, 0))
    with at_most(1):
        for source, refusal in (
            (wide, SideOutOfRange),
            (huge, TooManyPixels),
            (np.zeros((0, 9), np.uint8), SideOutOfRange),
        ):
            with pytest.raises(refusal):
                DOOR.open(source)
    with pytest.raises(SideOutOfRange):
        DOOR.size(Image.new("L", (8, 100)))


def test_a_forty_megapixel_picture_really_opens() -> None:
    """A solid one packs a thousandfold and is legal all the same."""
    raw = zlib.compress(b"\0" * (1001 * 5000), 1)
    data = b"".join([PNG_MAGIC, ihdr(8000, 5000, 1, 0), chunk(b"IDAT", raw), chunk(b"IEND", b"")])
    pixels = DOOR.open(data).pixels
    assert pixels.shape == (5000, 8000, 3)
    assert not pixels[::500, ::500].any()


def test_limits_can_be_chosen() -> None:
    """A server with less memory asks for less."""
    door = SafePictureDoor(Limits(max_bytes=3000, max_pixels=2000, min_side=1, max_side=100))
    assert door.size(png(np.zeros((1, 100, 3), np.uint8))) == (100, 1)
    with pytest.raises(TooManyPixels):
        door.size(header_only_png(50, 41))
    with pytest.raises(SideOutOfRange):
        door.size(header_only_png(101, 1))
    with pytest.raises(TooManyBytes):
        door.size(bytes(3001))


def test_pillows_own_bomb_limit_plays_no_part() -> None:
    """A door told to allow more than Pillow would is not warned by it; warnings fail this test."""
    door = SafePictureDoor(Limits(max_pixels=400_000_000, max_side=100_000))
    for data in (header_only_png(20_000, 15_000), jpeg_header(20_000, 15_000)):
        assert door.size(data) == (20_000, 15_000)


# --- bytes -------------------------------------------------------------------------------------------------


def test_twenty_mebibytes_are_let_in_and_one_byte_more_is_not(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Files, bytes and streams alike; what lies after the picture counts."""
    small = png(NOISE)
    full = small + bytes(20 * MIB - len(small))
    path = tmp_path / "full.png"
    path.write_bytes(full)
    for source in (full, path, BytesIO(full)):
        assert DOOR.size(source) == (56, 40)
    path.write_bytes(full + b"\0")
    for source in (full + b"\0", path, BytesIO(full + b"\0")):
        with pytest.raises(TooManyBytes, match="the limit is 20 MiB"):
            DOOR.open(source)


def test_an_endless_source_is_read_no_further_than_the_limit(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A stream without end and a file of a terabyte of nothing are refused at once."""
    asked: list[int] = []

    class Endless(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size or 0)
            return bytes(min(size or 0, 4 * MIB))

    with pytest.raises(TooManyBytes):
        DOOR.open(Endless())
    assert asked[0] == 20 * MIB + 1
    assert len(asked) <= 6
    sparse = tmp_path / "sparse.png"
    with sparse.open("wb") as file:
        file.truncate(2**40)
    with at_most(1), pytest.raises(TooManyBytes, match="has 1048576 MiB"):
        DOOR.open(sparse)


# --- bombs -------------------------------------------------------------------------------------------------


def test_a_header_of_ten_gigapixels_costs_nothing() -> None:
    """100000 x 100000 in PNG and WebP: refused before anything is set aside."""
    with at_most(1):
        for data in (header_only_png(100_000, 100_000), vp8x(100_000, 100_000)):
            with pytest.raises(TooManyPixels):
                DOOR.open(data)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_packed_text_is_never_unpacked(kind: bytes) -> None:
    """A picture with 64 MiB of packed nothing in its metadata opens without it."""
    packed = zlib.compress(bytes(64 * MIB), 1)
    head = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    bomb = [chunk(kind, head + packed)] * (8 if kind != b"iCCP" else 1)
    for data in (png(NOISE, before=bomb), png(NOISE, after=bomb)):
        with at_most(20):
            assert np.array_equal(DOOR.open(data).pixels, NOISE)


def test_pixel_data_that_unpacks_far_past_the_picture_is_cut_off() -> None:
    """A 16 x 16 picture with 200 MiB behind it takes the memory of a 16 x 16 picture."""
    raw = zlib.compress(bytes(200 * MIB), 1)
    data = b"".join([PNG_MAGIC, ihdr(16, 16), chunk(b"IDAT", raw), chunk(b"IEND", b"")])
    with at_most(3):
        assert DOOR.open(data).pixels.shape == (16, 16, 3)


def test_a_progressive_jpeg_with_thousands_of_scans_is_refused() -> None:
    """Each empty scan costs a pass over all pixels; no camera writes more than a few."""
    data = encoded(smooth(512, 512), "JPEG", progressive=True)
    assert DOOR.size(data) == (512, 512)
    start = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[start:-2] * 5000 + b"\xff\xd9"
    began = time.perf_counter()
    for ask in (DOOR.size, DOOR.open):
        with pytest.raises(DamagedPicture):
            ask(bomb)
    assert time.perf_counter() - began < 30


def test_what_follows_a_jpegs_end_is_not_looked_at() -> None:
    """A motion photo carries a film behind its picture; scan marks in it mean nothing."""
    data = encoded(NOISE, "JPEG", quality=95)
    alone = DOOR.open(data).pixels
    assert np.array_equal(DOOR.open(data + b"\xff\xda\x00\x04aa" * 5000).pixels, alone)


# --- damage ------------------------------------------------------------------------------------------------


@functools.cache
def whole(form: str) -> bytes:
    """One valid file a kind, with metadata of every sort in it."""
    block, profile = exif(6), rgb_profile(1.8)
    if form == "PNG":
        extra = [iccp(profile), chunk(b"eXIf", block), chunk(b"tEXt", b"a\0b"), chunk(b"tRNS", bytes(6))]
        return png(smooth(24, 40), before=extra)
    if form == "palette":
        extra = [chunk(b"PLTE", bytes(range(48))), chunk(b"tRNS", bytes(range(9)))]
        return png(noise(24, 40, 1) % 16, 4, 3, before=extra, interlaced=True)
    if form == "CMYK":
        return encoded(Image.fromarray(smooth(24, 40)).convert("CMYK"), "JPEG", exif=block)
    if form == "animated":
        frames = [Image.fromarray(noise(24, 40, seed=s)) for s in range(2)]
        return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], icc_profile=profile)
    options = {"exif": block, "icc_profile": profile}
    return encoded(
        smooth(24, 40), form.split()[0], **options, **({"progressive": True} if " " in form else {})
    )


FORMS = ["PNG", "palette", "JPEG", "JPEG progressive", "CMYK", "WEBP", "animated"]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_short_is_called_damaged(form: str) -> None:
    """At whatever byte it ends, there is no half picture and no traceback."""
    data = whole(form)
    assert DOOR.open(data).pixels.shape[2] == 3
    tail = 13 if form in ("PNG", "palette") else 3  # a PNG without its empty end chunk still has all pixels
    for keep in [*range(12, 60), *range(60, len(data) - tail, max(1, len(data) // 60)), len(data) - tail]:
        with pytest.raises(BadPicture):
            DOOR.open(data[:keep])


@pytest.mark.parametrize("at", [0.3, 0.5, 0.9])
def test_a_flipped_bit_in_a_png_is_noticed(at: float) -> None:
    """Pillow does not compare the checksums of pixel chunks; the door does."""
    data = bytearray(png(NOISE))
    data[int(len(data) * at)] ^= 4
    with pytest.raises(DamagedPicture):
        DOOR.open(bytes(data))


def test_damage_in_metadata_alone_is_forgiven() -> None:
    """A wrong checksum in a comment does not cost the picture."""
    comment = bytearray(chunk(b"tEXt", b"a\0some words"))
    comment[-1] ^= 1
    assert np.array_equal(DOOR.open(png(NOISE, before=[bytes(comment)])).pixels, NOISE)


@pytest.mark.parametrize(
    "data",
    [
        PNG_MAGIC, PNG_MAGIC + bytes(40), b"\xff\xd8\xff",
        header_only_png(0, 20), b"\xff\xd8\xff\xe0" + bytes(40), b"\xff\xd8\xff\xd9" * 9,
        b"RIFF\x20\0\0\0WEBPVP8 " + bytes(30), b"RIFF\0\0\0\0WEBP", PNG_MAGIC + ihdr(20, 20),
        PNG_MAGIC + ihdr(20, 20, 3),
        PNG_MAGIC + ihdr(20, 20, 8, 5), PNG_MAGIC + chunk(b"IEND", b""), b"\0\0\0\x18ftypheic" + bytes(60),
    ],
)  # fmt: skip
def test_a_right_beginning_without_the_rest_is_damage(data: bytes) -> None:
    """The first bytes promise a picture that does not follow."""
    for ask in (DOOR.size, DOOR.open):
        with pytest.raises(DamagedPicture):
            ask(data)


def refusal(ask: Callable[[bytes], object], data: bytes) -> UnstillError | None:
    """Our error, if there was one; any other passes through and fails the test."""
    try:
        ask(data)
    except UnstillError as error:
        return error
    return None


def only_our_errors(ask: Callable[[bytes], object], data: bytes) -> None:
    error = refusal(ask, data)
    assert error is None or (error.message("en") and error.message("zh") and error.hint("en"))


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A valid file with bytes changed, cut out, doubled or put in, and PNG checksums made right again."""
    form = draw(st.sampled_from(FORMS))
    data = bytearray(whole(form))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.sampled_from(["set", "set", "cut", "double", "insert", "end"]))
        if how == "set" and data:
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255))
        elif how == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
        elif how == "end":
            del data[max(at, 12) :]
        else:
            piece = data[at : at + draw(st.integers(1, 200))]
            data[at : at + len(piece)] = piece * 2 if how == "double" else b""
    if form in ("PNG", "palette") and draw(st.booleans()):
        return mended(bytes(data))
    return bytes(data)


def mended(data: bytes) -> bytes:
    """The same PNG chunks with right checksums, so that changes reach the decoder."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        out += chunk(kind, data[at + 8 : at + 8 + length])
        at += 12 + length
    return bytes(out + data[at:])


@given(hostile())
@settings(max_examples=400, deadline=None)
def test_hostile_bytes_only_ever_raise_our_errors(data: bytes) -> None:
    """Whatever is done to a file, the door opens it or says why not."""
    only_our_errors(DOOR.open, data)
    only_our_errors(DOOR.size, data)


@given(
    st.sampled_from([b"\xff\xd8\xff", PNG_MAGIC, b"RIFF\0\1\0\0WEBPVP8X", b"\0\0\0\x18ftypheic", b""]),
    st.binary(max_size=300),
)
@settings(max_examples=200, deadline=None)
def test_random_bytes_only_ever_raise_our_errors(magic: bytes, rest: bytes) -> None:
    """The same for noise behind a right beginning."""
    only_our_errors(DOOR.open, magic + rest)
