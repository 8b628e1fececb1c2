"""Thumbnails, sprite sheets, the last frame, and a video that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from plans import make_plan, moving_picture, write_video
from unstill.domain.errors import FileMissing, NotAVideo, NotWritable, SizesDiffer
from unstill.media.read_video import probe, read_frames
from unstill.media.sheets import Contact, last_frame, save, stitched, tail
from unstill.media.video import AvVideoMaker

Pixels = npt.NDArray[np.uint8]
KINDS = ["mp4", "webm", "gif", "webp"]


def greys(values: list[int], width: int = 96, height: int = 64) -> Iterator[Pixels]:
    """Frames of one grey each."""
    return (np.full((height, width, 3), value, np.uint8) for value in values)


def grey_video(path: Path, values: list[int], width: int = 96, height: int = 64, fps: int = 8) -> Path:
    kind = path.suffix[1:]
    plan = make_plan(kind, width=width, height=height, num_frames=len(values), fps=fps)
    write_video(path, plan, greys(values, width, height))
    return path


def contact(video: Path, out: Path, num_frames: int | None = None, **sizes: int) -> tuple[Path, Path]:
    """Both small pictures of a video, taken while it is checked: thumb.jpg and sheet.jpg in ``out``."""
    facts = probe(video)
    pictures = Contact(num_frames or facts.num_frames, **sizes)
    plan = make_plan(
        facts.container, width=facts.width, height=facts.height, num_frames=facts.num_frames,
        fps=round(facts.fps),
    )  # fmt: skip
    AvVideoMaker().check(video, plan, pictures.see)
    pictures.save(out / "thumb.jpg", out / "sheet.jpg")
    return out / "thumb.jpg", out / "sheet.jpg"


def opened(path: Path) -> Pixels:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sprite_sheet_is_the_videos_own_frames(tmp_path: Path, kind: str) -> None:
    """Each cell against the decoded frame of that time, the first and the last among them."""
    video = tmp_path / f"clip.{kind}"
    write_video(video, make_plan(kind, width=128, height=96, num_frames=33))
    sheet, frames = opened(contact(video, tmp_path, width=64)[1]), list(read_frames(video))
    assert sheet.shape == (5 * 48, 5 * 64, 3)
    for cell in range(25):
        row, column = divmod(cell, 5)
        got = sheet[row * 48 : (row + 1) * 48, column * 64 : (column + 1) * 64].astype(float)
        wanted = frames[round(cell * (len(frames) - 1) / 24)]
        small = np.asarray(Image.fromarray(wanted).resize((64, 48), Image.Resampling.BOX)).astype(float)
        assert np.abs(got - small).mean() < 8, cell
        assert np.abs((got - small).mean(axis=(0, 1))).max() < 2, "the colours are off"


def test_a_sheet_by_default_is_five_by_five(tmp_path: Path) -> None:
    """25 cells of 160 pixels across; brightness rises cell by cell as it does in the video."""
    video = grey_video(tmp_path / "clip.mp4", list(range(20, 220, 4)))
    sheet = opened(contact(video, tmp_path)[1])
    assert sheet.shape == (5 * 107, 800, 3)
    cells = [sheet[r * 107 + 53, c * 160 + 80, 0] for r in range(5) for c in range(5)]
    assert cells == sorted(cells)
    assert abs(int(cells[0]) - 20) < 6
    assert abs(int(cells[-1]) - 216) < 6


def test_a_short_video_fills_the_sheet(tmp_path: Path) -> None:
    """Three frames in 25 cells: repeated in order, no black cell."""
    video = grey_video(tmp_path / "clip.mp4", [60, 120, 180])
    sheet = opened(contact(video, tmp_path, width=32)[1])
    cells = [round(int(sheet[r * 21 + 10, c * 32 + 16, 0]) / 60) for r in range(5) for c in range(5)]
    assert cells == sorted(cells)
    assert set(cells) == {1, 2, 3}


def test_a_file_with_fewer_frames_than_planned_leaves_no_black_cells(tmp_path: Path) -> None:
    """A GIF leaves some out above 50 a second: the last frame there is stands in for those there are not."""
    video = grey_video(tmp_path / "clip.mp4", [100] * 10)
    assert opened(contact(video, tmp_path, num_frames=20, width=32)[1]).min() > 90


@pytest.mark.parametrize("kind", KINDS)
def test_a_thumbnail_shows_the_middle(tmp_path: Path, kind: str) -> None:
    """Its shape kept, its longer side at most what was asked for."""
    video = grey_video(tmp_path / f"clip.{kind}", [40] * 8 + [160] * 9 + [90] * 8, 192, 96)
    small = contact(video, tmp_path, side=64)[0]
    with Image.open(small) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 32))
    assert abs(opened(small).mean() - 160) < 6


def test_a_thumbnail_is_never_larger_than_the_video(tmp_path: Path) -> None:
    """Small videos are not blown up."""
    video = grey_video(tmp_path / "clip.mp4", [99] * 3)
    assert opened(contact(video, tmp_path)[0]).shape == (64, 96, 3)


def test_the_longest_strip_has_small_pictures(tmp_path: Path) -> None:
    """A cell is at least one pixel high."""
    small, sheet = contact(grey_video(tmp_path / "clip.mp4", [99] * 3, 8192, 16), tmp_path)
    assert (opened(small).shape, opened(sheet).shape) == ((1, 512, 3), (5, 800, 3))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([0] * 20 + [150] * 4, 150), ([150] * 6 + [0] * 18, 150), ([0] * 24, 0)],
    ids=["light later", "light before", "never light"],
)
def test_a_dark_middle_is_passed_over(tmp_path: Path, values: list[int], wanted: int) -> None:
    """Light after it or before it is found; a video that is dark throughout still has a thumbnail."""
    video = grey_video(tmp_path / "clip.mp4", values)
    assert abs(opened(contact(video, tmp_path)[0]).mean() - wanted) < 6


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_frame_is_the_very_last(tmp_path: Path, kind: str) -> None:
    """The same pixels as reading everything gives, and how many frames there were."""
    video = tmp_path / f"clip.{kind}"
    write_video(video, make_plan(kind, num_frames=21))
    frames = list(read_frames(video))
    assert np.array_equal(last_frame(video), frames[-1])
    assert tail(video)[1] == len(frames)
    assert not np.array_equal(frames[-1], frames[-2])


def test_a_continuation_goes_on_without_a_stutter(tmp_path: Path) -> None:
    """Source and continuation in one file: the frame they share is shown once, and all of it decodes."""
    source = tmp_path / "clip.mp4"
    write_video(source, make_plan(num_frames=9))
    more = list(moving_picture(64, 48, 20))[8:]
    plan = make_plan(num_frames=20)
    maker = write_video(tmp_path / "long.mp4", plan, stitched(source, iter(more)))
    maker.check(tmp_path / "long.mp4", plan)
    whole = list(read_frames(tmp_path / "long.mp4"))
    for got, wanted in zip(whole, moving_picture(64, 48, 20), strict=True):
        assert np.abs(got.astype(int) - wanted).mean() < 5
    steps = [float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(whole)]
    assert min(steps) > 0.3 * float(np.median(steps))


def test_stitching_takes_one_frame_at_a_time(tmp_path: Path) -> None:
    """A continuation is drawn on as it is needed: memory does not grow with its length."""
    source = grey_video(tmp_path / "clip.mp4", [50] * 5)
    drawn = []

    def engine() -> Iterator[Pixels]:
        for number in range(1000):
            drawn.append(number)
            yield np.full((64, 96, 3), 60, np.uint8)

    frames = stitched(source, engine())
    for _ in range(5 + 3):
        next(frames)
    assert len(drawn) == 4


def test_sizes_that_differ_are_refused_before_the_first_frame(tmp_path: Path) -> None:
    """Both sizes are named."""
    source = grey_video(tmp_path / "clip.mp4", [50] * 5)
    with pytest.raises(SizesDiffer, match="64 x 48, but the video is 96 x 64"):
        next(stitched(source, greys([1, 2], 64, 48)))


@pytest.mark.parametrize("ending", ["jpg", "webp", "png"])
def test_pictures_appear_whole_or_not_at_all(tmp_path: Path, ending: str) -> None:
    """An old picture is replaced; where none can be written nothing stays. A PNG is exact."""
    picture = next(moving_picture(96, 64, 1))
    out = tmp_path / "out" / f"clip.{ending}"
    save(np.zeros_like(picture), out)
    first = out.read_bytes()
    save(picture, out)
    assert out.read_bytes() != first
    with Image.open(out) as found:
        assert found.format == {"jpg": "JPEG", "webp": "WEBP", "png": "PNG"}[ending]
    assert np.array_equal(opened(out), picture) == (ending == "png")
    with pytest.raises(NotWritable):
        save(picture, out / "clip.jpg")
    assert [p.name for p in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize("reader", [last_frame, lambda path: next(stitched(path, iter([])))])
def test_no_video_is_called_that(tmp_path: Path, reader: object) -> None:
    """A missing file, text, a video cut off in the middle: our errors, no others."""
    assert callable(reader)
    with pytest.raises(FileMissing):
        reader(tmp_path / "nothing.mp4")
    (tmp_path / "clip.mp4").write_bytes(b"hello")
    with pytest.raises(NotAVideo):
        reader(tmp_path / "clip.mp4")
    whole = grey_video(tmp_path / "clip.mp4", [80] * 4).read_bytes()
    (tmp_path / "clip.mp4").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(NotAVideo):
        reader(tmp_path / "clip.mp4")
