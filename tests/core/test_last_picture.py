"""A picture for the last frame: who takes one, how it gets to the engine, and what of it is written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from testcard import TESTCARD
from two_pictures import TWO_PICTURES, halves, shades
from unstill.core.asking import Ask, digest_of
from unstill.core.making import like, make, plan_picture, prepare, settings_in
from unstill.core.metadata import KEY, read_settings
from unstill.domain.errors import (
    LastPictureNeeded,
    LoopHasNoLast,
    NotAPicture,
    NotOffered,
    PictureMissing,
    UnstillError,
)
from unstill.domain.request import VideoRequest
from unstill.media.read_video import read_frames
from unstill.settings import Settings
from unstill.wiring import House

FIRST, LAST = shades(40, 200), shades(220, 60)


@pytest.fixture
def house() -> House:
    return House(Settings(), entries=[TESTCARD, TWO_PICTURES])


def asked(model: str = "ends", **more: object) -> VideoRequest:
    fields = {"image": FIRST, "model": model, "num_frames": 6, "fps": 6, "size": "96x64", **more}
    return VideoRequest(**fields)


def test_it_is_the_last_frame_of_the_file(house: House, tmp_path: Path) -> None:
    """Decoded again; and the file says what it was called."""
    last = tmp_path / "later.png"
    Image.fromarray(LAST).save(last)
    done = make(prepare(asked(last_image=last), house), tmp_path / "a.mp4", house)
    frames = list(read_frames(done.path))
    assert halves(frames[0]) == pytest.approx((40, 200), abs=6)
    assert halves(frames[-1]) == pytest.approx((220, 60), abs=6)
    assert settings_in(done.path, house)["last_picture"] == "later.png"
    assert "last_image" not in settings_in(done.path, house)["request"]


def test_it_is_fitted_as_the_first_one_is(house: House) -> None:
    """Whatever its own shape: the size is the first picture's to say."""
    tall = np.asarray(Image.fromarray(LAST).resize((50, 200)))
    ready = prepare(asked(last_image=tall, size="1024p", fit="keep"), house)
    assert ready.anchor.last is not None
    assert ready.anchor.last.shape == ready.anchor.frame.shape == (64, 96, 3)
    assert prepare(asked(), house).anchor.last is None


@pytest.mark.parametrize(
    ("request_", "error", "told"),
    [
        (asked("testcard", last_image=LAST), NotOffered, "ends, between"),
        (asked("between"), LastPictureNeeded, "--last-image"),
        (asked("ends", last_image=LAST, loop=True), LoopHasNoLast, "loop"),
        (asked("ends", last_image=Path("nowhere.png")), PictureMissing, "nowhere.png"),
        (asked("ends", last_image=b"not a picture"), NotAPicture, ""),
    ],
    ids=["no", "must", "loop", "missing", "broken"],
)
def test_what_cannot_be_is_refused(
    house: House, request_: VideoRequest, error: type[UnstillError], told: str
) -> None:
    """Before any work, and with what to do; by a plan as well."""
    for try_ in (prepare, plan_picture):
        with pytest.raises(error) as caught:
            try_(request_, house)
        assert told in caught.value.message() + caught.value.hint()


def test_a_loop_needs_no_second_picture(house: House, tmp_path: Path) -> None:
    """It ends with its first."""
    done = make(prepare(asked("between", loop=True), house), tmp_path / "a.mp4", house)
    assert halves(list(read_frames(done.path))[-1]) == pytest.approx((40, 200), abs=6)
    assert not done.plan.to_json()["last_picture"]


def test_the_plan_says_whether_there_is_one(house: House) -> None:
    assert plan_picture(asked(last_image=LAST), house).to_json()["last_picture"] is True
    assert plan_picture(asked(), house).to_json()["last_picture"] is False


def test_no_file_names_it(house: House, tmp_path: Path) -> None:
    """A stranger's record could name any file of this computer."""
    found = read_settings({KEY: '{"request": {"last_image": "/etc/passwd", "fps": 4}, "last_picture": 5}'})
    assert found is not None
    assert found["request"] == {"fps": 4}
    assert set(found["unusable"]) == {"request.last_image", "last_picture"}
    done = make(prepare(asked(last_image=LAST), house), tmp_path / "a.mp4", house)
    assert "last_image" not in like(done.path, house).settings


def test_without_one_a_request_counts_as_it_did() -> None:
    """Idempotency keys outlive an update: the digest is that of the version before."""
    assert digest_of(Ask({"prompt": "a"}), None) == digest_of(Ask({"prompt": "a", "loras": []}), None)
    assert digest_of(Ask({"prompt": "a"}), None) != digest_of(Ask({"prompt": "a", "loras": ["b"]}), None)


def test_python_takes_any_source(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An array, a path, bytes: as for the first picture."""
    import unstill

    monkeypatch.setattr("unstill.wiring.house", lambda: house)
    Image.fromarray(LAST).save(tmp_path / "b.png")
    sources: list[Callable[[], object]] = [
        lambda: LAST, lambda: tmp_path / "b.png", lambda: (tmp_path / "b.png").read_bytes()
    ]  # fmt: skip
    for source in sources:
        clip = unstill.generate(FIRST, model="ends", num_frames=4, fps=4, size="96x64", last_image=source())
        assert halves(clip.frames()[-1]) == pytest.approx((220, 60), abs=1)
