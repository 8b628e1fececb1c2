"""A program of its own, for atheris: any bytes at the picture door give a picture or one of our errors.

    python fuzz_picture_door.py FOLDER [libFuzzer's options]

FOLDER gathers what reached something new. Exit code 77 is a crash, 70 an input that took too long, 71 one
that took too much memory; the input lies in the current folder then.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["PIL", "unstill.media"]):
    from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401 so that they are watched

    from unstill.domain.errors import BadPicture
    from unstill.media.picture import Limits, SafePictureDoor

DOOR = SafePictureDoor(Limits(max_bytes=2**20, max_pixels=1_000_000, max_side=4096))


def one_input(raw: bytes) -> None:
    try:
        picture = DOOR.open(raw)
    except BadPicture:
        return
    height, width, planes = picture.pixels.shape
    if planes != 3 or height * width > 1_000_000 or str(picture.pixels.dtype) != "uint8":
        raise AssertionError("pixels out of bounds")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
