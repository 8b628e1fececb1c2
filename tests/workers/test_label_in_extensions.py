"""Videos that go on, and the visible label: once, at the start, and never carried along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from rigs import a_task
from testcard import grey
from unstill.core.carry_out import carry_out
from unstill.core.making import settings_in
from unstill.core.ports import silent
from unstill.core.settling import discard
from unstill.core.worker import Done, Task
from unstill.domain.errors import Cancelled, FileMissing
from unstill.media.read_video import read_frames
from unstill.wiring import House

DREAM = {"prompt": "pan left", "model": "dream", "size": "128x128", "fps": 8, "seed": 1, "format": "mp4"}
SHORT, LONG = 9, 41
"""Frames: 1.1 s, which a label of 2 s outlasts, and 5.1 s."""


def task(folder: Path, number: int, frames: int, **changes: Any) -> Task:
    """Of a grey picture that slides sideways: only a label can be seen, and moving only one that leaked."""
    request = {**DREAM, "num_frames": frames, "visible_label": changes.pop("label", True)}
    target = str(folder / f"video_{number}.1.mp4")
    made = a_task(folder, request=request, target=target, **{"language": "zh", **changes})
    Image.fromarray(grey()).save(made.input)
    return made


def more(first: Task, house: House, frames: int = 33, **changes: Any) -> tuple[Task, Done]:
    """The video of ``first`` and its continuation."""
    folder = Path(first.target).parent
    number = len(list(folder.glob("video_*.mp4"))) + 1
    longer = task(folder, number, frames, kind="extend", source=first.target, **changes)
    return longer, carry_out(longer, house, silent)


def inks(video: str) -> list[npt.NDArray[np.bool_]]:
    """Frame by frame, where there are letters on the grey [h w]."""
    return [frame.min(axis=2) > 180 for frame in read_frames(Path(video))]


def assert_one_label(video: str) -> None:
    """In one place for 2 s and a little more, and nowhere after that."""
    shown = inks(video)
    assert len(shown) > 40
    assert all(ink.any() for ink in shown[:16])
    assert not any(ink.any() for ink in shown[19:])
    everywhere = np.any(shown, axis=0)
    assert everywhere.sum() < 1.3 * shown[0].sum()


def test_a_short_video_keeps_its_last_frame_bare(house: House, tmp_path: Path) -> None:
    """As it was before it was labelled, exactly; the answer and the names beside the video tell of it."""
    first = task(tmp_path, 1, SHORT)
    done = carry_out(first, house, silent)
    assert inks(first.target)[-1].any()
    assert done.last_frame == str(tmp_path / "video_1.1.last.png")
    with Image.open(done.last_frame) as kept:
        assert np.array_equal(np.asarray(kept), grey())


@pytest.mark.parametrize(("frames", "label"), [(LONG, True), (SHORT, False)])
def test_a_frame_that_is_bare_anyway_is_not_kept(
    house: House, tmp_path: Path, frames: int, label: bool
) -> None:
    """Where the label was gone before the end, or never was."""
    done = carry_out(task(tmp_path, 1, frames, label=label), house, silent)
    assert done.last_frame is None
    assert not list(tmp_path.glob("*.last.png"))


def test_a_continuation_does_not_carry_the_label_along(house: House, tmp_path: Path) -> None:
    """The engine slides what it starts from: letters in it would wander. The label's 2 s go on in place."""
    first = task(tmp_path, 1, SHORT)
    carry_out(first, house, silent)
    longer, done = more(first, house)
    assert_one_label(longer.target)
    assert done.last_frame is None
    said = settings_in(Path(longer.target), house)
    assert (said["request"]["visible_label"], said["label_language"]) == (True, "zh")


def test_it_can_go_on_twice_before_the_label_is_over(house: House, tmp_path: Path) -> None:
    """The first continuation ends while the label fades, and keeps a bare end of its own."""
    first = task(tmp_path, 1, SHORT)
    carry_out(first, house, silent)
    second, done = more(first, house, SHORT)
    assert done.last_frame == str(tmp_path / "video_2.1.last.png")
    third, _ = more(second, house)
    assert_one_label(third.target)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_source_keeps_the_label_it_came_with(house: House, tmp_path: Path, language: str) -> None:
    """It is not drawn twice, which would darken its shadow; nor in another language on the way."""
    first = task(tmp_path, 1, LONG)
    carry_out(first, house, silent)
    longer, _ = more(first, house, language=language)
    assert_one_label(longer.target)
    once, again = (list(read_frames(Path(name)))[5].astype(int) for name in (first.target, longer.target))
    shadow = once < 70
    assert shadow.sum() > 100
    assert abs(float((once - again)[shadow].mean())) < 6
    assert settings_in(Path(longer.target), house)["label_language"] == "zh"


def test_an_unlabelled_source_is_labelled_from_the_start(house: House, tmp_path: Path) -> None:
    """Where the whole is to have a label."""
    first = task(tmp_path, 1, SHORT, label=False)
    carry_out(first, house, silent)
    longer, _ = more(first, house)
    assert_one_label(longer.target)


def test_the_label_goes_on_in_its_own_language(house: House, tmp_path: Path) -> None:
    """Whoever asks for more: the text does not change on the way."""
    first = task(tmp_path, 1, SHORT)
    carry_out(first, house, silent)
    longer, _ = more(first, house, language="en")
    assert_one_label(longer.target)
    assert settings_in(Path(longer.target), house)["label_language"] == "zh"


def test_a_label_that_is_there_is_told_whatever_was_asked(house: House, tmp_path: Path) -> None:
    """It cannot be taken off the source's frames: the record of the whole says so, and it keeps its 2 s."""
    first = task(tmp_path, 1, SHORT)
    carry_out(first, house, silent)
    longer, done = more(first, house, label=False)
    assert_one_label(longer.target)
    assert settings_in(Path(longer.target), house)["request"]["visible_label"] is True
    assert done.plan["visible_label"] is True


def test_without_the_bare_frame_nothing_is_made(house: House, tmp_path: Path) -> None:
    """Rather an error than letters that wander."""
    first = task(tmp_path, 1, SHORT)
    done = carry_out(first, house, silent)
    assert done.last_frame is not None
    Path(done.last_frame).unlink()
    before = set(tmp_path.iterdir())
    with pytest.raises(FileMissing, match=r"last\.png"):
        more(first, house)
    assert set(tmp_path.iterdir()) == before


def test_a_bare_frame_goes_with_its_video(house: House, tmp_path: Path) -> None:
    """After a cancel at the last tick, and when an attempt is thrown away."""

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        if (stage, done) == ("finish", 1):
            assert (tmp_path / "video_1.1.last.png").exists()
            raise Cancelled()

    with pytest.raises(Cancelled):
        carry_out(task(tmp_path, 1, SHORT), house, tick)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    first = task(tmp_path, 1, SHORT)
    carry_out(first, house, silent)
    discard(first)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
