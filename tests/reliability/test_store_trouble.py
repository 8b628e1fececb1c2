"""The job database: held by others, damaged, wanted twice, copied, put back."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import figures
from ledger import Ledger
from live import PATIENCE_S, Live, names, sha256
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.core.clock import SystemClock
from unstill.core.queue import Page
from unstill.domain.service_errors import StoreDamaged

Make = Callable[..., Live]
HOLD = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
c.execute("ROLLBACK")
"""
VARIANTS = 100


@contextmanager
def held(database: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the write lock for so long."""
    command = [sys.executable, "-c", HOLD, str(database), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def all_settled(server: Live, ids: list[str]) -> set[str]:
    return {server.settled(video)["state"] for video in ids}


# --- held by another


def test_a_store_held_for_a_moment_is_waited_for(live: Make) -> None:
    """4 s: the client only waits a little longer."""
    server = live().start()
    server.settled(server.create().json()["id"])
    with held(server.data / "unstill.db", 4):
        video = server.create("doze").raise_for_status().json()["id"]
    assert server.settled(video)["state"] == "completed"


def test_a_store_held_for_long_is_busy(live: Make) -> None:
    """30 s: 503 and when to come again, never a fault; looking goes on; and so does the work afterwards."""
    server = live().start()
    running = server.create("doze", num_frames=24).json()["id"]
    end = time.monotonic() + PATIENCE_S
    while server.get(running)["state"] != "in_progress":
        assert time.monotonic() < end
    seen = set()
    with held(server.data / "unstill.db", 30) as holder:
        while holder.poll() is None:
            answer = server.create(key="again")
            seen.add(answer.status_code)
            if answer.status_code == 503:
                assert answer.json()["error"]["code"] == "store_busy"
                assert int(answer.headers["retry-after"]) > 0
            with server.client() as client:
                assert client.get("/v1/videos").status_code == 200
                assert client.get("/healthz").status_code == 200
                assert client.post(f"/v1/videos/{running}/cancel").status_code in (503, 200, 409)
    assert 503 in seen
    assert seen <= {200, 503}
    again = server.create(key="again").raise_for_status().json()["id"]
    assert all_settled(server, [again, running]) <= {"completed", "cancelled"}
    assert len(server.all()) == 2
    assert not [word for word in ("incident", "mistake") if word in server.said()]


# --- damaged


def damaged(sound: bytes, dice: random.Random) -> bytes:
    """A byte, a bit, a stretch, a page, the end: somewhere in the file."""
    bad, at = bytearray(sound), dice.randrange(len(sound))
    page = dice.randrange(len(sound) // 4096) * 4096
    match dice.choice(["byte", "bit", "bytes", "zeros", "noise", "swap", "cut", "head"]):
        case "byte":
            bad[at] = dice.randrange(256)
        case "bit":
            bad[at] ^= 1 << dice.randrange(8)
        case "bytes":
            for _ in range(64):
                bad[dice.randrange(len(bad))] = dice.randrange(256)
        case "zeros":
            bad[at : at + 512] = bytes(len(bad[at : at + 512]))
        case "noise":
            bad[page : page + 4096] = dice.randbytes(4096)
        case "swap":
            other = dice.randrange(len(sound) // 4096) * 4096
            bad[page : page + 4096], bad[other : other + 4096] = (
                sound[other : other + 4096],
                sound[page : page + 4096],
            )
        case "cut":
            del bad[at:]
        case "head":
            bad[dice.randrange(100)] = dice.randrange(256)
    return bytes(bad)


def everything(path: Path) -> tuple[Page, set[str]]:
    store = open_jobs(path, SystemClock())
    try:
        return store.page(limit=1000), store.files()
    finally:
        store.close()


@pytest.fixture
def worked(live: Make) -> Live:
    """A server that made some videos, has a backup, and was stopped."""
    server = live().start()
    ids = [server.create(key=str(n)).raise_for_status().json()["id"] for n in range(12)]
    assert all_settled(server, ids) == {"completed"}
    with server.client() as client:
        client.delete(f"/v1/videos/{ids[0]}").raise_for_status()
        copy = client.post("/v1/backup").raise_for_status().content
    server.data.with_name("copy.db").write_bytes(copy)
    assert server.stop() == 0
    return server


def test_damage_is_found_or_harmless(worked: Live, tmp_path: Path) -> None:
    """100 kinds of it: refused, left as it is and the way back is named; or every job is as it was stored."""
    sound, path = (worked.data / "unstill.db").read_bytes(), tmp_path / "own" / "unstill.db"
    path.parent.mkdir()
    path.write_bytes(sound)
    whole, found = everything(path), 0
    dice = random.Random(100)
    for number in range(VARIANTS):
        bad = damaged(sound, dice)
        for old in path.parent.iterdir():  # what SQLite makes to look at one that has a log
            assert old == path or old.name.endswith("-shm") or old.stat().st_size == 0
            old.unlink()
        path.write_bytes(bad)
        hint = ""
        try:
            assert everything(path) == whole, number
        except StoreDamaged as error:
            hint, found = error.hint(), found + 1
        if hint:
            assert path.read_bytes() == bad, number
            assert "`unstill backup`" in hint
    figures.note("damaged store", variants=VARIANTS, refused=found, harmless=VARIANTS - found)
    assert found > VARIANTS / 2


def refuses(server: Live, *words: str) -> None:
    """It ends by itself, says why, and leaves the folder as it was."""
    folders = {name: names(server.data / name) for name in ("outputs", "inputs", "unclaimed")}
    database, before = (server.data / "unstill.db").read_bytes(), len(server.said())
    process = server.start(wait=False).process
    assert process is not None
    assert process.wait(PATIENCE_S) == 1
    server.process = None
    said = server.said()[before:]
    assert [word for word in words if word not in said] == [], said
    assert "Traceback" not in said
    assert (server.data / "unstill.db").read_bytes() == database
    assert {name: names(server.data / name) for name in folders} == folders
    assert not (server.data / "server.json").exists()


def test_a_server_refuses_a_damaged_store_and_takes_the_backup(worked: Live) -> None:
    """Noise, a cut, an empty file, none where a log is; then the file that `unstill backup` made works."""
    database, copy = worked.data / "unstill.db", worked.data.with_name("copy.db")
    sound = database.read_bytes()
    dice = random.Random(1)
    for bad in (
        dice.randbytes(len(sound)),
        sound[: len(sound) // 2],
        b"",
        sound[:-4096] + dice.randbytes(4096),
    ):
        database.write_bytes(bad)
        refuses(worked, "is damaged", "`unstill backup`", str(database))
    shutil.copy(copy, database)
    worked.start()
    assert len(worked.all()) == 11


def test_a_backup_beside_the_log_of_another_database_is_refused(worked: Live) -> None:
    """A killed server leaves a log. Put back without moving that away too, the backup would be read with
    pages of the other database in it."""
    worked.start()
    for _ in range(3):
        worked.settled(worked.create().json()["id"])
    worked.kill()
    log = worked.data / "unstill.db-wal"
    assert log.stat().st_size > 0
    shutil.copy(worked.data.with_name("copy.db"), worked.data / "unstill.db")
    refuses(worked, "is damaged", "-wal")
    log.rename(worked.data.with_name("old-wal"))
    (worked.data / "unstill.db-shm").unlink()
    worked.start()
    assert len(worked.all()) == 11


# --- two servers


def test_a_second_server_says_who_has_the_folder(live: Make) -> None:
    """And ends at once, without a change to anything; the first one works on."""
    first = live().start()
    about = (first.data / "server.json").read_bytes()
    second = Live(first.data, first.environ["PYTHONPATH"])
    started = time.monotonic()
    process = second.start(wait=False).process
    assert process is not None
    assert process.wait(PATIENCE_S) == 1
    figures.note("second server", seconds=round(time.monotonic() - started, 2))
    said = second.said()
    for word in (str(first.data), str(first.pid), first.url, "--data-dir"):
        assert word in said
    assert (first.data / "server.json").read_bytes() == about
    assert first.settled(first.create().json()["id"])["state"] == "completed"
    assert first.stop() == 0


# --- backup


def test_a_backup_taken_at_work_is_whole_and_can_be_gone_back_to(live: Make) -> None:
    """It has every job that was acknowledged before; started from it, what it does not know is kept aside."""
    server, ledger = live(UNSTILL_WORKERS="2").start(), Ledger()
    enough, troubles = threading.Event(), list[str]()

    def ask(who: int) -> None:
        try:
            for n in range(1000):
                if enough.is_set():
                    return
                ledger.told(f"{who} {n}", server.create(key=f"{who} {n}").raise_for_status().json())
        except (httpx.HTTPError, AssertionError) as error:
            troubles.append(repr(error))

    clients = [threading.Thread(target=ask, args=(who,)) for who in range(3)]
    for client in clients:
        client.start()
    copies = []
    for number in range(5):
        time.sleep(0.5)
        before = set(ledger.jobs.values())
        copy = server.data.with_name(f"copy-{number}.db")
        with server.client() as http:
            copy.write_bytes(http.post("/v1/backup").raise_for_status().content)
        page, _ = everything(copy)
        assert before <= {job.id for job in page.jobs}
        copies.append(copy)
    enough.set()
    for client in clients:
        client.join()
    assert troubles == []
    assert all_settled(server, list(ledger.jobs.values())) == {"completed"}
    made = {job["id"]: job["output"]["sha256"] for job in server.all()}
    assert server.stop() == 0

    known = {job.id for job in everything(copies[1])[0].jobs}
    assert 0 < len(known) < len(made)
    shutil.copy(copies[1], server.data / "unstill.db")
    server.start()
    for video in known:
        job = server.settled(video)
        assert (job["state"], job["output"]["sha256"]) == ("completed", made[video])
    aside = {name.partition(".")[0]: name for name in names(server.data / "unclaimed")}
    assert aside.keys() == made.keys() - known
    for video, name in aside.items():
        assert sha256((server.data / "unclaimed" / name).read_bytes()) == made[video]
