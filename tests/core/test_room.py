"""Whether there is room for another video, in numbers that mean something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unstill.core.room import GIB, Room
from unstill.domain.service_errors import NoRoom


def refusal(room: Room) -> NoRoom:
    with pytest.raises(NoRoom) as caught:
        room.check()
    return caught.value


def test_a_small_quota_is_told_in_small_units(tmp_path: Path) -> None:
    """Not as "0.0 of 0.0 GiB"."""
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "a.mp4").write_bytes(bytes(3 << 20))
    said = refusal(Room(tmp_path, quota_bytes=2 << 20, floor_bytes=0))
    assert (
        said.message() == "There is no room for another video: the videos take 3.0 MiB, and may take 2.0 MiB."
    )
    assert said.message("zh") == "没有空间存放新的视频：视频已占 3.0 MiB，上限 2.0 MiB。"
    assert "Delete videos" in said.hint()


def test_a_disk_below_its_floor_says_what_is_left_and_what_is_kept(tmp_path: Path) -> None:
    """Which is what the person can change; what others have on the disk is beside the point."""
    free = shutil.disk_usage(tmp_path).free
    said = refusal(Room(tmp_path, floor_bytes=free + 100 * GIB))
    assert "the disk has " in said.message()
    assert f"{(free + 100 * GIB) / GIB:.2f} GiB are to stay free" in said.message()
    assert "0.0" not in said.message()
    assert "Free some space on the disk" in said.hint()
    assert "清理数据文件夹所在的磁盘" in said.hint("zh")


def test_a_full_disk_without_a_floor(tmp_path: Path) -> None:
    """What is left, alone."""
    assert "stay free" not in Room(tmp_path, floor_bytes=0).disk_full().message()
    Room(tmp_path, quota_bytes=1, floor_bytes=0).check()
