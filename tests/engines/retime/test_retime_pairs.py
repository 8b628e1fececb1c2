"""What comes between frames: how many, where, and when nothing new is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import cv2
import numpy as np
import pytest
from PIL import Image

from testcard import draw
from unstill.domain.errors import Cancelled
from unstill.engines.retime.between import retimed
from unstill.engines.retime.pairs import Kind, kind_of

EXAMPLES = ("astronaut", "coffee", "rocket")


def picture(name: str) -> np.ndarray:
    """A bundled photo, 256 x 256."""
    with (resources.files("unstill") / "assets" / "examples" / f"{name}.jpg").open("rb") as file:
        return np.asarray(Image.open(file).convert("RGB").resize((256, 256)))


class Halfway:
    """Draws the mean, and keeps count."""

    device = "cpu"

    def __init__(self) -> None:
        self.drawn = 0

    def middle(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        self.drawn += 1
        return ((first.astype(int) + last) // 2).astype(np.uint8)


def ramp(count: int, step: int = 8) -> list[np.ndarray]:
    """A picture that gets lighter by ``step`` a frame."""
    return [np.full((16, 16, 3), step * number, np.uint8) for number in range(count)]


def values(frames: Iterator[np.ndarray]) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in frames]


@pytest.mark.parametrize(
    ("times", "loop", "wanted"),
    [
        (2, False, [0, 4, 8, 12, 16]),
        (4, False, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (2, True, [0, 4, 8, 12, 16, 8]),
        (4, True, [0, 2, 4, 6, 8, 10, 12, 14, 16, 12, 8, 4]),
    ],
)
def test_new_frames_stand_evenly_between_those_that_came(times: int, loop: bool, wanted: list[int]) -> None:
    """(n - 1) * k + 1 of them; of a loop n * k, with those between the last and the first."""
    assert values(retimed(iter(ramp(3)), times, Halfway(), loop=loop)) == wanted


@pytest.mark.parametrize(("count", "wanted"), [(0, []), (1, [0])])
def test_a_single_frame_has_no_neighbour(count: int, wanted: list[int]) -> None:
    """Nothing is made of nothing."""
    assert values(retimed(iter(ramp(count)), 4, Halfway())) == wanted


def test_a_loop_of_one_frame_repeats_it() -> None:
    """Its neighbour is itself."""
    assert values(retimed(iter(ramp(1)), 4, Halfway(), loop=True)) == [0, 0, 0, 0]


def test_frames_that_came_stay_as_they_are() -> None:
    """Bit for bit, in their places, though the engine draws into one array."""
    given = [draw(64, 48, 0), np.roll(draw(64, 48, 0), 3, axis=1), np.roll(draw(64, 48, 0), 6, axis=1)]
    memory = np.empty_like(given[0])

    def drawn() -> Iterator[np.ndarray]:
        for frame in given:
            memory[:] = frame
            yield memory

    got = [frame.copy() for frame in retimed(drawn(), 2, Halfway())]
    assert len(got) == 5
    assert all((a == b).all() for a, b in zip(got[::2], given, strict=True))


def test_equal_frames_cost_nothing() -> None:
    """The network is not asked, and the frames between are the same."""
    still, middle = draw(64, 48), Halfway()
    got = list(retimed(iter([still] * 3), 4, middle, loop=True))
    assert (len(got), middle.drawn) == (12, 0)
    assert all((frame == still).all() for frame in got)


def test_at_a_cut_the_nearer_frame_is_repeated() -> None:
    """The earlier one in the very middle; two scenes are never mixed."""
    first, last, middle = picture("astronaut"), picture("coffee"), Halfway()
    got = list(retimed(iter([first, last]), 4, middle))
    assert middle.drawn == 0
    assert [bool((frame == first).all()) for frame in got] == [True, True, True, False, False]
    assert [bool((frame == last).all()) for frame in got] == [False, False, False, True, True]


def test_frames_come_as_they_are_asked_for() -> None:
    """One pair after the other: a long clip needs no more memory than a short one."""
    taken = 0

    def drawn() -> Iterator[np.ndarray]:
        nonlocal taken
        for frame in ramp(20):
            taken += 1
            yield frame

    frames = retimed(drawn(), 4, Halfway())
    for number in range(9):
        next(frames)
        assert taken <= number // 4 + 2


def test_each_new_frame_is_reported_and_the_work_can_be_stopped_there() -> None:
    """A cancel is heeded before the next frame is given out."""
    told = []

    def tick(stage: str, done: int, total: int, preview: object = None) -> None:
        told.append((stage, done, total))
        if done == 2:
            raise Cancelled()

    middle, got = Halfway(), []
    with pytest.raises(Cancelled):
        got.extend(retimed(iter(ramp(9)), 2, middle, total=8, tick=tick))
    assert told == [("retime", 1, 8), ("retime", 2, 8)]
    assert middle.drawn == 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_moving_camera_is_no_cut(name: str) -> None:
    """A pan by an eighth, a turn, a push in, a light that goes on or out, and a fade."""
    seen = picture(name)
    turn = cv2.getRotationMatrix2D((128, 128), 4, 1.08)
    others = {
        "pan": np.roll(seen, 32, axis=1),
        "turn": cv2.warpAffine(seen, turn, (256, 256), borderMode=cv2.BORDER_REFLECT_101),
        "dark": (seen * 0.4).astype(np.uint8),
        "light": np.clip(seen * 1.5 + 30, 0, 255).astype(np.uint8),
    }
    assert {what: kind_of(seen, other) for what, other in others.items()} == dict.fromkeys(
        others, Kind.MOTION
    )


def test_other_pictures_are_cuts() -> None:
    """Any two of the bundled photos, and a photo beside a white card."""
    photos = [picture(name) for name in EXAMPLES]
    pairs = [(a, b) for a in photos for b in photos if a is not b]
    white = np.full_like(photos[0], 255)
    assert {kind_of(a, b) for a, b in [*pairs, (photos[0], white), (white, photos[0])]} == {Kind.CUT}
    assert kind_of(white, white - 20) is Kind.MOTION
