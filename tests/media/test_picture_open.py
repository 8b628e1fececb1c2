"""What the door lets in, what it refuses, and which way up the picture comes out."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, RawIOBase, StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pictures import (
    chunk,
    encoded,
    exif,
    header_only_png,
    heic,
    iccp,
    jpeg_with_exif,
    noise,
    png,
    quadrants,
    rgb_profile,
    smooth,
)
from unstill.core.ports import PictureDoor
from unstill.domain.errors import (
    DamagedPicture,
    EmptyPicture,
    FormatNotAccepted,
    HeifNotInstalled,
    InvalidField,
    NotAPicture,
    NotReadable,
    PictureMissing,
)
from unstill.media.picture import SafePictureDoor

DOOR = SafePictureDoor()
NOISE = noise(40, 56)
NOISE_PNG = png(NOISE)


def turned(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels as shown, from where EXIF says row 0 and column 0 belong."""
    steps = {1: (0, 0), 2: (0, 1), 3: (2, 0), 4: (2, 1), 5: (3, 1), 6: (3, 0), 7: (1, 1), 8: (1, 0)}
    quarters, mirrored = steps[orientation]
    mirror = np.fliplr(stored) if mirrored and orientation in (2, 4) else stored
    out = np.rot90(mirror, quarters)
    return np.fliplr(out) if mirrored and orientation in (5, 7) else out


# --- sources -----------------------------------------------------------------------------------------------


def sources(tmp_path: Path) -> dict[str, object]:
    path = tmp_path / "cat.png"
    path.write_bytes(NOISE_PNG)
    return {
        "str": str(path), "Path": path, "bytes path": os.fsencode(path).decode(), "bytes": NOISE_PNG,
        "bytearray": bytearray(NOISE_PNG), "memoryview": memoryview(NOISE_PNG), "stream": BytesIO(NOISE_PNG),
        "file": path.open("rb"), "array": NOISE, "image": Image.fromarray(NOISE),
        "lazy image": Image.open(path),
        "strided": memoryview(bytes(v for b in NOISE_PNG for v in (b, 0)))[::2],
    }  # fmt: skip


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    """A path, bytes, a file, a Pillow image and an array are the same picture."""
    made = sources(tmp_path)
    for kind, source in made.items():
        assert DOOR.size(source) == (56, 40), kind
        picture = DOOR.open(source)
        assert np.array_equal(picture.pixels, NOISE), kind
        assert (picture.width, picture.height) == (56, 40)
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.flags.c_contiguous
        assert picture.pixels.flags.writeable
    made["file"].close()  # type: ignore[attr-defined]


def test_the_door_fits_its_port() -> None:
    """The checker and the code that uses it see a PictureDoor."""
    door: PictureDoor = DOOR
    assert door.open(NOISE).format == "pixels"


def test_a_picture_is_called_by_its_file_name(tmp_path: Path) -> None:
    """Errors and plans show "cat.png", never the folders above it."""
    path = tmp_path / "cat.png"
    path.write_bytes(NOISE_PNG)
    assert DOOR.open(path).name == "cat.png"
    with path.open("rb") as file:
        assert DOOR.open(file).name == "cat.png"
    assert DOOR.open(NOISE_PNG).name == "the picture"


def test_the_pixels_are_the_pictures_own(tmp_path: Path) -> None:
    """Changing the array one came with does not change the picture."""
    mine = NOISE.copy()
    picture = DOOR.open(mine)
    mine[:] = 0
    assert np.array_equal(picture.pixels, NOISE)


def test_a_file_object_is_left_where_it_stood() -> None:
    """size() and then open() on the same file both see the whole picture."""
    stream = BytesIO(b"head" + NOISE_PNG)
    stream.seek(4)
    assert DOOR.size(stream) == (56, 40)
    assert DOOR.open(stream).width == 56
    assert stream.tell() == 4


def test_a_pipe_that_gives_little_at_a_time_is_read_to_its_end() -> None:
    """Short reads are not the end of the picture."""

    class Trickle(RawIOBase):
        rest = NOISE_PNG

        def read(self, size: int = -1) -> bytes:
            piece, self.rest = self.rest[:700], self.rest[700:]
            return piece

    assert np.array_equal(DOOR.open(Trickle()).pixels, NOISE)


@pytest.mark.parametrize("shape", [(40, 56), (40, 56, 3), (40, 56, 4)])
def test_arrays_may_be_grey_colour_or_with_alpha(shape: tuple[int, ...]) -> None:
    """Grey goes to all three channels, alpha over white."""
    array = np.full(shape, 100, np.uint8)
    if len(shape) == 3 and shape[2] == 4:
        array[..., 3] = 0
    assert np.all(DOOR.open(array).pixels == (255 if shape[-1] == 4 else 100))


