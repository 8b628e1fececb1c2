"""Every mode, depth and profile comes out as sRGB, checked against closed forms."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pictures import (
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    SRGB_COLUMNS,
    black_only_cmyk_profile,
    chunk,
    encoded,
    grey_profile,
    iccp,
    noise,
    png,
    rgb_profile,
    srgb_encode,
)
from unstill.media.picture import SafePictureDoor

DOOR = SafePictureDoor()
NOISE = noise(32, 48)
RAMP = np.tile(np.arange(256, dtype=np.uint8)[None, :], (16, 1))
SWAPPED = rgb_profile(2.2, (SRGB_COLUMNS[1], SRGB_COLUMNS[0], SRGB_COLUMNS[2]))
"""A profile whose red is sRGB's green and whose green is sRGB's red."""


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=-1)


def over(colour: np.ndarray, alpha: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """The closed form, in floating point."""
    a = alpha[..., None] / 255
    return np.floor(colour * a + np.array(background) * (1 - a) + 0.5)


# --- depths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_png_of_every_depth_is_scaled_to_the_full_range(depth: int) -> None:
    """0 is black, the highest value white, and 16 bit is v / 257 rounded, not cut off."""
    top = 2**depth - 1
    samples = np.random.default_rng(depth).integers(0, top + 1, (32, 48))
    want = np.floor(samples * 255 / top + 0.5)
    assert np.array_equal(DOOR.open(png(samples, depth, GREY)).pixels, grey(want))


def test_all_65536_greys_are_rounded_to_the_nearest() -> None:
    """Every 16-bit value, against exact division."""
    samples = np.arange(65536).reshape(256, 256)
    want = np.floor(samples / 257 + 0.5)
    assert np.array_equal(DOOR.open(png(samples, 16, GREY)).pixels, grey(want))


@pytest.mark.parametrize("colour", [RGB, RGBA, GREY_ALPHA])
def test_16_bit_colour_png_keeps_its_high_byte(colour: int) -> None:
    """Values v * 257 come out as v, with and without alpha."""
    values = noise(32, 48, {RGB: 3, RGBA: 4, GREY_ALPHA: 2}[colour])
    if colour != RGB:
        values[..., -1] = 255
    want = grey(values[..., 0]) if colour == GREY_ALPHA else values[..., :3]
    assert np.array_equal(DOOR.open(png(values.astype(np.uint16) * 257, 16, colour)).pixels, want)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("transparency", [b"", b"\0", b"\x80\x40", bytes(range(0, 256, 16))])
def test_palettes_of_every_depth_with_every_transparency(depth: int, transparency: bytes) -> None:
    """Indices find their colours, and each entry its own alpha."""
    entries = 2**depth
    palette = noise(1, entries)[0]
    indices = np.random.default_rng(depth).integers(0, entries, (32, 48))
    before = [chunk(b"PLTE", palette.tobytes())]
    alphas = np.full(256, 255)
    if transparency:
        before.append(chunk(b"tRNS", transparency[:entries]))
        alphas[: len(transparency[:entries])] = list(transparency[:entries])
    picture = DOOR.open(png(indices, depth, PALETTE, before=before), "#0a6482")
    assert np.array_equal(picture.pixels, over(palette[indices], alphas[indices], (10, 100, 130)))


# --- alpha -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("background", [None, "#000000", "#12c8f0"])
def test_alpha_is_composed_exactly(background: str | None) -> None:
    """Every pair of value and alpha, over white unless told otherwise, rounded to the nearest."""
    value, alpha = np.meshgrid(np.arange(256), np.arange(256))
    back = tuple(bytes.fromhex((background or "#ffffff")[1:]))
    rgba = np.dstack([value, 255 - value, value // 2, alpha]).astype(np.uint8)
    want = over(rgba[..., :3].astype(float), alpha, back)
    assert np.array_equal(DOOR.open(png(rgba, 8, RGBA), background).pixels, want)
    assert np.array_equal(DOOR.open(rgba, background).pixels, want)
    two = np.dstack([value, alpha]).astype(np.uint8)
    assert np.array_equal(
        DOOR.open(png(two, 8, GREY_ALPHA), background).pixels, over(grey(value), alpha, back)
    )


def test_webp_alpha_is_composed() -> None:
    """The same over WebP."""
    rgba = np.dstack([NOISE, noise(32, 48, 1)])
    data = encoded(rgba, "WEBP", lossless=True, exact=True)
    want = over(rgba[..., :3].astype(float), rgba[..., 3], (0, 255, 0))
    assert np.array_equal(DOOR.open(data, "#00ff00").pixels, want)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_grey_of_a_png_is_transparent(depth: int) -> None:
    """tRNS names one grey in the file's own depth; that one and no other is see-through."""
    top = 2**depth - 1
    samples = np.random.default_rng(depth).integers(0, top + 1, (32, 48))
    key = int(samples[3, 3])
    data = png(samples, depth, GREY, before=[chunk(b"tRNS", key.to_bytes(2, "big"))])
    want = np.where((samples == key)[..., None], (255, 0, 0), grey(np.floor(samples * 255 / top + 0.5)))
    assert np.array_equal(DOOR.open(data, "#ff0000").pixels, want)


