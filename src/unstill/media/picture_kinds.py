"""The name of a file's format from its first bytes, so that a refusal can say what it was given."""

from __future__ import annotations

import re

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"8BPS", "PSD"),
    (0, b"%PDF-", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\0\0\1\0", "ICO"),
    (0, b"icns", "ICNS"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"qoif", "QOI"),
    (0, b"DDS ", "DDS"),
    (0, b"gimp xcf", "XCF"),
    (0, b"\x8aMNG\r\n\x1a\n", "MNG"),
    (0, b"\x1aE\xdf\xa3", "WebM"),
    (8, b"AVI ", "AVI"),
    (0, b"PK\x03\x04", "ZIP"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes a BMP's second header can have: "BM" alone begins many texts."""
_HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_ANY_HEIF_BRANDS = {b"mif1", b"mif2", b"msf1"}
"""HEIF without a word about what codes its pixels (ISO/IEC 23008-12, annexes B and 10)."""


def kind_of(data: bytes) -> str | None:
    """ "JPEG", "PNG", "WebP", "HEIC", another format's name, or None for what is no format known here."""
    if data[4:8] == b"ftyp":
        return _boxed_kind(data)
    for at, magic, name in _MAGIC:
        if data[at : at + len(magic)] == magic and (at == 0 or data[:4] == b"RIFF"):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if re.match(rb"P[1-7]\s+(#.*\s+|WIDTH |\d)", data[:64]):
        return "PNM"
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return (
        "SVG" if head.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head else None
    )


def _boxed_kind(data: bytes) -> str:
    """By the brands of an ISO media file: the major one, then the compatible ones."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    major = data[8:12]
    brands = {major, *(data[at : at + 4] for at in range(16, end, 4))}
    if major in _HEVC_BRANDS:
        return "HEIC"
    if major in _AVIF_BRANDS or (major in _ANY_HEIF_BRANDS and brands & _AVIF_BRANDS):
        return "AVIF"
    if major in _ANY_HEIF_BRANDS:
        return "HEIC"
    return {b"qt  ": "MOV", b"crx ": "CR3"}.get(major, "MP4")
