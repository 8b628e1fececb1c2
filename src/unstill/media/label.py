"""The visible mark on generated video.

GB 45438-2025 (China, in force since 2025-09-01) asks of a video's visible mark: text that names the
artificial intelligence ("AI" or 人工智能) and the making (生成 and/or 合成), at an edge or in a corner, at
least 5 % of the short side high, for at least 2 seconds at normal speed. Article 50 of the EU AI Act asks for
a clear one in words; hence the English text says both.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from unstill.domain.errors import DamagedInstall, InvalidField, Language, NotAChoice

if TYPE_CHECKING:
    from unstill.core.ports import Frame

Corner = Literal["top-left", "top", "top-right", "bottom-left", "bottom", "bottom-right"]
"""Where the mark stands; "top" and "bottom" are the middle of that edge."""
CORNERS: tuple[Corner, ...] = get_args(Corner)
TEXTS: dict[Language, str] = {"zh": "AI生成", "en": "AI-generated·AI生成"}
"""The font's dot is as wide as an ideograph: it needs no spaces."""
LEAST_SHARE = 0.05
"""Least height of the characters, as a share of the frame's short side."""
LEAST_SECONDS = 2.0
FADE_S = 0.3
"""How long the mark takes to go, after its time."""
MARGIN = 0.03
"""Least distance from the frame's edges to the ink, as a share of the short side."""
SHADE = 0.66
"""Opacity of the shadow beside the ink: white becomes 0.34 of 255, the ink has 7:1 on it (WCAG 2.2)."""

FONT = "mark.otf"
FONT_SHA256 = "1a4e16a016aac32199f6a081ddd8add1d35a0fad22b03954007e64e6a5d4ccd9"
_AGENT = re.compile("AI|人工智能")
_ACT = re.compile("生成|合成")
_RUNS = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]+|[^\u2e80-\u9fff\uff00-\uffef]+")
_IDEOGRAPH, _CAPITAL = "生", "A"
"""The characters that heights are measured by, one of each script; both stand in every mark of ours."""
_NOWHERE = "\uffff"
"""A code point without a character: what is drawn for it is what a missing glyph looks like."""


@dataclass(frozen=True)
class MarkStyle:
    """What the mark says, where, and for how many ``seconds`` from the start; None is the whole video.

    Raises:
        InvalidField, NotAChoice: a mark that would not be one, or that the font cannot write.
    """

    text: str = TEXTS["zh"]
    corner: Corner = "bottom-right"
    seconds: float | None = LEAST_SECONDS

    def __post_init__(self) -> None:
        if not (_AGENT.search(self.text) and _ACT.search(self.text)):
            _refuse("mark_text", self.text, "text with AI or 人工智能 and 生成 or 合成",
                    "同时含有“AI”或“人工智能”以及“生成”或“合成”的文字")  # fmt: skip
        if unknown := missing_glyphs(self.text):
            _refuse("mark_text", self.text, f"text without {unknown}", f"不含 {unknown} 的文字")
        if self.corner not in CORNERS:
            raise NotAChoice(param="mark_corner", value=self.corner, choices=", ".join(CORNERS))
        if self.seconds is not None and not self.seconds >= LEAST_SECONDS:
            _refuse("mark_seconds", self.seconds, "2 seconds or longer", "2 秒或更长")

    @classmethod
    def for_language(
        cls,
        language: Language,
        corner: Corner = "bottom-right",
        seconds: float | None = LEAST_SECONDS,
    ) -> MarkStyle:
        """The mark as readers of one language expect it."""
        return cls(TEXTS[language], corner, seconds)


