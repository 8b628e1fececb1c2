"""What every storage does, whatever it is made of. A suite of its own: subclass `StorageContract` and give it
a fixture ``machines``."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from unstill.core.storage import Storage
from unstill.domain.errors import FileMissing
from unstill.domain.service_errors import StorageFailed

VIDEO, PICTURE = "outputs/video_0a1b.1.mp4", "inputs/video_0a1b.png"
BAD_NAMES = (
    "", ".", "..", "../stolen", "/etc/hostname", "outputs/../../stolen", "outputs/../inputs/x.png",
    "outputs//x", "outputs/.hidden.part.mp4", "outputs\\x.mp4", "C:/x", "outputs/\u00e9.mp4",
    "outputs/x\n.mp4", "outputs/x\0", "outputs/",
)  # fmt: skip


class Machines(ABC):
    """Machines that see the same files."""

    @abstractmethod
    def machine(self, number: int) -> Storage:
        """That of one machine, opened anew."""


def write(storage: Storage, name: str, content: bytes) -> Path:
    """As the maker of a file does, before it is kept."""
    path = storage.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def kept(storage: Storage, name: str = VIDEO, content: bytes = b"film") -> bytes:
    write(storage, name, content)
    storage.keep([name])
    return content


class StorageContract:
    @pytest.fixture
    def one(self, machines: Machines) -> Storage:
        return machines.machine(1)

    @pytest.fixture
    def two(self, machines: Machines) -> Storage:
        return machines.machine(2)

    def test_what_is_kept_is_at_hand_everywhere(self, one: Storage, two: Storage) -> None:
        """Whoever asks gets the bytes."""
        write(one, VIDEO, b"film")
        write(one, PICTURE, b"picture")
        one.keep([VIDEO, PICTURE])
        for storage in (one, two):
            assert storage.at_hand(VIDEO).read_bytes() == b"film"
            assert storage.at_hand(PICTURE).read_bytes() == b"picture"

    def test_an_empty_file_is_a_file(self, one: Storage, two: Storage) -> None:
        """Nothing in it is not nothing there."""
        kept(one, content=b"")
        assert two.at_hand(VIDEO).read_bytes() == b""
        assert two.holds(VIDEO, 0, sha(b""))

    def test_what_is_nowhere_is_missing(self, one: Storage) -> None:
        """Reading says so by the name, not by a path of the server."""
        with pytest.raises(FileMissing) as caught:
            one.at_hand(VIDEO)
        assert str(one.root) not in caught.value.message()

    def test_what_is_nowhere_cannot_be_kept(self, one: Storage) -> None:
        """And what was beside it in the call is no excuse."""
        write(one, PICTURE, b"picture")
        with pytest.raises(StorageFailed, match=VIDEO):
            one.keep([PICTURE, VIDEO])

    def test_keeping_again_changes_nothing(self, machines: Machines, one: Storage, two: Storage) -> None:
        """By the same machine, by another without the file, and after a start."""
        film = kept(one)
        one.keep([VIDEO])
        two.keep([VIDEO])
        machines.machine(1).keep([VIDEO])
        assert two.at_hand(VIDEO).read_bytes() == film

    def test_holds_means_exactly_these_bytes(self, one: Storage, two: Storage) -> None:
        """Another digest, another length and another name are not held."""
        film = kept(one)
        for storage in (one, two):
            assert storage.holds(VIDEO, len(film), sha(film))
            assert not storage.holds(VIDEO, len(film), sha(b"filn"))
            assert not storage.holds(VIDEO, len(film) + 1, sha(film))
            assert not storage.holds(PICTURE, len(film), sha(film))

    def test_what_is_removed_is_gone(self, machines: Machines, one: Storage, two: Storage) -> None:
        """For those who never had it and after a start; what never was there is no error."""
        kept(one)
        one.remove([VIDEO, PICTURE])
        one.remove([VIDEO])
        for storage in (one, two, machines.machine(1)):
            with pytest.raises(FileMissing):
                storage.at_hand(VIDEO)
        assert list(one.names("outputs")) == []

    def test_names_are_those_of_one_folder(self, one: Storage, two: Storage) -> None:
        """With ages near nought; a file that is being written is none."""
        kept(one)
        kept(one, PICTURE)
        write(one, "outputs/.video_0a1b.0a1b2c3d-1-0a1b2c3d.part.mp4", b"hal")
        found = dict(two.names("outputs"))
        assert list(found) == [VIDEO]
        assert -60 < found[VIDEO] < 600
        assert [name for name, _ in two.names("inputs")] == [PICTURE]
        assert list(two.names("unclaimed")) == []

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_no_name_leads_out(self, one: Storage, name: str, tmp_path: Path) -> None:
        """Not up, not to the root of the disk, not to what is half written; nor is anything removed by it."""
        stolen = one.root.parent / "stolen"
        one.root.mkdir(parents=True, exist_ok=True)
        stolen.write_bytes(b"mine")
        calls: tuple[Callable[[], object], ...] = (
            lambda: one.at_hand(name), lambda: one.keep([name]), lambda: one.holds(name, 4, sha(b"mine")),
        )  # fmt: skip
        for call in calls:
            with pytest.raises(StorageFailed):
                call()
        one.remove([name])
        assert not one.put_aside(name)
        assert stolen.read_bytes() == b"mine"

    def test_no_link_leads_out(self, one: Storage, tmp_path: Path) -> None:
        """A link in the folder to a file outside, or in place of a folder, is not followed."""
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "x.mp4").write_bytes(b"mine")
        (one.root / "outputs").mkdir(parents=True, exist_ok=True)
        (one.root / "outputs" / "video_1.mp4").symlink_to(tmp_path / "outside" / "x.mp4")
        (one.root / "links").symlink_to(tmp_path / "outside")
        for name in ("outputs/video_1.mp4", "links/x.mp4"):
            for call in (one.at_hand, lambda found: one.keep([found])):
                with pytest.raises(StorageFailed):
                    call(name)
            one.remove([name])
        assert (tmp_path / "outside" / "x.mp4").read_bytes() == b"mine"

    def test_a_check_leaves_nothing(self, one: Storage, machines: Machines) -> None:
        """Where all is well; afterwards files can be written at once."""
        one.check()
        assert not [path for path in one.root.rglob("*") if path.is_file()]
        (one.root / VIDEO).write_bytes(b"film")
        (one.root / PICTURE).write_bytes(b"picture")
        one.keep([VIDEO, PICTURE])

    def test_a_video_put_aside_is_kept_elsewhere(self, one: Storage, two: Storage) -> None:
        """Only one of those who find it does it; the bytes are the same."""
        film = kept(one)
        assert [two.put_aside(VIDEO), one.put_aside(VIDEO), two.put_aside(VIDEO)] == [True, False, False]
        with pytest.raises(FileMissing):
            two.at_hand(VIDEO)
        assert [name for name, _ in one.names("unclaimed")] == ["unclaimed/video_0a1b.1.mp4"]
        assert one.at_hand("unclaimed/video_0a1b.1.mp4").read_bytes() == film

    def test_eight_at_once(self, one: Storage, two: Storage) -> None:
        """Threads that keep, read and list the same files on two machines see whole ones or none."""
        films = {f"outputs/video_{number}.1.mp4": bytes([number]) * 70_000 for number in range(8)}
        for name, film in films.items():
            write(one, name, film)
        ready = threading.Barrier(8)

        def work(turn: int) -> None:
            ready.wait(30)
            order = sorted(films, key=lambda name: (int(name[14]) + turn) % 8)
            for name in order:
                if turn % 2:
                    one.keep([name])
                try:
                    assert two.at_hand(name).read_bytes() == films[name]
                except FileMissing:
                    assert turn % 2 == 0
            assert {name for name, _ in two.names("outputs")} <= set(films)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert {name for name, _ in two.names("outputs")} == set(films)
        assert not list(two.root.rglob(".*"))
