"""The decoding child: what it gives and what it refuses."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bombs import bombs, small
from children import linux, own_mebibytes, peak_mebibytes
from PIL import Image

from unstill.adapters.picture_child import PictureChild
from unstill.core.inbox import Inbox
from unstill.domain.errors import (
    BadPicture,
    DamagedPicture,
    EmptyPicture,
    TooManyBytes,
)
from unstill.media.picture import SafePictureDoor


def test_a_picture_is_kept_as_pixels(child: PictureChild, data: Path) -> None:
    """The same pixels that the door gives in this process, in a PNG that another reader agrees with."""
    inbox: Inbox = child
    for number, raw in enumerate((small(), small("PNG"), small("WEBP"))):
        taken = inbox.take(raw, "sunset.jpg", video_id=f"video_{number}")
        path = data / taken.input.file
        assert taken.input.file == f"inputs/video_{number}.png"
        assert (taken.input.name, taken.input.width, taken.input.height) == ("sunset.jpg", 256, 256)
        with Image.open(path) as kept:
            assert np.array_equal(np.asarray(kept), SafePictureDoor().open(raw).pixels)
        assert taken.input.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list((data / "tmp").iterdir()) == []


@pytest.mark.parametrize("size", [(16, 16), (8192, 16), (16, 8192), (1001, 777)])
def test_any_shape_survives_the_fast_png(child: PictureChild, data: Path, size: tuple[int, int]) -> None:
    """Noise, over the edges of strips."""
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    taken = child.take(out.getvalue(), "x", video_id="video_shape")
    with Image.open(data / taken.input.file) as kept:
        assert np.array_equal(np.asarray(kept), pixels)


def test_notes_and_backgrounds_come_through(child: PictureChild, data: Path) -> None:
    frames = [Image.new("RGBA", (32, 32), (0, 0, 0, 0)), Image.new("RGBA", (32, 32), (9, 9, 9, 255))]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    taken = child.take(out.getvalue(), "x", video_id="video_notes", background="#0000ff")
    assert [note.code for note in taken.notes] == ["first_frame_only"]
    with Image.open(data / taken.input.file) as kept:
        assert kept.getpixel((0, 0)) == (0, 0, 255)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", EmptyPicture),
        (b"hello", BadPicture),
        (small()[:-400], DamagedPicture),
        (bytes(21 << 20), TooManyBytes),
    ],
)
def test_refusals_name_the_persons_file(child: PictureChild, raw: bytes, kind: type[BadPicture]) -> None:
    """Not ours: no path of the server is told."""
    with pytest.raises(kind) as refused:
        child.take(raw, "holiday.jpg", video_id="video_refused")
    assert "holiday.jpg" in str(refused.value)
    assert "/" not in str(refused.value)


@linux
def test_bombs(child: PictureChild, data: Path) -> None:
    """Refused, or taken for the one small picture they are; quickly, and with bounded memory."""
    made, before = list(bombs()), own_mebibytes()
    for name, raw in made:
        assert len(raw) < 20 << 20, name
        started = time.monotonic()
        with contextlib.suppress(BadPicture):
            child.take(raw, name, video_id="video_bomb")
        assert time.monotonic() - started < 30, name
        for pid in child.pool.pids:
            assert peak_mebibytes(pid) < 1024, name
    assert own_mebibytes() - before < 16
    assert child.take(small(), "x", video_id="video_after").input.width == 256


@linux
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_the_largest_honest_picture_fits(child: PictureChild, form: str) -> None:
    """40 megapixels with alpha or in CMYK stay within memory and time."""
    image = Image.radial_gradient("L").resize((7300, 5470)).convert("CMYK" if form == "JPEG" else "RGBA")
    out = io.BytesIO()
    image.save(out, form, **({"method": 0, "quality": 30} if form == "WEBP" else {}))
    assert child.take(out.getvalue(), "x", video_id="video_large").input.width == 7300
    assert peak_mebibytes(child.pool.pids[0]) < 1024


def mutated(seed: int) -> bytes:
    """A good file with a few bytes changed, a piece cut out, or its end missing."""
    numbers = random.Random(seed)
    raw = bytearray(FORMS[seed % len(FORMS)])
    for _ in range(numbers.randint(1, 12)):
        raw[numbers.randrange(2, len(raw))] = numbers.randrange(256)
    if seed % 3 == 0:
        start = numbers.randrange(len(raw))
        del raw[start : start + numbers.randrange(200)]
    return bytes(raw[: numbers.randrange(20, len(raw))] if seed % 7 == 0 else raw)


FORMS = [
    small(),
    small(progressive=True),
    small("PNG"),
    small("WEBP"),
    small("WEBP", lossless=True),
    small("GIF"),
]


@linux
def test_damaged_files_give_only_our_errors(child: PictureChild, data: Path) -> None:
    """300 of them; this process grows by nothing worth naming, and no file is left half-written."""
    for seed in range(20):
        with contextlib.suppress(BadPicture):
            child.take(mutated(seed), "x", video_id="video_mutated")
    before = own_mebibytes()
    for seed in range(20, 320):
        with contextlib.suppress(BadPicture):
            child.take(mutated(seed), "x", video_id="video_mutated")
    assert own_mebibytes() - before < 8
    assert [p for p in (data / "inputs").iterdir() if ".part" in p.name] == []
    assert list((data / "tmp").iterdir()) == []


def test_this_side_reads_no_pixels() -> None:
    """The server's process stays small: neither numpy nor Pillow nor PyAV comes with the adapter."""
    code = (
        "import sys; from unstill.adapters.picture_child import PictureChild; "
        "import unstill.apps.api.guard, unstill.apps.api.files, unstill.adapters.key_store; "
        "print([m for m in ('numpy', 'PIL', 'av', 'cv2', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
