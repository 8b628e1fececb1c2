"""What the SQLite file survives: kills, damage, other processes, full disks, read-only folders."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from job_store_contract import HALF, MANY, OUTPUT, FakeClock, new, put, take
from unstill.adapters.sqlite_jobs import SqliteFile, SqlJobs, open_jobs
from unstill.adapters.sqlite_jobs.file_systems import kind_of, wal_is_safe
from unstill.adapters.sqlite_jobs.rows import seal
from unstill.adapters.sqlite_jobs.tables import meta
from unstill.core.queue import Idempotency
from unstill.domain.errors import NotWritable
from unstill.domain.job import State
from unstill.domain.service_errors import StoreBusy, StoreDamaged, StoreFull, StoreNewer

HERE = Path(__file__).parent


@contextmanager
def opened(path: Path, busy_s: float = 5.0) -> Iterator[SqlJobs]:
    store = open_jobs(path, FakeClock(), busy_s=busy_s)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "unstill.db"


def fill(path: Path, jobs: int = 12) -> list[object]:
    """A database with a bit of everything; its jobs."""
    with opened(path) as store:
        for n in range(jobs):
            store.add(new(f"video_{n}", idempotency=Idempotency(f"k{n}", "d")), MANY)
        store.report(take(store), HALF)
        store.complete(take(store), OUTPUT, ())
        store.delete("video_5")
        return list(store.page(limit=1000).jobs)


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process with the store at hand."""
    start = f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
    return subprocess.Popen(
        [sys.executable, "-c", start + textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def lock_held(path: Path, seconds: float) -> Iterator[None]:
    """Another process holds the write lock, for so long or until we are done."""
    holder = child(
        """
        import sqlite3, time
        c = sqlite3.connect(sys.argv[1], isolation_level=None)
        c.execute("BEGIN IMMEDIATE")
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
        c.execute("ROLLBACK")
        """,
        path, seconds,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.kill()


# --- a new file ---------------------------------------------------------------------------------------------


def test_a_new_database_is_for_its_owner_only(path: Path) -> None:
    """With all its side files."""
    with opened(path) as store:
        put(store)
        modes = {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()}
    assert modes == {"unstill.db": 0o600, "unstill.db-wal": 0o600, "unstill.db-shm": 0o600}
    assert [p.name for p in path.parent.iterdir()] == ["unstill.db"]


def test_one_that_was_lost_is_not_made_anew(path: Path) -> None:
    """Where its log is, it was: what was acknowledged last may be in there."""
    path.parent.mkdir()
    log = path.with_name("unstill.db-wal")
    log.write_bytes(b"frames")
    with pytest.raises(StoreDamaged, match="is damaged"):
        open_jobs(path, FakeClock())
    assert [p.name for p in path.parent.iterdir()] == [log.name]


def test_on_shared_file_systems_the_journal_is_another() -> None:
    """Names as Linux has them in /proc/mounts; of two mounts on one point the later counts."""
    mounts = (
        "/dev/vda / ext4 rw 0 0\nhost:/x /net nfs4 rw 0 0\noverlay /net/local overlay rw 0 0\n"
        "tmpfs /a\\040b tmpfs rw 0 0\nportal /a\\040b fuse.portal rw 0 0\n"
    )
    kinds = [
        kind_of(Path(p), mounts) for p in ("/data", "/net", "/net/y", "/net/local/z", "/network", "/a b/c")
    ]
    assert kinds == ["ext4", "nfs4", "nfs4", "overlay", "ext4", "fuse.portal"]
    assert [wal_is_safe(kind) for kind in kinds] == [True, False, False, True, True, False]
    assert all(not wal_is_safe(k) for k in ("cifs", "smb3", "fuse", "fuseblk", "9p", "virtiofs"))
    assert wal_is_safe(None)


# --- damage -------------------------------------------------------------------------------------------------


def refused(path: Path) -> bool:
    """Whether the store refuses the file, in which case it must be as it was. True or the jobs are right."""
    before = path.read_bytes()
    try:
        open_jobs(path, FakeClock()).close()
    except StoreDamaged:
        assert path.read_bytes() == before
        return True
    return False


def test_random_damage_is_found_or_harmless(path: Path) -> None:
    """Bytes changed anywhere: refused and left as it is, or every job is as it was stored."""
    jobs = fill(path)
    sound = path.read_bytes()
    dice = random.Random(3)
    found = 0
    for _ in range(40):
        bad = bytearray(sound)
        for _ in range(dice.choice([1, 1, 4, 64])):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        path.write_bytes(bad)
        if refused(path):
            found += 1
        else:
            with opened(path) as store:
                assert list(store.page(limit=1000).jobs) == jobs
    assert found > 12


@pytest.mark.parametrize("part", [0, 1, 99, 100, 4096, 0.5, 0.9, -1])
def test_a_file_cut_short_is_refused(path: Path, part: float) -> None:
    fill(path)
    sound = path.read_bytes()
    path.write_bytes(sound[: int(len(sound) * part) if 0 < part < 1 else int(part)])
    assert refused(path)


def test_other_files_are_refused(path: Path) -> None:
    """Pictures, text, and databases of other programs."""
    path.parent.mkdir()
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(5000), b"hello " * 1000, bytes(8192)):
        path.write_bytes(content)
        assert refused(path)
        with pytest.raises(StoreDamaged) as error:
            open_jobs(path, FakeClock())
        assert "`unstill backup`" in error.value.hint()
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE videos (id); CREATE TABLE meta (key, value, checksum);")
    assert refused(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(NotWritable):
        open_jobs(path, FakeClock())


def test_a_row_changed_by_hand_is_noticed(path: Path) -> None:
    """While in use, and at the next start."""
    fill(path)
    with opened(path) as store:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute(
                "UPDATE videos SET output = replace(output, 'a.1', 'b.1') WHERE state = 'completed'"
            )
        assert store.get("video_3").state is State.QUEUED
        for read in (store.page, store.files, lambda: store.get("video_1")):
            with pytest.raises(StoreDamaged):
                read()
    assert refused(path)


def test_a_newer_format_is_left_alone(path: Path) -> None:
    fill(path)
    row = seal(meta, {"key": "format", "value": "3"})
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "UPDATE meta SET value = ?, checksum = ? WHERE key = 'format'", (row["value"], row["checksum"])
        )
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="format 3; this one knows 2"):
        open_jobs(path, FakeClock())
    assert path.read_bytes() == before


# --- kills --------------------------------------------------------------------------------------------------

WORKLOAD = """
    from pathlib import Path
    from job_store_contract import MANY, OUTPUT, new
    from unstill.adapters.sqlite_jobs import open_jobs
    from unstill.core.clock import SystemClock
    store = open_jobs(Path(sys.argv[1]), SystemClock())
    for n in range(100_000):
        name = f"video_{sys.argv[2]}_{n}"
        store.add(new(name, owner=""), MANY)
        print("added", name, flush=True)
        job, claim = store.claim("w", ["motion"])
        store.complete(claim, OUTPUT, ())
        print("done", job.id, flush=True)
        if n % 5 == 0:
            store.check()
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(path: Path) -> None:
    """kill -9 in mid-work, twice over on the same file."""
    said: list[list[str]] = []
    for life in range(2):
        with child(WORKLOAD, path, life) as process:
            assert process.stdout is not None
            said += [process.stdout.readline().split() for _ in range(random.Random(life).randrange(3, 60))]
            process.send_signal(signal.SIGKILL)
            said += [line.split() for line in process.stdout.read().splitlines(keepends=False) if " " in line]
        with opened(path) as store:
            for verb, name in said:
                job = store.get(name)
                assert verb == "added" or (job.state, job.output) == (State.COMPLETED, OUTPUT)
            store.free_all()


@pytest.mark.parametrize("wal", [True, False])
def test_a_kill_within_a_transaction_leaves_nothing_of_it(path: Path, wal: bool) -> None:
    """Large enough that a part of it is in the files already."""
    code = """
        import time
        from pathlib import Path
        from job_store_contract import FakeClock, new
        from unstill.adapters.sqlite_jobs import SqlJobs, SqliteFile
        from unstill.adapters.sqlite_jobs.intake import store
        file = SqliteFile(Path(sys.argv[1]), wal=sys.argv[2] == "True")
        SqlJobs(file, FakeClock()).check()
        with file.writing() as connection:
            connection.exec_driver_sql("PRAGMA cache_size = 5")
            connection.exec_driver_sql("DELETE FROM videos WHERE id = 'video_3'")
            for n in range(400):
                store(connection, new(f"half_{n}"), FakeClock())
            print("within", flush=True)
            time.sleep(60)
    """
    jobs = fill(path)
    with child(code, path, wal) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "within\n"
        process.kill()
    side = path.with_name(path.name + ("-wal" if wal else "-journal"))
    assert side.stat().st_size > 0
    assert path.stat().st_size + side.stat().st_size > 200_000
    with opened(path) as store:
        assert list(store.page(limit=1000).jobs) == jobs


# --- others ----------------------------------------------------------------------------------------------


def test_a_short_lock_is_waited_for(path: Path) -> None:
    with opened(path) as store, lock_held(path, 1.0):
        start = time.monotonic()
        put(store)
        assert 0.3 < time.monotonic() - start < 60


def test_a_long_lock_is_a_busy_store(path: Path) -> None:
    """Each caller waits its time and no longer, reading goes on, and afterwards all is well."""
    with opened(path, busy_s=0.4) as store:
        job = put(store)
        with lock_held(path, 60):
            waited: list[float] = []

            def write() -> None:
                start = time.monotonic()
                with pytest.raises(StoreBusy):
                    store.cancel(job.id)
                waited.append(time.monotonic() - start)

            threads = [threading.Thread(target=write) for _ in range(6)]
            for thread in threads:
                thread.start()
            assert store.get(job.id) == job
            for thread in threads:
                thread.join()
        assert len(waited) == 6
        assert max(waited) < 2
        assert store.cancel(job.id).state is State.CANCELLED


def test_a_backup_taken_while_writing_is_whole(path: Path, tmp_path: Path) -> None:
    """It holds a state that was, and opens like any other."""
    with opened(path) as store:
        done = threading.Event()

        def write() -> None:
            while not done.is_set():
                put(store)
                store.complete(take(store), OUTPUT, ())

        writer = threading.Thread(target=write)
        writer.start()
        copies = [tmp_path / "copies" / f"{n}.db" for n in range(5)]
        for copy in copies:
            store.backup(copy)
        done.set()
        writer.join()
        everything = {job.id: job for job in store.page(limit=10_000).jobs}
    sizes = []
    for copy in copies:
        assert copy.stat().st_mode & 0o777 == 0o600
        with opened(copy) as store:
            jobs = store.page(limit=10_000).jobs
            assert {j.id for j in jobs} <= set(everything)
            assert all(j == everything[j.id] for j in jobs if j.state is State.COMPLETED)
            assert sum(j.state is not State.COMPLETED for j in jobs) <= 1
            sizes.append(len(jobs))
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("wal", [True, False], ids=["WAL", "DELETE"])
def test_a_backup_does_not_wait_for_ever(path: Path, tmp_path: Path, wal: bool) -> None:
    """With a rollback journal somebody who writes shuts readers out: then the store is busy, after a while,
    and nothing is left of the copy. With a write-ahead log nobody is in the way."""
    store = SqlJobs(SqliteFile(path, busy_s=0.3, wal=wal), FakeClock())
    try:
        put(store)
        copy = tmp_path / "copies" / "a.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            if wal:
                store.backup(copy)
            else:
                with pytest.raises(StoreBusy):
                    store.backup(copy)
            other.execute("ROLLBACK")
        assert copy.exists() == wal
        store.backup(copy)
        assert [p.name for p in copy.parent.iterdir()] == ["a.db"]
    finally:
        store.close()


def test_a_backup_waits_its_turn(path: Path, tmp_path: Path) -> None:
    """Of our own writers, too: they and the copy queue, and the copy gives up when its time is over."""
    store = SqlJobs(SqliteFile(path, busy_s=0.3, wal=False), FakeClock())
    try:
        with store._database.writing(), pytest.raises(StoreBusy):
            store.backup(tmp_path / "a.db")
        store.backup(tmp_path / "a.db")
    finally:
        store.close()


# --- disks ------------------------------------------------------------------------------------------------


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory, where we may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_folder_says_so(tmp_path: Path) -> None:
    """Whether there is a database in it or not."""
    with mounted(tmp_path / "disk", "size=4m") as disk:
        fill(disk / "unstill.db")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for name in ("unstill.db", "new.db"):
            with pytest.raises(NotWritable, match="read-only"):
                open_jobs(disk / name, FakeClock())


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Writes are refused as such, reads go on, and with a little room all goes on by itself."""
    with mounted(tmp_path / "disk", "size=768k") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(64 << 10))
        with opened(disk / "unstill.db") as store:
            jobs, refusals = {}, 0
            while refusals < 20:
                try:
                    job = put(store)
                    jobs[job.id] = job
                except StoreFull as full:
                    refusals += full.status == 507
                    if refusals % 5 == 0:
                        assert {job.id: job for job in store.page(limit=5000).jobs} == jobs
            assert len(jobs) > 50
            assert store.counts().by_state[State.QUEUED] == len(jobs)
            ballast.unlink()
            job = put(store)
            jobs[job.id] = job
            store.check()
        with opened(disk / "unstill.db") as store:
            assert {job.id: job for job in store.page(limit=5000).jobs} == jobs


def test_a_disk_too_small_for_a_database_is_a_full_one(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=32k") as disk:
        with pytest.raises(StoreFull):
            open_jobs(disk / "unstill.db", FakeClock())
        assert os.listdir(disk) == []
