"""The one door by which a picture enters: bounded, typed in its refusals, and nothing but pixels after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from unstill.core.ports import Anchor, Picture
from unstill.domain.errors import DamagedPicture, NotAPictureObject, UnstillError
from unstill.media import picture_fit
from unstill.media.picture_colour import to_srgb
from unstill.media.picture_formats import Header, HeifReader, installed_heif, read_header
from unstill.media.picture_limits import Limits
from unstill.media.picture_source import UNNAMED, read_source

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame

__all__ = ["Limits", "SafePictureDoor"]

DIRECT = "pixels"
"""The format of a picture that came as an array or an image in memory."""


class SafePictureDoor:
    """Opens JPEG, PNG, WebP and, where pi-heif is installed, HEIC. Fits `unstill.core.ports.PictureDoor`.

    A source is a path, bytes, a binary file object, a Pillow image, or a uint8 array [h w], [h w 3] or
    [h w 4]. Stateless and safe to share between threads; no setting of Pillow is read or changed.
    """

    def __init__(
        self, limits: Limits | None = None, heif: Callable[[], HeifReader | None] = installed_heif
    ) -> None:
        self.limits = limits or Limits()
        self._heif = heif

    def open(self, source: object, background: str | None = None) -> Picture:
        """Decode to upright, opaque sRGB, uint8 [H W 3], C-contiguous; all metadata is dropped.

        ``background`` ("#rrggbb", default white) is what shows through transparent pixels.

        Raises:
            PictureMissing, NotReadable: the path leads to no file, or to one that cannot be read.
            EmptyPicture, NotAPicture, FormatNotAccepted, HeifNotInstalled, DamagedPicture: what is in it.
            NotAPictureObject: a source of another kind.
            TooManyBytes, TooManyPixels, SideOutOfRange: past `Limits`; known before pixels are decoded.
            InvalidField: ``background`` is no colour.
        """
        colour = picture_fit.parse_colour(background, picture_fit.WHITE)
        header = self._header(source)
        with _as_damage(header.name):
            image = header.decode()
            if image.size != header.size:
                raise DamagedPicture(name=header.name)
            pixels = _upright(to_srgb(image, header.icc, header.key, colour), header.orientation)
        return Picture(pixels, header.name, header.format, header.notes)

    def size(self, source: object) -> tuple[int, int]:
        """Upright (width, height), without decoding a file's pixels. Refuses as `open` does, except for
        damage that only decoding shows."""
        return self._header(source).upright

    def fit(self, picture: Picture, plan: Plan) -> Anchor:
        """Make the plan's frame, uint8 [plan.height plan.width 3], and the scaled picture around it.

        crop: Lanczos until the short side fits, cut out of the middle. pad: the whole picture on bars of the
        request's background, or black. keep: cut to the grid without scaling where the picture is within one
        grid step of the plan's size; otherwise as crop. Where nothing is scaled the pixels are the picture's
        own (a view: do not write to it). The context reaches at most one frame beyond each edge of the frame.
        """
        fits = {"crop": picture_fit.crop, "pad": picture_fit.pad, "keep": picture_fit.keep}
        return fits[plan.fit](picture.pixels, plan)

    def _header(self, source: object) -> Header:
        if isinstance(source, np.ndarray):
            return self._array_header(source)
        if isinstance(source, Image.Image):
            return self._image_header(source)
        data, name = read_source(source, self.limits.max_bytes)
        with _as_damage(name):
            return read_header(data, name, self.limits, self._heif)

    def _array_header(self, array: np.ndarray[Any, Any]) -> Header:
        coloured = array.ndim == 3 and array.shape[2] in (3, 4)
        if array.dtype != np.uint8 or not (array.ndim == 2 or coloured):
            sides = " ".join(map(str, array.shape))
            raise NotAPictureObject(got=f"A {array.dtype} array [{sides}]")
        size = (int(array.shape[1]), int(array.shape[0]))
        self.limits.check_size(size, UNNAMED)
        return Header(UNNAMED, DIRECT, size, lambda: Image.fromarray(array))

    def _image_header(self, image: Image.Image) -> Header:
        """Loads the image (what its owner would do next): some formats know their orientation only then."""
        self.limits.check_size(image.size, UNNAMED)
        with _as_damage(UNNAMED):
            image.load()
            key, icc = image.info.get("transparency"), image.info.get("icc_profile")
        return Header(
            UNNAMED, image.format or DIRECT, image.size, lambda: image,
            icc if isinstance(icc, bytes) else None, _image_orientation(image), _key(key),
        )  # fmt: skip


@contextmanager
def _as_damage(name: str) -> Iterator[None]:
    """Whatever a decoder raises on hostile bytes is one thing to the person: the picture is damaged.

    Pillow and its libraries raise OSError, SyntaxError, ValueError, struct.error, EOFError, KeyError,
    OverflowError, MemoryError, zlib.error, RuntimeError and more; a list would always be one short.
    """
    try:
        yield
    except UnstillError:
        raise
    except Exception as error:
        raise DamagedPicture(name=name) from error


def _key(transparency: object) -> tuple[int, ...] | None:
    """The transparent colour of a Pillow image without an alpha channel."""
    values = transparency if isinstance(transparency, tuple) else (transparency,)
    return values if all(isinstance(v, int) for v in values) else None


def _image_orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # broken EXIF is as good as none
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


_TURNS: dict[int, Callable[[Frame], Frame]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p[::-1].transpose(1, 0, 2),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: p[:, ::-1].transpose(1, 0, 2),
}
"""Stored pixels [h w 3] to upright ones, by EXIF orientation (EXIF 2.3, section 4.6.4, Orientation)."""


def _upright(pixels: Frame, orientation: int) -> Frame:
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