class Mark:
    """Draws one mark on the frames of a video. Sizes may differ from video to video."""

    def __init__(self, style: MarkStyle) -> None:
        self.style = style

    def frames(self, stream: Iterable[Frame], fps: float) -> Iterator[Frame]:
        """The frames of ``stream``, uint8 RGB [h w 3]: marked ones are copies, the others pass as they are.

        Raises:
            InvalidField: the text is too long for the width of the frames.
        """
        for number, frame in enumerate(stream):
            opacity = self.opacity(number, fps)
            yield self.on(frame, opacity) if opacity > 0 else frame

    def opacity(self, number: int, fps: float) -> float:
        """How strongly frame ``number``, from 0, shows the mark: 1 within its time, less for a moment, 0."""
        seconds = math.inf if self.style.seconds is None else self.style.seconds
        late = number - seconds * fps  # frames since the mark's time ended; below 0 within it
        if late <= -1e-6:
            return 1.0
        steps = round(FADE_S * fps) + 1
        return max(0.0, 1 - (math.floor(late + 1e-6) + 1) / steps)

    def on(self, frame: Frame, opacity: float = 1.0) -> Frame:
        """A copy of one frame [h w 3] with the mark at ``opacity``, 0 to 1. Raises as `frames`."""
        height, width = frame.shape[:2]
        stamp = _stamp(self.style.text, self.style.corner, width, height)
        out = frame.copy()
        ink, keep = stamp.ink, stamp.keep
        if opacity < 1:
            ink = cv2.convertScaleAbs(ink, alpha=opacity)
            keep = cv2.convertScaleAbs(keep, alpha=opacity, beta=255 * (1 - opacity))
        part = out[stamp.top : stamp.top + ink.shape[0], stamp.left : stamp.left + ink.shape[1]]
        part[...] = cv2.add(cv2.multiply(part, keep, scale=1 / 255), ink)
        return out


class FrameLabel:
    """The mark on one video, frame by frame. Fits `unstill.core.ports.FrameLabel`."""

    def __init__(self, language: Language, width: int, height: int, fps: float) -> None:
        style = MarkStyle.for_language(language)
        if not _fits(style, width, height):  # frames below 39 pixels: the short text fits them all
            style = MarkStyle()
        self._mark, self._fps = Mark(style), fps

    def shows(self, number: int) -> bool:
        return self._mark.opacity(number, self._fps) > 0

    def on(self, number: int, frame: Frame) -> Frame:
        return self._mark.on(frame, self._mark.opacity(number, self._fps))


def _fits(style: MarkStyle, width: int, height: int) -> bool:
    try:
        _stamp(style.text, style.corner, width, height)
    except InvalidField:
        return False
    return True


def missing_glyphs(text: str) -> str:
    """The characters of ``text`` that the font has no glyph for, each once."""
    font = _font(32.0)
    nothing = _bitmap(font, _NOWHERE)
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and _bitmap(font, c) == nothing)


class _Stamp(NamedTuple):
    """The mark drawn for one size of frame: frame * keep / 255 + ink. Both uint8 [h w 3]."""

    ink: Frame
    keep: Frame
    top: int
    left: int


@lru_cache(maxsize=4)
def _stamp(text: str, corner: Corner, width: int, height: int) -> _Stamp:
    """White ink (premultiplied by its coverage) over a soft shadow that reaches about a stroke beyond it."""
    short = min(width, height)
    tall = math.ceil(LEAST_SHARE * short)
    reach = max(2, round(0.36 * tall))
    line = _line(text, tall)
    if line.shape[1] > width - 2 * math.ceil(MARGIN * short):
        _refuse("mark_text", text, f"short enough for {width} pixels", f"能放进 {width} 像素宽的文字")
    ink = np.pad(line, reach)
    shadow = _shadow(ink, tall)
    keep = np.rint((1 - shadow) * (255 - ink)).astype(np.uint8)
    top, left = _place(corner, width, height, line.shape)
    rows = slice(max(0, reach - top), reach + height - top)
    columns = slice(max(0, reach - left), reach + width - left)
    return _Stamp(
        _three(ink[rows, columns]), _three(keep[rows, columns]), max(0, top - reach), max(0, left - reach)
    )


