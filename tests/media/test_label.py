"""The visible mark: its size, its time, its place, and that anybody can read it."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from plans import make_plan, moving_picture, write_video
from unstill.domain.errors import DamagedInstall, InvalidField, Language, NotAChoice
from unstill.media import label
from unstill.media.label import CORNERS, FADE_S, TEXTS, Corner, FrameLabel, Mark, MarkStyle, missing_glyphs
from unstill.media.read_video import read_frames

Pixels = npt.NDArray[np.uint8]

SIZES = [(256, 256), (512, 512), (1024, 1024), (576, 1024), (1280, 720), (854, 480), (97, 333)]
"""Width and height: squares, portrait, landscape, odd numbers."""
WORDS = [*TEXTS.values(), "人工智能生成", "AI合成"]
THIRD_PARTY = Path(__file__).parents[2] / "THIRD_PARTY.md"


def blank(width: int, height: int, value: int = 0) -> Pixels:
    return np.full((height, width, 3), value, np.uint8)


def marked(style: MarkStyle, ground: Pixels) -> Pixels:
    return Mark(style).on(ground)


def ink_of(style: MarkStyle, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Where the mark's ink covers at least half a pixel [h w], read off a black ground."""
    return marked(style, blank(width, height))[..., 0] >= 128


def heights(ink: npt.NDArray[np.bool_]) -> list[int]:
    """Heights of the characters in pixels, left to right; strokes above one another are one character."""
    columns = np.flatnonzero(ink.any(axis=0))
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    spans = [np.flatnonzero(ink[:, part[0] : part[-1] + 1].any(axis=1)) for part in parts]
    return [int(rows[-1] - rows[0] + 1) for rows in spans]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_characters_are_a_twentieth_of_the_short_side(width: int, height: int) -> None:
    """Measured on the pixels: a capital and two ideographs, each for itself; none much larger than asked."""
    least = 0.05 * min(width, height)
    capital, *others = heights(ink_of(MarkStyle("A 生 成 AI生成"), width, height))
    assert min(capital, *others[:2]) >= least
    assert max(capital, *others) <= 1.1 * least + 2


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_text_fits_every_frame(text: str, width: int, height: int) -> None:
    """Wholly inside and at least a twentieth high; the rest stays the picture's: under 9 % is touched."""
    ground = blank(width, height, 90)
    ink = ink_of(MarkStyle(text), width, height)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert rows[-1] - rows[0] + 1 >= 0.05 * min(width, height)
    assert (marked(MarkStyle(text), ground) != ground).any(axis=2).mean() < 0.09
    assert 0 < rows[0] <= rows[-1] < height - 1
    assert 0 < columns[0] <= columns[-1] < width - 1


@pytest.mark.parametrize("corner", CORNERS)
def test_the_mark_stands_where_it_was_asked_for(corner: Corner) -> None:
    """In that ninth of the frame, beside the edge."""
    ink = ink_of(MarkStyle(corner=corner), 640, 360)
    y, x = (float(np.flatnonzero(ink.any(axis=axis)).mean()) for axis in (1, 0))
    assert (y < 40) if corner.startswith("top") else (y > 320)
    across = {"left": x < 120, "right": x > 520}.get(corner.split("-")[-1], 300 < x < 340)
    assert across


@pytest.mark.parametrize("text", WORDS)
def test_both_scripts_are_real_letters(text: str) -> None:
    """No character is drawn as the box for a missing one, no two different ones look alike."""
    assert missing_glyphs(text) == ""
    pictures = {c: label._bitmap(label._font(40.0), c) for c in text}
    assert label._bitmap(label._font(40.0), "\ue000") not in pictures.values()
    assert len(set(pictures.values())) == len(pictures)
    assert all(any(bits) for _, bits in pictures.values())


