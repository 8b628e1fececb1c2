"""From a plan to a file, with real encoders and an engine that can be told to fail."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testcard import draw
from unstill.core.making import Ready, make, prepare
from unstill.domain.errors import BadOutput, Cancelled, DiskFull, OutputExists
from unstill.domain.request import VideoRequest
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

    def watch(self, *, still_allowed: bool) -> Any:
        return self.real.watch(still_allowed=still_allowed)

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
