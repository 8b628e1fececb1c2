"""From a plan to a file, with real encoders and an engine that can be told to fail."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testcard import draw, grey
from unstill.core.making import Ready, make, prepare
from unstill.domain.errors import BadOutput, Cancelled, DiskFull, OutputExists
from unstill.domain.request import VideoRequest
from unstill.media.read_video import read_frames
from unstill.wiring import House

if TYPE_CHECKING:
    from unstill.core.ports import Frame


@pytest.fixture
def ready(house: House) -> Ready:
    return prepare(VideoRequest(image=draw(), prompt="pan left", seed=1), house)


def test_the_clip_is_what_was_planned(ready: Ready, house: House, tmp_path: Path) -> None:
    """The maker's own check passes, and nothing else is in the folder."""
    done = make(ready, tmp_path / "a.mp4", house)
    house.maker.check(done.path, ready.plan)
    assert list(tmp_path.iterdir()) == [done.path]
    assert [n.code for n in done.notes] == ["camera_motion", "no_subject"]


@pytest.mark.parametrize("stage", ["frame", "check"])
def test_a_cancel_at_any_stage_leaves_nothing(ready: Ready, house: House, tmp_path: Path, stage: str) -> None:
    """Even at the last tick the file does not stand yet."""

    def tick(name: str, done: int, total: int, preview: Frame | None = None) -> None:
        if name == stage and done == total:
            raise Cancelled()

    with pytest.raises(Cancelled):
        make(ready, tmp_path / "new" / "a.mp4", house, tick=tick)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_refused_before_the_work(ready: Ready, house: House, tmp_path: Path) -> None:
    """No engine is asked for a single frame."""
    (tmp_path / "a.mp4").write_bytes(b"theirs")
    ticks: list[str] = []

    def tick(name: str, done: int, total: int, preview: Frame | None = None) -> None:
        ticks.append(name)

    with pytest.raises(OutputExists):
        make(ready, tmp_path / "a.mp4", house, tick=tick)
    assert ticks == []
    assert (tmp_path / "a.mp4").read_bytes() == b"theirs"


class Broken:
    """A maker whose parts fail on demand; everything else is the real one's."""

    def __init__(self, real: Any, failure: Exception, where: str) -> None:
        self.real, self.failure, self.where = real, failure, where

    def encoder(self, *arguments: Any) -> Any:
        encoder = self.real.encoder(*arguments)
        if self.where == "write":
            encoder.write = self._fail
        return encoder

    def check(self, *_: object) -> None:
        self._fail()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def _fail(self, *_: object) -> None:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "where", "told"),
    [
        (OSError(errno.ENOSPC, "full"), "write", DiskFull),
        (BadOutput(problem="it is short", problem_zh="太短"), "check", BadOutput),
    ],
)
def test_a_failing_encoder_or_check_leaves_nothing(
    ready: Ready, house: House, tmp_path: Path, failure: Exception, where: str, told: type[Exception]
) -> None:
    """The error is ours, the folder is empty."""
    house.maker = Broken(house.maker, failure, where)  # type: ignore[assignment]
    with pytest.raises(told):
        make(ready, tmp_path / "a.mp4", house)
    assert list(tmp_path.iterdir()) == []


def test_an_engines_own_file_error_is_not_blamed_on_the_output(
    ready: Ready, house: House, tmp_path: Path
) -> None:
    """A missing part of an engine is no unwritable folder."""

    class Lost:
        def load(self, plan: object) -> None: ...

        def frames(self, *_: object) -> Iterator[Frame]:
            raise FileNotFoundError("weights")

        def unload(self) -> None: ...

    house._engines["testcard"] = Lost()  # type: ignore[assignment]
    with pytest.raises(FileNotFoundError, match="weights"):
        make(ready, tmp_path / "a.mp4", house)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("prompt", "code"), [("black", "video_black"), ("hold the step", None)])