@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_colour_of_a_png_is_transparent(depth: int) -> None:
    """All three channels must match."""
    samples = np.full((20, 20, 3), (10, 20, 30))
    samples[5, 5] = (10, 20, 31)
    samples *= 257 if depth == 16 else 1
    trns = b"".join(int(v).to_bytes(2, "big") for v in samples[0, 0])
    pixels = DOOR.open(png(samples, depth, RGB, before=[chunk(b"tRNS", trns)]), "#808080").pixels
    assert tuple(pixels[0, 0]) == (128, 128, 128)
    assert tuple(pixels[5, 5]) == (10, 20, 31)


def test_a_pillow_images_own_transparent_colour_counts() -> None:
    """GIF palettes and PNG keys that the caller opened himself."""
    image = Image.fromarray(np.full((20, 20), 7, np.uint8))
    image.info["transparency"] = 7
    assert np.all(DOOR.open(image).pixels == 255)
    image.info["transparency"] = b"nonsense"
    assert np.all(DOOR.open(image).pixels == 7)
    indexed = Image.fromarray(NOISE).quantize(8)
    index = indexed.getpixel((0, 0))
    data = encoded(indexed, "GIF", transparency=index)
    assert tuple(DOOR.open(Image.open(BytesIO(data)), "#010203").pixels[0, 0]) == (1, 2, 3)


# --- Pillow's other modes ----------------------------------------------------------------------------------


def test_bilevel_image() -> None:
    """Mode 1 is black and white."""
    bits = NOISE[..., 0] > 128
    assert np.array_equal(DOOR.open(Image.fromarray(bits)).pixels, grey(bits * 255))


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I"])
def test_deep_grey_images(mode: str) -> None:
    """Both byte orders and 32-bit integers are scaled by 257; what lies outside 0..65535 is cut off."""
    values = np.random.default_rng(1).integers(0, 65536, (32, 48))
    raw = values.astype({"I": "<i4", "I;16B": ">u2"}.get(mode, "<u2"))
    image = Image.frombytes(mode, (48, 32), raw.tobytes())
    assert np.array_equal(DOOR.open(image).pixels, grey(np.floor(values / 257 + 0.5)))
    if mode == "I":
        assert np.all(DOOR.open(Image.new("I", (16, 16), 70000)).pixels == 255)
        assert np.all(DOOR.open(Image.new("I", (16, 16), -5)).pixels == 0)


def test_float_images_are_rounded_and_cut_off() -> None:
    """Mode F holds 0..255; not-a-number is black."""
    values = np.full((16, 16), 99.6, np.float32)
    values[0, :4] = (np.nan, -3, 1e9, 12.4)
    assert np.array_equal(DOOR.open(Image.fromarray(values)).pixels[0, :5, 0], (0, 0, 255, 12, 100))