def test_an_array_that_lies_crooked_in_memory_is_read_right() -> None:
    """Slices, flips and Fortran order are arrays too."""
    wide = noise(80, 120)
    for view in (wide[::2, ::2], wide[::-1, ::-1], np.asfortranarray(wide)):
        assert np.array_equal(DOOR.open(view).pixels, view)


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        None, 7, ["a.png"], StringIO("text"), object(), np.zeros((40, 40), np.float32),
        np.zeros((40, 40, 2), np.uint8), np.zeros((40, 40, 3), np.int16), np.zeros((2, 40, 40, 3), np.uint8),
        np.zeros(40, np.uint8), b"hello" * 50,
        b"BMW is a car, not a bitmap" * 9, bytes(500), b"<html><body>no picture</body></html>", b"{}",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_called_that(source: object) -> None:
    """Wrong types, wrong arrays and text get the same plain answer from open and size."""
    for ask in (DOOR.open, DOOR.size):
        with pytest.raises(NotAPicture) as caught:
            ask(source)
        assert "the picture" in caught.value.message()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("GIF", encoded(NOISE, "GIF")), ("TIFF", encoded(NOISE, "TIFF")), ("BMP", encoded(NOISE, "BMP")),
        ("ICO", encoded(NOISE, "ICO")), ("PNM", encoded(NOISE, "PPM")),
        ("JPEG 2000", encoded(NOISE, "JPEG2000")),
        ("QOI", encoded(NOISE, "QOI")), ("DDS", encoded(NOISE, "DDS")), ("PDF", encoded(NOISE, "PDF")),
        ("AVIF", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B" + bytes(40)),
        ("AVIF", b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(40)),
        ("MP4", b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(40)),
        ("MOV", b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + bytes(40)),
        ("PSD", b"8BPS\0\1" + bytes(40)), ("SVG", b'<?xml version="1.0"?>\n<svg xmlns="x"/>'),
        ("SVG", b"\xef\xbb\xbf <svg/>"),
        ("JPEG XL", b"\xff\x0a" + bytes(40)), ("WebM", b"\x1aE\xdf\xa3" + bytes(40)),
        ("AVI", b"RIFF\0\0\0\0AVI " + bytes(40)),
    ],
)  # fmt: skip
def test_other_formats_are_refused_by_name(name: str, data: bytes, tmp_path: Path) -> None:
    """The refusal names the format given, whatever the file is called, and the accepted ones."""
    path = tmp_path / "holiday.jpg"
    path.write_bytes(data)
    for ask in (DOOR.open, DOOR.size):
        with pytest.raises(FormatNotAccepted) as caught:
            ask(path)
        message = caught.value.message()
        assert "holiday.jpg" in message
        assert f" {name} " in message
        assert "JPEG, PNG, WebP, HEIC" in message


def test_the_file_name_does_not_decide() -> None:
    """A PNG called .jpg is a PNG, and metadata is no part of the result."""
    stream = BytesIO(png(NOISE, after=[chunk(b"tEXt", b"Comment\0secret place")]))
    stream.name = "photo.jpg"
    picture = DOOR.open(stream)
    assert (picture.format, picture.name, picture.notes) == ("PNG", "photo.jpg", ())


def test_no_file_there(tmp_path: Path) -> None:
    """A path that leads nowhere is said to be missing, in every way a path can lead nowhere."""
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "no.png", tmp_path / "file" / "no.png", "", "a\0b.png"):
        with pytest.raises(PictureMissing):
            DOOR.open(path)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    """0 bytes is its own answer: a failed download looks like this."""
    (tmp_path / "empty.jpg").touch()
    for source in (tmp_path / "empty.jpg", b"", bytearray(), BytesIO()):
        with pytest.raises(EmptyPicture):
            DOOR.size(source)


def test_folders_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    """Nothing waits for a pipe's writer, and no device is read."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    seen: list[str] = []

    def ask() -> None:
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "link", tmp_path / "loop", "/dev/zero"):
            with pytest.raises(NotReadable) as caught:
                DOOR.open(path)
            seen.append(str(caught.value.facts["reason"]))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(5)
    assert len(seen) == 5
    assert seen[:3] == ["it is a folder", "it is not a regular file", "it is not a regular file"]


def test_a_source_that_fails_while_it_is_read_is_not_readable() -> None:
    """A stream's own errors, whatever their type, are told as ours."""

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise PermissionError(13, "Permission denied")

    closed = BytesIO(NOISE_PNG)
    closed.close()
    with pytest.raises(NotReadable, match="Permission denied"):
        DOOR.open(Broken(b"x"))
    with pytest.raises(NotReadable):
        DOOR.open(closed)


