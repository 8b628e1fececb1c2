"""A worker's task, done in this process."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from naughty import TorchLike
from rigs import a_task
from unstill.core.carry_out import carry_out
from unstill.core.making import settings_in
from unstill.core.ports import silent
from unstill.domain.errors import Cancelled, NotWritable
from unstill.media.read_video import probe
from unstill.wiring import House
from unstill.worker import _failed

CARDED = {"prompt": "pan left", "model": "testcard", "num_frames": 8, "fps": 8, "seed": 1}


def test_the_answer_holds_the_facts_of_the_file(house: House, tmp_path: Path) -> None:
    """Size and digest are the file's; the small pictures lie beside it; the label has the job's id."""
    task = a_task(tmp_path, request=CARDED)
    done = carry_out(task, house, silent)
    video = Path(task.target)
    assert (done.path, done.size_bytes) == (task.target, video.stat().st_size)
    assert done.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    assert probe(video).num_frames == 8
    assert {p.name for p in tmp_path.iterdir()} == {
        "a.png", "video_1.1.mp4", "video_1.1.jpg", "video_1.1.sheet.jpg",
    }  # fmt: skip
    for picture in (done.thumbnail, done.spritesheet):
        assert picture is not None
        Image.open(picture).load()
    said = settings_in(video, house)
    assert (said["id"], said["picture"], said["request"]["prompt"]) == ("video_1", "photo.jpg", "pan left")


def test_an_extension_goes_on_from_the_last_frame(house: House, tmp_path: Path) -> None:
    """The source's frames, then the new ones but for the first, which shows the source's last again."""
    first = a_task(tmp_path, request=CARDED)
    carry_out(first, house, silent)
    target = str(tmp_path / "video_2.1.mp4")
    stages = []
    task = a_task(tmp_path, request=CARDED, kind="extend", source=first.target, target=target)
    done = carry_out(task, house, lambda stage, *_: stages.append(stage))
    assert probe(Path(target)).num_frames == 8 + 8 - 1
    assert done.plan["num_frames"] == 15
    assert "source" in stages


@pytest.mark.parametrize(
    ("stage", "at"), [("open", 0), ("load", 0), ("frame", 0), ("frame", 4), ("check", 0), ("check", 1),
                      ("finish", 0), ("finish", 1)],
)  # fmt: skip
def test_a_cancel_at_any_tick_leaves_nothing(house: House, tmp_path: Path, stage: str, at: int) -> None:
    """Also after the file stood."""

    def tick(name: str, done: int, total: int, preview: object = None) -> None:
        if (name, done) == (stage, at):
            raise Cancelled()

    with pytest.raises(Cancelled):
        carry_out(a_task(tmp_path, request=CARDED), house, tick)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_no_error_tells_where_the_data_folder_lies() -> None:
    """Facts of errors are shown to clients: of a path they get the name."""
    failed = _failed(NotWritable(path=Path("/home/somebody/data/a.mp4"), reason="full"))
    assert (failed.code, failed.facts) == ("not_writable", {"path": "a.mp4", "reason": "full"})
    assert not failed.spoiled


def test_memory_is_a_failure_of_its_own() -> None:
    """Python's error and torch's; both leave a process that is not to be trusted with another task."""
    for error in (MemoryError(), TorchLike("CUDA out of memory")):
        failed = _failed(error)
        assert (failed.code, failed.out_of_memory, failed.spoiled) == ("out_of_memory", True, True)


def test_what_nobody_foresaw_is_logged_once_and_told_by_number(caplog: pytest.LogCaptureFixture) -> None:
    """The cause stays in the log."""
    failed = _failed(RuntimeError("a secret of the engine"))
    assert failed.code == "unexpected"
    assert "secret" not in str(failed.facts)
    assert len([r for r in caplog.records if str(failed.facts["incident"]) in r.getMessage()]) == 1