def test_what_looks_wrong_is_said(house: House, tmp_path: Path, prompt: str, code: str | None) -> None:
    """A black video is noted; a locked-off camera that was asked for is not."""
    done = make(prepare(VideoRequest(image=draw(), prompt=prompt), house), tmp_path / "a.mp4", house)
    found = [n.code for n in done.notes if n.code.startswith("video_")]
    assert found[:1] == ([code] if code else [])


def labelled(house: House, target: Path, **fields: Any) -> Any:
    """A generated video of a grey picture, 41 frames at 10 fps, with the Chinese label."""
    wish = {"image": grey(), "model": "dream", "size": "128x128", "num_frames": 41, "fps": 10}
    request = VideoRequest(**{**wish, "visible_label": True, **fields})
    return make(prepare(request, house, language="zh"), target, house)


def inked(video: Path) -> list[bool]:
    """Frame by frame, whether there are letters on the grey."""
    return [bool((frame.min(axis=2) > 180).any()) for frame in read_frames(video)]


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "webp"])
def test_the_label_is_on_the_first_two_seconds(house: House, tmp_path: Path, kind: str) -> None:
    """In every format: on all of them, then fading, then gone; nothing of the picture elsewhere changes."""
    done = labelled(house, tmp_path / f"a.{kind}", format=kind)
    shown = inked(done.path)
    assert all(shown[:20])
    assert not any(shown[24:])
    assert len(shown) == 41
    assert done.bare_end is None
    assert all(abs(float(f[:96].mean()) - 110) < 4 for f in read_frames(done.path))


def test_a_short_clip_is_labelled_to_its_end(house: House, tmp_path: Path) -> None:
    """Then its last frame is also given without the label: where a continuation starts."""
    done = labelled(house, tmp_path / "a.mp4", num_frames=9)
    assert all(inked(done.path))
    assert done.bare_end is not None
    assert (done.bare_end == 110).all()


def test_without_the_label_no_frame_is_touched(house: House, tmp_path: Path) -> None:
    done = labelled(house, tmp_path / "a.mp4", visible_label=False)
    assert not any(inked(done.path))


def test_a_label_does_not_hide_that_a_video_is_black(house: House, tmp_path: Path) -> None:
    """Frames are looked at before they are labelled."""
    done = labelled(house, tmp_path / "a.mp4", prompt="black", num_frames=9)
    assert all(inked(done.path))
    assert "video_black" in [n.code for n in done.notes]


def test_writing_a_gif_ticks_to_the_end(house: House, tmp_path: Path) -> None:
    """Its second pass too, so that it can be seen and stopped; a cancel there leaves nothing."""
    ticks: list[tuple[str, int, int]] = []

    def tick(name: str, done: int, total: int, preview: Frame | None = None) -> None:
        ticks.append((name, done, total))
        if stop and (name, done) == ("encode", 4):
            raise Cancelled()

    ready, stop = prepare(VideoRequest(image=draw(), format="gif"), house), False
    make(ready, tmp_path / "a.gif", house, tick=tick).path.unlink()
    assert [t for t in ticks if t[0] == "encode"] == [("encode", n, 8) for n in range(8)]
    assert [t for t in ticks if t[0] == "check"] == [("check", n, 8) for n in (0, *range(9))]
    stop = True
    with pytest.raises(Cancelled):
        make(ready, tmp_path / "a.gif", house, tick=tick)
    assert list(tmp_path.iterdir()) == []


def test_whoever_looks_on_sees_the_files_own_frames(ready: Ready, house: House, tmp_path: Path) -> None:
    """While it is checked: every one, in turn, decoded once for both."""
    from unstill.core.render import render

    seen = []
    with house.borrow(ready.plan.card) as engine:
        done = render(
            ready.plan, ready.anchor, "a.png", tmp_path / "a.mp4", engine, house.maker,
            see=lambda number, still: seen.append((number, still.rgb())),
        )  # fmt: skip
    assert [number for number, _ in seen] == list(range(8))
    for (_, got), wanted in zip(seen, read_frames(done.path), strict=True):
        assert (got == wanted).all()