@pytest.mark.parametrize("mode", ["RGBa", "La"])
def test_premultiplied_alpha_is_undone(mode: str) -> None:
    """Half-transparent pixels do not darken twice."""
    base = Image.fromarray(np.full((16, 16, 4), (200, 200, 200, 128), np.uint8))
    image = base.convert("RGBa") if mode == "RGBa" else base.convert("LA").convert("La")
    assert np.abs(DOOR.open(image, "#000000").pixels.astype(int) - 100).max() <= 1


@pytest.mark.parametrize(("mode", "off"), [("YCbCr", 3), ("HSV", 7), ("RGBX", 0), ("CMYK", 0), ("PA", 60)])
def test_other_colour_modes_come_back_as_they_went_in(mode: str, off: int) -> None:
    """Within what the mode itself loses."""
    base = Image.fromarray(NOISE)
    image = (
        base.quantize(256).convert("RGB").quantize(256).convert("PA") if mode == "PA" else base.convert(mode)
    )
    assert np.abs(DOOR.open(image).pixels.astype(int) - NOISE).max() <= off


def test_lab_images() -> None:
    """L* without colour is the grey of that lightness."""
    lightness = np.arange(256) / 255 * 100
    lab = np.zeros((16, 256, 3), np.uint8)
    lab[..., 0] = np.arange(256)
    # Pillow keeps a and b as signed bytes in L*a*b* images
    image = Image.frombytes("LAB", (256, 16), lab.tobytes())
    luminance = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.2963)
    want = srgb_encode(luminance)
    assert np.abs(DOOR.open(image).pixels[0] - want[:, None]).max() < 3


# --- profiles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_an_rgb_profile_is_converted_by_its_curve(gamma: float) -> None:
    """sRGB's primaries with another gamma: only the curve changes, as the sRGB formula says."""
    data = png(grey(RAMP), before=[iccp(rgb_profile(gamma))])
    want = srgb_encode((np.arange(256) / 255) ** gamma)
    assert np.abs(DOOR.open(data).pixels[0] - want[:, None]).max() < 1.01


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "image", "palette", "alpha"])
def test_profiles_work_in_every_container(form: str) -> None:
    """Red and green change places where the profile says that they did."""
    flat = np.full((32, 32, 3), (200, 60, 90), np.uint8)
    if form == "PNG":
        source: object = png(flat, before=[iccp(SWAPPED)])
    elif form == "palette":
        before = [iccp(SWAPPED), chunk(b"PLTE", bytes((200, 60, 90)))]
        source = png(np.zeros((32, 32), np.uint8), 8, PALETTE, before=before)
    elif form == "alpha":
        source = png(np.dstack([flat, np.full((32, 32), 255, np.uint8)]), 8, RGBA, before=[iccp(SWAPPED)])
    elif form == "image":
        source = Image.fromarray(flat)
        source.info["icc_profile"] = SWAPPED  # type: ignore[attr-defined]
    else:
        options = {"lossless": True} if form == "WEBP" else {"quality": 100, "subsampling": 0}
        source = encoded(flat, form, icc_profile=SWAPPED, **options)
    want = srgb_encode((np.array([60, 200, 90]) / 255) ** 2.2)
    assert np.abs(DOOR.open(source).pixels - want).max() < 3


@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_a_grey_profile_is_converted(gamma: float) -> None:
    """Grey PNG with a grey profile, 8 and 16 bit."""
    want = srgb_encode((np.arange(256) / 255) ** gamma)[:, None]
    for depth, scale in ((8, 1), (16, 257)):
        data = png(RAMP.astype(np.uint16) * scale, depth, GREY, before=[iccp(grey_profile(gamma))])
        assert np.abs(DOOR.open(data).pixels[0] - want).max() < 1.01