def test_the_words_are_those_the_rules_ask_for() -> None:
    """GB 45438-2025: AI or 人工智能, with 生成 or 合成, in either language; and in English."""
    for text in TEXTS.values():
        assert "AI" in text or "人工智能" in text
        assert "生成" in text
    assert "AI-generated" in MarkStyle.for_language("en").text
    assert MarkStyle.for_language("zh", "top", None) == MarkStyle(TEXTS["zh"], "top", None)


def luminance(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    value = pixels / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def grounds() -> dict[str, Pixels]:
    dice = np.random.default_rng(3)
    noise = dice.integers(0, 256, (512, 512, 3)).astype(np.uint8)
    stripes = blank(512, 512, 255)
    stripes[:, ::8] = stripes[:, 1::8] = 0
    picture = next(moving_picture(512, 512, 1, colourful=30))
    return {
        "black": blank(512, 512), "white": blank(512, 512, 255), "grey": blank(512, 512, 128),
        "yellow": blank(512, 512) + np.array([255, 255, 0], np.uint8), "noise": noise,
        "stripes": stripes, "picture": picture,
    }  # fmt: skip


@pytest.mark.parametrize("ground", grounds())
@pytest.mark.parametrize("text", TEXTS.values())
def test_the_mark_can_be_read_on_any_ground(ground: str, text: str) -> None:
    """Letters against what surrounds them: 4.5:1 on the whole, and 3:1 for all but a few pixels."""
    shown = luminance(marked(MarkStyle(text), grounds()[ground]))
    on_black = marked(MarkStyle(text), blank(512, 512))[..., 0]
    letters = on_black > 250
    beside = cv2.dilate(on_black, np.ones((7, 7), np.uint8)) > 128
    beside &= on_black == 0
    assert letters.sum() > 200
    light = shown[letters].mean() + 0.05
    assert light / (shown[beside].mean() + 0.05) >= 4.5
    assert light / (np.quantile(shown[beside], 0.95) + 0.05) >= 3


@pytest.mark.parametrize(("fps", "seconds"), [(8, 2.0), (24, 2.0), (12.5, 2.3)])
def test_the_mark_stays_its_time_and_then_fades(fps: float, seconds: float) -> None:
    """Whole from the first frame until its time is over, weaker for 0.3 s, gone after that."""
    ground = blank(128, 128, 100)
    shown = list(Mark(MarkStyle(seconds=seconds)).frames(iter([ground] * 60), fps))
    strength = [int(np.abs(frame.astype(int) - ground).sum()) for frame in shown]
    whole = math.ceil(seconds * fps)
    assert len(shown) == 60
    assert set(strength[:whole]) == {strength[0]}
    fade = strength[whole : whole + math.ceil(FADE_S * fps) + 1]
    assert fade == sorted(fade, reverse=True)
    assert strength[whole] < strength[0]
    assert not any(strength[whole + math.ceil(FADE_S * fps) + 1 :])


def test_the_mark_can_stay_and_short_clips_have_it_throughout() -> None:
    """Always means every frame; a clip of one second is marked to its end."""
    ground = blank(96, 96, 100)
    for style, count in ((MarkStyle(seconds=None), 90), (MarkStyle(), 8)):
        assert all((f != ground).any() for f in Mark(style).frames(iter([ground] * count), 8))


def test_the_engine_s_frames_stay_as_they_are() -> None:
    """An engine may reuse one array, or give a view or one that cannot be written: it is never drawn on."""
    own = blank(128, 96, 60)

    def engine() -> Iterator[Pixels]:
        for value in range(60, 90):
            own[:] = value
            yield own

    kept = [frame.copy() for frame in Mark(MarkStyle()).frames(engine(), 8)]
    assert (own == 89).all()
    assert [int(frame[0, 0, 0]) for frame in kept] == list(range(60, 90))
    frozen = np.broadcast_to(np.uint8(60), (96, 128, 3))
    assert np.array_equal(marked(MarkStyle(), frozen), kept[0])
    assert np.array_equal(marked(MarkStyle(), blank(256, 96, 60)[:, ::2]), kept[0])


def test_a_finished_mp4_shows_the_mark_for_two_seconds(tmp_path: Path) -> None:
    """Through the encoder and back: every frame of 2 s has letters of that height, later ones none."""
    plan = make_plan(width=512, height=384, num_frames=30, fps=10)
    grey = blank(512, 384, 110)
    mark = Mark(MarkStyle.for_language("en"))
    write_video(tmp_path / "clip.mp4", plan, mark.frames(iter([grey] * 30), 10))
    measured = []
    for frame in read_frames(tmp_path / "clip.mp4"):
        rows = np.flatnonzero((frame.min(axis=2) > 180).any(axis=1))
        measured.append(int(rows[-1] - rows[0] + 1) if rows.size else 0)
    assert min(measured[:20]) >= 0.05 * 384
    assert measured[24:] == [0] * 6


@pytest.mark.parametrize("side", range(16, 48))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_frame_is_too_small_for_a_label(side: int, language: Language) -> None:
    """Where the English words do not fit the Chinese ones do: a request cannot fail over them."""
    for width, height in ((side, side), (side, 3 * side)):
        ground = blank(width, height, 100)
        assert (FrameLabel(language, width, height, 24).on(0, ground) != ground).any()


def test_a_label_knows_which_frames_it_is_on() -> None:
    """Those that `Mark.frames` changes, weaker at the end in the same way."""
    ground = blank(128, 128, 100)
    label = FrameLabel("en", 128, 128, 12)
    for number, wanted in enumerate(Mark(MarkStyle.for_language("en")).frames(iter([ground] * 40), 12)):
        assert label.shows(number) == (wanted != ground).any()
        if label.shows(number):
            assert np.array_equal(label.on(number, ground), wanted)


def test_the_mark_costs_less_than_a_millisecond_a_frame() -> None:
    """CPU time at 1024 x 1024, the copy of the frame included, once the mark is drawn."""
    frame = next(moving_picture(1024, 1024, 1))
    mark = Mark(MarkStyle.for_language("en"))
    mark.on(frame)
    spent = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(20):
            mark.on(frame)
        spent.append((time.process_time() - started) / 20)
    assert min(spent) < 0.001


@pytest.mark.parametrize(
    ("text", "corner", "seconds", "error"),
    [
        ("made by a machine", "top", 2, InvalidField),
        ("AI", "top", 2, InvalidField),
        ("生成", "top", 2, InvalidField),
        ("AI生成 ☃", "top", 2, InvalidField),
        ("AI生成", "middle", 2, NotAChoice),
        ("AI生成", "top", 1.5, InvalidField),
        ("AI生成", "top", math.nan, InvalidField),
    ],
)
def test_what_would_be_no_mark_is_refused(
    text: str, corner: Corner, seconds: float, error: type[Exception]
) -> None:
    """Words the rules do not accept, letters the font lacks, no place, too short a time."""
    with pytest.raises(error):
        MarkStyle(text, corner, seconds)


def test_a_text_too_long_for_the_frame_is_refused() -> None:
    """It is not made smaller: it would no longer be a twentieth high."""
    with pytest.raises(InvalidField, match="256"):
        marked(MarkStyle("AI生成" * 8), blank(256, 256))


def test_the_font_is_small_and_lies_beside_its_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under 120 KB, its hash stated in THIRD_PARTY.md, the OFL with it; a changed file is noticed."""
    assets = resources.files("unstill.media") / "assets"
    content = (assets / label.FONT).read_bytes()
    assert len(content) < 120_000
    assert hashlib.sha256(content).hexdigest() == label.FONT_SHA256
    assert label.FONT_SHA256 in THIRD_PARTY.read_text(encoding="utf-8")
    licence = (assets / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Copyright 2014-2021 Adobe" in licence
    assert label._font(20.0).getname()[0] == "Unstill Mark"
    for name, value in (("FONT_SHA256", "0"), ("FONT", "missing.otf")):
        with monkeypatch.context() as patch:
            patch.setattr(label, name, value)
            with pytest.raises(DamagedInstall):
                label._font_file.__wrapped__()
