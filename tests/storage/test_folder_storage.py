"""A folder as the storage: the data folder of one server, and one that several share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage_contract import PICTURE, VIDEO, Machines, StorageContract, kept, write
from unstill.adapters.storage.folder import FolderStorage
from unstill.core.storage import Storage
from unstill.domain.service_errors import StorageFailed


class Folder(Machines):
    def __init__(self, root: Path, shared: bool) -> None:
        self.root, self.shared = root, shared
        root.mkdir()

    def machine(self, number: int) -> Storage:
        return FolderStorage(self.root, self.shared)


class TestSharedFolder(StorageContract):
    @pytest.fixture
    def machines(self, tmp_path: Path) -> Machines:
        return Folder(tmp_path / "share", shared=True)


class TestDataFolder(StorageContract):
    @pytest.fixture
    def machines(self, tmp_path: Path) -> Machines:
        return Folder(tmp_path / "data", shared=False)


def test_a_share_that_is_not_mounted_is_not_made(tmp_path: Path) -> None:
    """Files would go to the disk below it, where no other server sees them."""
    storage = FolderStorage(tmp_path / "not" / "mounted", shared=True)
    with pytest.raises(StorageFailed, match="is it mounted"):
        storage.check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    """In the words for that, and with the folder's name."""
    tmp_path.chmod(0o500)
    with pytest.raises(StorageFailed, match="permission denied"):
        FolderStorage(tmp_path).check()


def test_a_file_in_place_of_the_folder_says_so(tmp_path: Path) -> None:
    """A path to something else is not taken for an empty storage."""
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StorageFailed, match="not a folder"):
        FolderStorage(tmp_path / "data").check()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """It can be neither kept nor removed by its name."""
    storage = FolderStorage(tmp_path)
    kept(storage)
    with pytest.raises(StorageFailed):
        storage.keep(["outputs"])
    storage.remove(["outputs"])
    assert storage.at_hand(VIDEO).is_file()


@pytest.mark.parametrize("shared", [False, True])
def test_age_goes_by_the_files_own_time(tmp_path: Path, shared: bool) -> None:
    """Two days ago is two days old."""
    storage = FolderStorage(tmp_path, shared)
    path = write(storage, PICTURE, b"picture")
    before = path.stat().st_mtime - 2 * 86400
    os.utime(path, (before, before))
    ((name, age_s),) = storage.names("inputs")
    assert name == PICTURE
    assert 2 * 86400 - 60 < age_s < 2 * 86400 + 600
    assert [found.name for found in tmp_path.iterdir()] == ["inputs"]


def test_a_killed_writers_half_is_cleared_away(tmp_path: Path) -> None:
    """Its process is gone; what a living one is at stays."""
    from unstill.core.durable import beside

    storage = FolderStorage(tmp_path, shared=True)
    kept(storage)
    with beside(tmp_path / "outputs" / "video_1.mp4") as partial:
        partial.write_bytes(b"hal")
        living = partial.name
        dead = living.replace(f"-{os.getpid()}-", "-999999999-")
        (tmp_path / "outputs" / dead).write_bytes(b"hal")
        assert storage.clear_halves(86400) == 1
        assert {found.name for found in (tmp_path / "outputs").iterdir()} == {living, "video_0a1b.1.mp4"}