def test_cmyk_goes_through_its_profile() -> None:
    """A printer with black ink only: L* = 100 (1 - K) whatever C, M and Y say."""
    inks = np.zeros((16, 256, 4), np.uint8)
    inks[..., 3] = np.arange(256)
    inks[..., :3] = 90
    image = Image.frombytes("CMYK", (256, 16), inks.tobytes())
    image.info["icc_profile"] = black_only_cmyk_profile()
    lightness = 100 * (1 - np.arange(256) / 255)
    luminance = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.2963)
    assert np.abs(DOOR.open(image).pixels[0] - srgb_encode(luminance)[:, None]).max() < 3


def test_cmyk_jpeg_without_a_profile() -> None:
    """Adobe writes CMYK upside down; the colours come out the right way."""
    flat = Image.new("RGB", (64, 64), (200, 80, 30)).convert("CMYK")
    data = encoded(flat, "JPEG", quality=98)
    assert b"Adobe" in data
    assert np.abs(DOOR.open(data).pixels.astype(int) - (200, 80, 30)).max() <= 4
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(DOOR.open(data).pixels.astype(int) - other).max() <= 6


def test_an_srgb_profile_changes_no_pixel() -> None:
    """Where the profile is sRGB, conversion would only add rounding."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(DOOR.open(png(NOISE, before=[iccp(srgb)])).pixels, NOISE)


@pytest.mark.parametrize(
    "profile",
    [
        b"", b"junk" * 100, SWAPPED[:200], SWAPPED[:128] + b"\xff" * 200, grey_profile(1.0),
        black_only_cmyk_profile(), bytes(128), b"\0" * 20_000_000,
    ],
)  # fmt: skip
def test_a_broken_or_foreign_profile_is_left_out(profile: bytes) -> None:
    """The picture opens as if it had none."""
    assert np.array_equal(DOOR.open(png(NOISE, before=[iccp(profile)])).pixels, NOISE)
    if len(profile) < 60_000:
        image = Image.fromarray(NOISE)
        image.info["icc_profile"] = profile
        assert np.array_equal(DOOR.open(image).pixels, NOISE)


def test_a_png_profile_that_is_not_even_packed_right_is_left_out() -> None:
    """Bad zlib data, no name, a cut-off stream."""
    for body in (b"", b"name", b"name\0\0junk", b"name\0\1" + b"x" * 30, iccp(SWAPPED)[8:-40]):
        assert np.array_equal(DOOR.open(png(NOISE, before=[chunk(b"iCCP", body)])).pixels, NOISE)


@given(at=st.integers(0, len(SWAPPED) - 1), value=st.integers(0, 255), cut=st.integers(0, len(SWAPPED)))
@settings(max_examples=60, deadline=None)
def test_no_profile_can_break_the_door(at: int, value: int, cut: int) -> None:
    """Any changed byte and any cut: the picture still opens."""
    for base in (SWAPPED, black_only_cmyk_profile()):
        hostile = bytearray(base)
        hostile[at % len(base)] = value
        image = Image.fromarray(NOISE) if base is SWAPPED else Image.fromarray(NOISE).convert("CMYK")
        image.info["icc_profile"] = bytes(hostile) if cut % 2 else bytes(hostile[:cut])
        assert DOOR.open(image).pixels.shape == NOISE.shape


def test_gamma_chunks_are_ignored() -> None:
    """gAMA and sRGB chunks leave pixels alone, as browsers' users expect of old screenshots."""
    before = [chunk(b"gAMA", (100_000).to_bytes(4, "big")), chunk(b"sRGB", b"\0")]
    assert np.array_equal(DOOR.open(png(NOISE, before=before)).pixels, NOISE)


def test_strips_join_without_a_seam() -> None:
    """A picture larger than one conversion strip is converted evenly."""
    tall = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (20, 512, 4))
    tall[..., 3] = 200
    want = over(tall[:256, 0, :3].astype(float), np.full(256, 200), (255, 255, 255))
    assert np.array_equal(DOOR.open(tall).pixels, np.tile(want[:, None], (20, 512, 1)))