def test_names_cannot_play_with_the_terminal(tmp_path: Path) -> None:
    """Control characters in a file name do not reach the screen."""
    path = tmp_path / "a\x1b[31m\udcffb.png"
    path.write_bytes(b"junk")
    with pytest.raises(NotAPicture) as caught:
        DOOR.open(path)
    assert "a?[31m?b.png" in caught.value.message()


@pytest.mark.parametrize("background", ["white", "#fff", "#12345g", "", 5])
def test_a_background_that_is_no_colour_is_refused(background: object) -> None:
    """Only "#rrggbb" is a colour here."""
    with pytest.raises(InvalidField):
        DOOR.open(NOISE, background)  # type: ignore[arg-type]


def test_ctrl_c_is_never_taken_for_damage() -> None:
    """KeyboardInterrupt passes through the door."""

    class Interrupting(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DOOR.open(Interrupting(b"x"))


# --- formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}]
)
def test_jpeg_decodes_as_opencv_does(options: dict[str, object]) -> None:
    """Another decoder sees the same pixels within a level or two."""
    data = encoded(smooth(120, 90), "JPEG", quality=92, subsampling=0, **options)
    picture = DOOR.open(data)
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture.format == "JPEG"
    assert np.abs(picture.pixels.astype(int) - other).max() <= 2


def test_lossless_webp_keeps_every_pixel() -> None:
    """WebP, lossless, is exact; its sides come from the header."""
    data = encoded(NOISE, "WEBP", lossless=True)
    assert DOOR.size(data) == (56, 40)
    assert np.array_equal(DOOR.open(data).pixels, NOISE)


def test_a_phones_multi_picture_jpeg_gives_its_first_picture() -> None:
    """Pillow calls such a file MPO; here it is a JPEG."""
    first, second = smooth(64, 80), 255 - smooth(64, 80)
    data = encoded(first, "MPO", save_all=True, append_images=[Image.fromarray(second)], quality=95)
    assert Image.open(BytesIO(data)).format == "MPO"
    picture = DOOR.open(data)
    assert (picture.format, picture.notes) == ("JPEG", ())
    assert np.abs(picture.pixels.astype(int) - first).max() < 12


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_gives_its_first_frame_and_says_so(form: str) -> None:
    """Animated WebP and PNG: frame one, with a note."""
    frames = [Image.fromarray(noise(40, 56, seed=s)) for s in range(3)]
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100, **options)
    picture = DOOR.open(data)
    assert np.array_equal(picture.pixels, np.asarray(frames[0]))
    assert [n.code for n in picture.notes] == ["first_frame_only"]


def test_heic_is_read_where_its_reader_is_installed() -> None:
    """A HEVC still comes out within a few levels of what went in."""
    pytest.importorskip("pi_heif")
    data = heic(smooth(64, 96))
    picture = DOOR.open(data)
    assert (picture.format, DOOR.size(data)) == ("HEIC", (96, 64))
    assert np.abs(picture.pixels.astype(int) - smooth(64, 96)).mean() < 3


def test_heic_is_turned_once() -> None:
    """The container's turn is applied; the EXIF orientation beside it, which repeats it, is not."""
    pytest.importorskip("pi_heif")
    shown = np.rot90(quadrants(64, 96), 1)
    data = heic(quadrants(64, 96), quarter_turns=1, item_exif=exif(8))
    picture = DOOR.open(data)
    assert DOOR.size(data) == (64, 96)
    assert np.abs(picture.pixels[8::16, 8::16].astype(int) - shown[8::16, 8::16]).max() < 12


def test_heic_without_its_reader_says_what_to_install() -> None:
    """The hint is a command."""
    door = SafePictureDoor(heif=lambda: None)
    for brand in (b"heic", b"heix", b"mif1", b"msf1"):
        with pytest.raises(HeifNotInstalled) as caught:
            door.size(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(60))
        assert "unstill[heif]" in caught.value.hint()
    with pytest.raises(FormatNotAccepted, match="JPEG, PNG, WebP are accepted"):
        door.size(encoded(NOISE, "GIF"))


def test_damaged_heic_is_called_damaged() -> None:
    """Cut at any place, a HEIC file is refused in our words."""
    pytest.importorskip("pi_heif")
    data = heic(smooth(64, 64))
    for keep in (24, 60, 200, 400, len(data) - 200):
        with pytest.raises(DamagedPicture):
            DOOR.open(data[:keep])