def _place(corner: Corner, width: int, height: int, size: tuple[int, ...]) -> tuple[int, int]:
    """Top and left of the ink [h w]."""
    margin = math.ceil(MARGIN * min(width, height))
    top = margin if corner.startswith("top") else height - margin - size[0]
    if corner.endswith("left"):
        return top, margin
    return top, width - margin - size[1] if corner.endswith("right") else (width - size[1]) // 2


def _shadow(ink: npt.NDArray[np.uint8], tall: int) -> npt.NDArray[np.float32]:
    """Opacity [h w], 0 to `SHADE`: full beside the ink, gone a third of its height away."""
    spread = 2 * max(1, round(0.1 * tall)) + 1
    wide = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spread, spread)))
    soft = cv2.GaussianBlur(wide.astype(np.float32) / 255, (0, 0), max(0.6, 0.07 * tall))
    dark: npt.NDArray[np.float32] = np.clip(soft * 1.8, 0, 1) * np.float32(SHADE)
    return dark


def _line(text: str, tall: int) -> npt.NDArray[np.uint8]:
    """The text set in one line, coverage uint8 [h w], cropped to its ink.

    Each script has its own size, so that capitals and ideographs alike measure ``tall`` pixels or just above,
    and both stand on the same line. In one size, capitals would have but 4/5 of the ideographs' height.
    """
    fonts = {sample: _sized(sample, tall) for sample in (_IDEOGRAPH, _CAPITAL)}
    runs = [(run, fonts[_IDEOGRAPH if ord(run[0]) >= 0x2E80 else _CAPITAL]) for run in _RUNS.findall(text)]
    canvas = Image.new("L", (math.ceil(sum(f.font.getlength(r) for r, f in runs)) + 4 * tall, 4 * tall))
    draw, x = ImageDraw.Draw(canvas), float(tall)
    for run, set_in in runs:
        draw.text((x, 3 * tall - set_in.below), run, fill=255, font=set_in.font, anchor="ls")
        x += set_in.font.getlength(run)
    box = canvas.getbbox()
    return np.asarray(canvas.crop(box))


class _Set(NamedTuple):
    """A font in one size. ``below``: pixels that its sample reaches below the baseline."""

    font: ImageFont.FreeTypeFont
    below: int


def _sized(sample: str, tall: int) -> _Set:
    """The font in the least size, to a quarter pixel, in which ``sample`` measures ``tall`` pixels."""
    size = tall / 1.1
    while True:
        font = _font(size)
        canvas = Image.new("L", (4 * tall, 4 * tall))
        ImageDraw.Draw(canvas).text((tall, 3 * tall), sample, fill=255, font=font, anchor="ls")
        rows = np.flatnonzero((np.asarray(canvas) >= 128).any(axis=1))  # half covered and more
        if rows.size and rows[-1] - rows[0] + 1 >= tall:
            return _Set(font, int(rows[-1]) + 1 - 3 * tall)
        size += 0.25


def _bitmap(font: ImageFont.FreeTypeFont, text: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(text, mode="L")
    return mask.size, bytes(mask)


def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(_font_file()), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_file() -> bytes:
    """The shipped font, its hash checked."""
    try:
        content = (resources.files("unstill.media") / "assets" / FONT).read_bytes()
    except OSError:
        raise DamagedInstall(name=FONT) from None
    if hashlib.sha256(content).hexdigest() != FONT_SHA256:
        raise DamagedInstall(name=FONT)
    return content


def _three(plane: npt.NDArray[np.uint8]) -> Frame:
    """[h w] to [h w 3], contiguous: OpenCV multiplies like with like fastest."""
    return np.ascontiguousarray(np.repeat(plane[..., None], 3, axis=2))


def _refuse(param: str, value: object, expected: str, expected_zh: str) -> None:
    raise InvalidField(param=param, value=value, expected=expected, expected_zh=expected_zh)
