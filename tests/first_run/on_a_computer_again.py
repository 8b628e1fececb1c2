"""What was there before: jobs that were cut off, databases, and folders of other versions."""

from __future__ import annotations

import shutil
import tarfile
import time
from pathlib import Path

import httpx

from matrix import Ending, situation
from newcomer import installed, newcomer, photo, run, unstill
from newcomer_server import READY_S, Server, films, serves

GROUP = "The second start"
OLD_DATA = Path(__file__).with_name("data_format_1.tar.gz")


def order(room: Path, url: str, frames: int = 96) -> str:
    """A video is asked for; its id."""
    with photo(room).open("rb") as picture:
        answer = httpx.post(
            f"{url}/v1/videos", data={"prompt": "push in", "num_frames": str(frames)},
            files={"input_reference": ("photo.jpg", picture)}, timeout=60, trust_env=False,
        )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def until(url: str, video: str, *states: str) -> None:
    end = time.monotonic() + READY_S
    while (said := httpx.get(f"{url}/v1/videos/{video}", timeout=30, trust_env=False).json())[
        "status"
    ] not in states:
        assert said["status"] != "failed", said
        assert time.monotonic() < end, said
        time.sleep(0.1)


def goes_on(room: Path, *, kill: bool) -> Ending:
    with Server(room, name="first") as first:
        video = order(room, first.url())
        until(first.url(), video, "in_progress", "completed")
        first.kill() if kill else first.stop()
    with Server(room, name="second") as second:
        until(second.url(), video, "completed")
        content = httpx.get(f"{second.url()}/v1/videos/{video}/content", timeout=60, trust_env=False)
        assert content.status_code == 200
        assert content.content[4:8] == b"ftyp"
        second.stop().well()
    return Ending(works=True)


@situation("kill-9", "kill -9 while a video is made, and started again", GROUP)
def kill_9(room: Path) -> Ending:
    return goes_on(room, kill=True)


@situation("window-closed", "Ctrl-C while a video is made, and started again", GROUP)
def window_closed(room: Path) -> Ending:
    return goes_on(room, kill=False)


@situation("old-data", "a data folder of the first data format", GROUP)
def old_data(room: Path) -> Ending:
    with tarfile.open(OLD_DATA) as archive:
        archive.extractall(room, filter="data")
    key = (room / "key.txt").read_text().strip()
    with Server(room, "serve --port auto --data-dir data") as server:
        url, who = server.url("listens on"), {"Authorization": f"Bearer {key}"}
        listed = httpx.get(f"{url}/v1/videos", headers=who, trust_env=False).json()["data"]
        assert [one["status"] for one in listed] == ["completed"], listed
        content = httpx.get(f"{url}/v1/videos/{listed[0]['id']}/content", headers=who, trust_env=False)
        assert content.content[4:8] == b"ftyp"
        server.stop().well()
    return Ending(works=True)


@situation("newer-data", "a data folder that a newer unstill wrote", GROUP)
def newer_data(room: Path) -> Ending:
    serves(room, "start --data-dir data")
    code = """if True:
        import sqlite3, sys
        from unstill.adapters.sqlite_jobs.soundness import seal
        from unstill.adapters.sqlite_jobs.tables import FORMAT, meta
        row = seal(meta, {"key": "format", "value": str(FORMAT + 1)})
        with sqlite3.connect("data/unstill.db") as db:
            values = (row["value"], row["checksum"])
            db.execute("UPDATE meta SET value = ?, checksum = ? WHERE key = 'format'", values)
    """
    run([str(installed() / "python"), "-c", code], room, newcomer(room)).well()
    before = (room / "data" / "unstill.db").read_bytes()
    told = unstill(room, "start --data-dir data").badly().told()
    assert "--data-dir" in told
    assert (room / "data" / "unstill.db").read_bytes() == before
    serves(room, "start --data-dir other")
    return Ending(works=False, told=told, fix="--data-dir with another folder")


@situation("damaged-database", "the job database is damaged", GROUP)
def damaged_database(room: Path) -> Ending:
    data = room / "data"
    with Server(room, "start --data-dir data") as server:
        video = order(room, server.url(), 12)
        until(server.url(), video, "completed")
        unstill(room, f"backup kept.db --server {server.url()}").well()
        server.stop().well()
    whole = (data / "unstill.db").read_bytes()
    (data / "unstill.db").write_bytes(whole[:4096] + b"\xff" * 2000 + whole[6096:])
    told = unstill(room, "start --data-dir data").badly().told()
    assert "backup" in told, told
    for path in data.glob("unstill.db*"):
        path.rename(room / path.name)
    shutil.copyfile(room / "kept.db", data / "unstill.db")
    with Server(room, "start --data-dir data", name="again") as server:
        until(server.url(), video, "completed")
        films(room, server.url())
    return Ending(works=False, told=told, fix="put the backup in its place")


@situation("database-gone", "the job database was deleted, the videos are there", GROUP)
def database_gone(room: Path) -> Ending:
    serves(room, "start --data-dir data")
    for path in (room / "data").glob("unstill.db*"):
        path.unlink()
    with Server(room, "start --data-dir data", name="again") as server:
        try:
            films(room, server.url())
            return Ending(works=True)
        except AssertionError:
            said = server.ended()
    told = said.badly().told()
    serves(room, "start --data-dir other")
    return Ending(works=False, told=told, fix="--data-dir with another folder")