@pytest.mark.parametrize("depth", [8, 16])
def test_interlaced_and_split_png_is_the_same_picture(depth: int) -> None:
    """Adam7 and many small IDAT chunks change nothing."""
    samples = NOISE.astype(np.uint16) * (257 if depth == 16 else 1)
    for data in (png(samples, depth, interlaced=True), png(samples, depth, pieces=9)):
        assert np.array_equal(DOOR.open(data).pixels, NOISE)


# --- orientation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_all_eight_orientations_are_applied(orientation: int, order: str) -> None:
    """PNG, WebP and JPEG come out upright, and size() swaps with them."""
    block, shown = exif(orientation, order), turned(NOISE, orientation)
    upright = (shown.shape[1], shown.shape[0])
    for data in (
        png(NOISE, before=[chunk(b"eXIf", block)]),
        encoded(NOISE, "WEBP", lossless=True, exif=block),
    ):
        assert DOOR.size(data) == upright
        assert np.array_equal(DOOR.open(data).pixels, shown)
        assert DOOR.open(data).pixels.flags.c_contiguous
    jpeg = jpeg_with_exif(NOISE, block)
    as_stored = DOOR.open(jpeg_with_exif(NOISE, exif(1))).pixels
    assert DOOR.size(jpeg) == upright
    assert np.array_equal(DOOR.open(jpeg).pixels, turned(as_stored, orientation))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_agrees_with_opencv(orientation: int) -> None:
    """OpenCV reads the same EXIF and turns the same way."""
    data = jpeg_with_exif(smooth(64, 96), exif(orientation))
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    ours = DOOR.open(data).pixels
    assert ours.shape == other.shape
    assert np.abs(ours.astype(int) - other).max() <= 2


def test_a_pillow_images_orientation_is_applied_too() -> None:
    """An image opened by the caller is turned once, and not twice when he turned it himself."""
    image = Image.open(BytesIO(jpeg_with_exif(NOISE, exif(6))))
    assert DOOR.size(image) == (40, 56)
    assert DOOR.open(image).pixels.shape == (56, 40, 3)
    from PIL import ImageOps

    assert DOOR.open(ImageOps.exif_transpose(image)).pixels.shape == (56, 40, 3)


@pytest.mark.parametrize(
    "block",
    [
        b"", b"II*\0", b"junk" * 30, exif(0), exif(9), exif(6)[:12], exif(6)[:19], exif(6, kind=4),
        b"II*\0\xff\xff\xff\xff" + bytes(20), b"II*\0\x08\0\0\0\xff\xff" + bytes(30), exif(6)[:8],
    ],
)  # fmt: skip
def test_broken_exif_is_ignored(block: bytes) -> None:
    """A picture is not refused, turned or warned about for bad metadata."""
    for data in (jpeg_with_exif(NOISE, block), png(NOISE, before=[chunk(b"eXIf", block)])):
        assert DOOR.open(data).pixels.shape == NOISE.shape


# --- as a part ---------------------------------------------------------------------------------------------


def test_many_threads_may_share_one_door() -> None:
    """Results do not mix, with profiles and orientation in play."""
    block = exif(6)
    files = [
        (png(n := noise(50, 70, seed=s), before=[iccp(rgb_profile(1.8)), chunk(b"eXIf", block)]), n)
        for s in range(8)
    ]
    alone = [DOOR.open(data).pixels for data, _ in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda f: DOOR.open(f[0]).pixels, files * 4))
    assert all(np.array_equal(a, b) for a, b in zip(alone * 4, together, strict=True))


def test_importing_the_door_is_light_and_changes_nothing_in_pillow() -> None:
    """Neither OpenCV, torch nor the other plug-ins of Pillow are imported, and no limit is set."""
    code = (
        "import sys, unstill.media.picture as p; from PIL import Image; "
        "heavy = {'cv2', 'torch', 'av', 'pi_heif', 'PIL.ImageCms', 'PIL.GifImagePlugin'} & set(sys.modules); "
        "p.SafePictureDoor().open(bytes.fromhex(sys.stdin.read())); "
        "opened = {'PIL.GifImagePlugin', 'PIL.BmpImagePlugin', 'pi_heif'} & set(sys.modules); "
        "print(heavy, opened, Image.MAX_IMAGE_PIXELS == 1024**3 // 4 // 3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=NOISE_PNG.hex(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set() set() True"


def test_a_header_that_lies_about_pixels_is_damage() -> None:
    """size() believes the header; open() finds that the pixels are not there."""
    data = header_only_png(64, 64)
    assert DOOR.size(data) == (64, 64)
    with pytest.raises(DamagedPicture):
        DOOR.open(data)
