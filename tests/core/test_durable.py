"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unstill.core.durable import _world, beside, file_errors, numbered, refuse_existing, settle, why
from unstill.domain.errors import DiskFull, NotWritable, OutputExists


def put(target: Path, content: bytes, *, replace: bool = False, number: bool = False) -> Path:
    with beside(target) as partial:
        partial.write_bytes(content)
        return settle(partial, target, replace_existing=replace, number_if_taken=number)


def test_a_taken_name_gets_the_next_number(tmp_path: Path) -> None:
    """Nothing is replaced, nothing is left beside it."""
    paths = [put(tmp_path / "a.mp4", bytes([n]), number=True) for n in range(3)]
    assert [p.name for p in paths] == ["a.mp4", "a-2.mp4", "a-3.mp4"]
    assert [p.read_bytes() for p in paths] == [b"\0", b"\1", b"\2"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_name_taken_during_the_work_is_not_replaced(tmp_path: Path) -> None:
    """The other program's file stays, ours goes."""
    target = tmp_path / "a.mp4"

    def overtaken() -> None:
        with beside(target) as partial:
            partial.write_bytes(b"ours")
            target.write_bytes(b"theirs")
            settle(partial, target, replace_existing=False, number_if_taken=False)

    with pytest.raises(OutputExists):
        overtaken()
    assert target.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_without_hard_links_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """exFAT sticks have none."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr("os.link", refuse)
    assert put(tmp_path / "a", b"1").read_bytes() == b"1"
    assert put(tmp_path / "a", b"2", number=True).name == "a-2"
    with pytest.raises(OutputExists):
        put(tmp_path / "a", b"3")


def test_failed_work_takes_the_folders_it_made_with_it(tmp_path: Path) -> None:
    """And leaves those that were there."""
    (tmp_path / "old").mkdir()

    def failing() -> None:
        with beside(tmp_path / "old" / "new" / "newer" / "a.mp4") as partial:
            partial.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert [p.name for p in tmp_path.rglob("*")] == ["old"]


@pytest.mark.parametrize("force", [False, True])
def test_only_ordinary_files_are_ever_replaced(tmp_path: Path, force: bool) -> None:
    """Folders and devices are refused even with --force."""
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(NotWritable):
            refuse_existing(path, force)


def test_replacing_needs_to_be_asked_for(tmp_path: Path) -> None:
    """--force is the asking."""
    target = put(tmp_path / "a", b"1")
    with pytest.raises(OutputExists):
        refuse_existing(target, False)
    refuse_existing(target, True)
    assert put(target, b"2", replace=True).read_bytes() == b"2"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_called_so(number: int) -> None:
    """By the name of the folder on it."""
    with pytest.raises(DiskFull, match="/films"), file_errors(Path("/films/a.mp4")):
        raise OSError(number, "full")


def test_the_systems_reason_is_worded_in_both_languages() -> None:
    """An unknown reason is passed on as the system words it."""
    assert why(PermissionError(errno.EACCES, "x"))["reason_zh"] == "没有权限"
    assert why(OSError(errno.EIO, "Input/output error"))["reason"] == "Input/output error"


def test_a_long_chinese_name_fits_the_file_system(tmp_path: Path) -> None:
    """The temporary name is longer than the final one and must not be the one that fails."""
    target = tmp_path / ("长" * 80 + ".mp4")
    assert put(target, b"1") == target


def abandoned(target: Path, number: int, world: str | None = None) -> Path:
    """What a writer of that process number would have left for the target."""
    with beside(target) as partial:
        parts = partial.name.split("-")
        parts[0] = parts[0].replace(_world(), world or _world())
        left = partial.with_name("-".join([parts[0], str(number), *parts[2:]]))
        left.write_bytes(b"half")
    return left


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    """The next work on the same target removes it; what a living process writes stays."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = abandoned(tmp_path / "a.mp4", gone.pid)
    other = abandoned(tmp_path / "b.mp4", gone.pid)
    living = abandoned(tmp_path / "a.mp4", os.getppid())
    put(tmp_path / "a.mp4", b"1")
    assert [left.exists(), other.exists(), living.exists()] == [False, True, True]


def test_what_another_computer_writes_is_swept_only_after_a_day(tmp_path: Path) -> None:
    """Process numbers say nothing about other machines on a shared disk."""
    fresh, old = (abandoned(tmp_path / "a.mp4", 999_999, world="00000000") for _ in range(2))
    os.utime(old, (1, 1))
    put(tmp_path / "a.mp4", b"1")
    assert [fresh.exists(), old.exists()] == [True, False]


def test_only_our_own_leftovers_are_swept(tmp_path: Path) -> None:
    """Names that are merely alike, and folders, stay."""
    alike = tmp_path / ".a.00000000-1-0000000g.part.mp4"
    alike.write_bytes(b"mine")
    folder = abandoned(tmp_path / "a.mp4", 999_999)
    folder.unlink()
    folder.mkdir()
    os.utime(alike, (1, 1))
    put(tmp_path / "a.mp4", b"1")
    assert alike.exists()
    assert folder.exists()


def test_numbers_go_before_the_ending() -> None:
    """clip.mp4, clip-2.mp4, clip-3.mp4."""
    names = numbered(Path("clip.mp4"))
    assert [next(names).name for _ in range(3)] == ["clip.mp4", "clip-2.mp4", "clip-3.mp4"]
