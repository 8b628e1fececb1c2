"""Pictures to be wary of: those that other projects test their decoders with, and good ones of many kinds.

Pillow's and libpng's own test images come out of their source archives, read where they lie in the folder
``corpus`` of the soak folder. ``python tests/reliability/corpus.py`` fetches Pillow's from the package index;
libpng's is what ``apt-get source --download-only libpng1.6`` leaves. Without them the made ones stay.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from PIL import Image

from figures import CHOSEN
from testcard import draw

FOLDER = CHOSEN / "corpus"
ARCHIVES = {
    "pillow-*.tar.gz": ("/Tests/images/",),
    "libpng*.tar.gz": ("/contrib/pngsuite/", "/contrib/testpngs/"),
}
"""Archives by name, and where in them the pictures are."""
MOST_BYTES = 20 * 2**20
FETCH_S = 600
ACCEPTED = (b"\xff\xd8", b"\x89PNG", b"RIFF")
"""How files begin that get further than the first look."""
LIBRARIES = {"skimage": "data", "sklearn": "datasets/images", "matplotlib": "mpl-data/sample_data"}
"""Packages of the tests with photos and figures in them."""


def fetch() -> bool:
    """Get Pillow's source archive by its name; whether it is there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not list(FOLDER.glob("pillow-*.tar.gz")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pillow"]
        with_timeout = {"timeout": FETCH_S, "check": False, "stdout": sys.stderr}
        subprocess.run([*command, "--dest", str(FOLDER), "pillow"], **with_timeout)  # type: ignore[call-overload]
    return bool(list(FOLDER.glob("pillow-*.tar.gz")))


@cache
def strangers() -> Mapping[str, bytes]:
    """Other projects' test images by name; nothing where no archive was fetched."""
    found: dict[str, bytes] = {}
    for pattern, places in ARCHIVES.items():
        for path in sorted(FOLDER.glob(pattern)):
            with tarfile.open(path) as archive:
                for member in archive:
                    wanted = any(place in f"/{member.name}" for place in places)
                    file = archive.extractfile(member) if wanted and member.isfile() else None
                    if file is not None and 0 < member.size <= MOST_BYTES:
                        found[f"{path.name.partition('-')[0]}-{member.name.rpartition('/')[2]}"] = file.read()
    return found


@cache
def good() -> Mapping[str, bytes]:
    """Pictures with nothing wrong, of every kind that can be made here."""
    return {**dict(_saved()), **dict(_shipped())}


@cache
def seeds() -> Mapping[str, bytes]:
    """What is worth being damaged: whatever gets past the first look, and a few others."""
    theirs = {name: raw for name, raw in strangers().items() if raw.startswith(ACCEPTED) and len(raw) < 2**20}
    return {**good(), **theirs}


def _shipped() -> Iterator[tuple[str, bytes]]:
    for package, inside in LIBRARIES.items():
        spec = importlib.util.find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for path in sorted(Path(folder, inside).rglob("*")):
                if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".tif", ".webp"):
                    yield f"{package}-{path.name}", path.read_bytes()


def _saved() -> Iterator[tuple[str, bytes]]:
    base = Image.fromarray(draw(96, 64))
    alpha = base.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(base.size))
    frames = {"save_all": True, "append_images": [base.rotate(90), base.rotate(180)]}
    exif = Image.Exif()
    exif[274], exif[271], exif[34665] = 6, "maker" * 40, {36864: b"0232", 37500: bytes(300)}
    yield from (
        _one("baseline.jpg", base, "JPEG", quality=80),
        _one("progressive.jpg", base, "JPEG", progressive=True),
        _one("exif.jpg", base, "JPEG", exif=exif),
        _one("grey.jpg", base.convert("L"), "JPEG", subsampling=0),
        _one("cmyk.jpg", base.convert("CMYK"), "JPEG"),
        _one("rgb.png", base, "PNG"),
        _one("rgba.png", alpha, "PNG"),
        _one("palette.png", base.convert("P"), "PNG", transparency=3),
        _one("bits.png", base.convert("1"), "PNG"),
        _one("sixteen.png", base.convert("I;16"), "PNG"),
        _one("exif.png", base, "PNG", exif=exif, dpi=(300, 300)),
        _one("frames.png", base, "PNG", **frames),
        _one("lossy.webp", base, "WEBP", exif=exif),
        _one("lossless.webp", alpha, "WEBP", lossless=True),
        _one("frames.webp", alpha, "WEBP", **frames),
        _one("frames.gif", base, "GIF", **frames),
        _one("frames.mpo", base, "MPO", **frames),
        _one("a.tiff", base, "TIFF", compression="tiff_lzw"),
        _one("a.bmp", base, "BMP"),
        _one("a.ico", base, "ICO"),
        _one("a.ppm", base, "PPM"),
        _one("a.tga", base, "TGA"),
        _one("a.jp2", base, "JPEG2000"),
        _one("a.avif", base, "AVIF"),
        _one("large.png", Image.fromarray(draw(1200, 900)), "PNG"),
        _one("large.jpg", Image.fromarray(draw(1200, 900)), "JPEG", progressive=True),
    )


def _one(name: str, image: Image.Image, form: str, **options: object) -> tuple[str, bytes]:
    out = io.BytesIO()
    image.save(out, form, **options)
    return name, out.getvalue()


if __name__ == "__main__":
    sys.exit(0 if fetch() else 1)
