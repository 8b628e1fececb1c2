"""One server per folder, and what is put away when it starts."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unstill.adapters.data_folder import FolderLock, remove_files, sweep
from unstill.adapters.data_folder.lock import read_about
from unstill.adapters.data_folder.sweep import KEEP_UNCLAIMED_S
from unstill.core.durable import beside
from unstill.domain.errors import NotWritable
from unstill.domain.service_errors import DataFolderTaken


def test_two_locks_on_one_folder(tmp_path: Path) -> None:
    """The second is told who has it, and has it once the first lets go."""
    first, second = FolderLock(tmp_path / "data"), FolderLock(tmp_path / "data")
    first.take()
    with pytest.raises(DataFolderTaken, match="starting"):
        second.take()
    first.tell({"pid": 4711, "url": "http://127.0.0.1:7860", "secret": "s"})
    with pytest.raises(DataFolderTaken, match=r"process 4711, http://127\.0\.0\.1:7860"):
        second.take()
    first.release()
    assert read_about(tmp_path / "data") == {}
    second.take()
    second.release()


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    """However that ends; what it wrote about itself counts no more."""
    code = (
        "import os, sys, pathlib\n"
        "from unstill.adapters.data_folder import FolderLock\n"
        "lock = FolderLock(pathlib.Path(sys.argv[1])); lock.take(); lock.tell({'pid': os.getpid()})\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert read_about(tmp_path)["pid"] > 0
    lock = FolderLock(tmp_path)
    lock.take()
    assert read_about(tmp_path) == {}
    lock.release()


def test_nobody_else_may_look_inside(tmp_path: Path) -> None:
    """The folder and what holds a secret."""
    lock = FolderLock(tmp_path / "data")
    lock.take()
    lock.tell({"secret": "s"})
    for name, mode in ((".", 0o700), ("server.json", 0o600), ("server.lock", 0o600)):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == mode
    lock.release()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file stands there."""
    (tmp_path / "data").write_text("")
    with pytest.raises(NotWritable):
        FolderLock(tmp_path / "data").take()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff"])
def test_what_says_nothing(tmp_path: Path, text: str) -> None:
    """A damaged note is none."""
    (tmp_path / "server.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_about(tmp_path) == {}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("inputs", "outputs", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path


def test_sweep_leaves_what_rows_name(data: Path) -> None:
    """And nothing else but a video nobody knows, which is put aside."""
    kept = {"inputs/video_aa.png", "outputs/video_aa.2.mp4", "outputs/video_aa.2.jpg"}
    left = {
        "outputs/video_aa.1.mp4", "outputs/video_aa.1.jpg", "outputs/.video_aa.x-1-y.part.mp4",
        "outputs/notes.txt", "outputs/video_bb.1.jpg", "inputs/video_bb.png", "inputs/.video_cc.p.part.png",
        "tmp/raw-1",
    }  # fmt: skip
    lost = {"outputs/video_bb.1.mp4", "outputs/video_cc.3.webm"}
    for name in (*kept, *left, *lost):
        (data / name).write_text(name)
    swept = sweep(data, kept, known=lambda video: video == "video_aa")
    files = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert files == kept | {name.replace("outputs", "unclaimed") for name in lost}
    assert (swept.removed, swept.unclaimed) == (len(left) - 1, 2)  # tmp is not counted
    assert sweep(data, kept, known=lambda video: False).removed == 0


def test_sweep_follows_no_link_out_of_the_folder(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a link points to is not ours."""
    other = tmp_path_factory.mktemp("other")
    (other / "file").write_text("x")
    (data / "outputs" / "link").symlink_to(other / "file")
    (data / "outputs" / "folder").symlink_to(other)
    sweep(data, set(), known=lambda video: False)
    assert (other / "file").exists()


def test_unclaimed_videos_are_not_kept_for_ever(data: Path) -> None:
    """Thirty days."""
    (data / "unclaimed").mkdir()
    for name, age in (("old.mp4", KEEP_UNCLAIMED_S + 60), ("new.mp4", KEEP_UNCLAIMED_S - 60)):
        (data / "unclaimed" / name).write_text("")
        os.utime(data / "unclaimed" / name, (time.time() - age,) * 2)
    sweep(data, set(), known=lambda video: False)
    assert [path.name for path in (data / "unclaimed").iterdir()] == ["new.mp4"]


def test_an_old_video_is_unclaimed_from_today_on(data: Path) -> None:
    """After an old backup was restored: its thirty days begin when it is put aside."""
    old = data / "outputs" / "video_aa.1.mp4"
    old.write_text("")
    os.utime(old, (time.time() - 2 * KEEP_UNCLAIMED_S,) * 2)
    for _ in range(2):
        sweep(data, set(), known=lambda video: False)
        assert [path.name for path in (data / "unclaimed").iterdir()] == [old.name]


def test_what_killed_writers_left_is_removed(data: Path) -> None:
    """Also beside the database, where one that was linked and not yet unlinked would stay for ever; a writer
    that lives keeps its own."""
    code = (
        "import os, sys, pathlib\n"
        "from unstill.core.durable import beside\n"
        "with beside(pathlib.Path(sys.argv[1])) as partial:\n"
        "    partial.write_bytes(b'x'); os.link(partial, sys.argv[1]); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(data / "unstill.db")], check=False)
    with beside(data / "keys.json") as mine:
        mine.write_bytes(b"x")
        assert len([path for path in data.iterdir() if ".part" in path.name]) == 2
        assert sweep(data, set(), known=lambda video: False).removed == 1
        assert {path.name for path in data.iterdir() if path.is_file()} == {"unstill.db", mine.name}


def test_files_that_are_gone_are_no_trouble(data: Path) -> None:
    """A purge that was killed had removed some."""
    for name in ("inputs/a.png", "outputs/b.mp4"):
        (data / name).write_text("")
    remove_files(data, ["outputs/b.mp4", "outputs/gone.mp4"])
    assert [path.name for path in data.rglob("*") if path.is_file()] == ["a.png"]
