"""What clients were told, held against what the service has in the end."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live import Live, decoded, names, sha256
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.core.clock import SystemClock

FINAL = ("completed", "failed", "cancelled")
FAIR = {"worker_crashed", "worker_hung"}
"""How a job may fail when its workers are killed: stated, and so settled."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong; all empty where all is well."""

    lost: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    corrupt: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return not (self.lost or self.twice or self.corrupt or self.orphans)

    def numbers(self) -> dict[str, Any]:
        """For a line of figures."""
        wrong = {n: len(getattr(self, n)) for n in ("lost", "twice", "corrupt", "orphans")}
        return {**wrong, "states": dict(self.states)}


class Ledger:
    """Keys and the jobs they got, and how jobs ended when somebody first saw it. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.jobs: dict[str, str] = {}
        self._ends: dict[str, tuple[str, str | None]] = {}
        self._deleted: set[str] = set()
        self._twice: list[str] = []

    def told(self, key: str, job: Mapping[str, Any]) -> None:
        """A create was answered."""
        with self._lock:
            before = self.jobs.setdefault(key, job["id"])
            if before != job["id"]:
                self._twice.append(f"{key}: {before} and {job['id']}")
        self.seen(job)

    def seen(self, job: Mapping[str, Any]) -> None:
        """A job as it was shown to somebody."""
        now = (job["state"], job["output"]["sha256"] if job.get("output") else None)
        with self._lock:
            before = self._ends.get(job["id"])
            if before is not None and before != now:
                self._twice.append(f"{job['id']}: ended as {before}, then {now}")
            if now[0] in FINAL:
                self._ends[job["id"]] = now

    def deleted(self, video: str) -> None:
        with self._lock:
            self._deleted.add(video)

    @property
    def ended(self) -> int:
        """Jobs that somebody has seen the end of."""
        return len(self._ends)

    def open_jobs(self) -> list[str]:
        """Those that nobody has seen the end of."""
        with self._lock:
            return [v for v in self.jobs.values() if v not in self._ends and v not in self._deleted]

    def verdict(self, server: Live) -> Verdict:
        """Look at everything. The server was started anew when every job was settled."""
        shown = {job["id"]: job for job in server.all()}
        for job in shown.values():
            self.seen(job)
        mine = set(self.jobs.values())
        lost = [f"{video}: no such job" for video in mine - self._deleted - shown.keys()]
        lost += [f"{v}: {job['state']}" for v, job in shown.items() if job["state"] not in FINAL]
        lost += [f"{v}: {job['error']}" for v, job in shown.items() if not _fair(job)]
        rows, files = behind(server)
        twice = [*self._twice, *(f"{video}: nobody asked for it" for video in rows - mine)]
        twice += [f"{v}: completed {n} times" for v, n in completions(server.said()).items() if n > 1]
        there = on_disk(server.data)
        return Verdict(
            tuple(lost), tuple(twice), tuple(corrupt(server, list(shown.values()))),
            tuple(sorted(there - files)), Counter(job["state"] for job in shown.values()),
        )  # fmt: skip


def _fair(job: Mapping[str, Any]) -> bool:
    return job["state"] != "failed" or job["error"]["code"] in FAIR


def corrupt(server: Live, jobs: list[dict[str, Any]]) -> list[str]:
    """Completed jobs whose video is not the one that was made, or does not decode to its last frame."""
    found = []
    with server.client() as client:
        for job in jobs:
            if job["state"] != "completed":
                continue
            answer = client.get(f"/v1/videos/{job['id']}/content")
            if answer.status_code != 200 or sha256(answer.content) != job["output"]["sha256"]:
                found.append(f"{job['id']}: {answer.status_code}, {len(answer.content)} bytes")
            elif decoded(answer.content) != job["num_frames"]:
                found.append(f"{job['id']}: {decoded(answer.content)} frames")
            elif client.get(f"/v1/videos/{job['id']}/content?variant=thumbnail").status_code != 200:
                found.append(f"{job['id']}: no thumbnail")
    return found


def behind(server: Live) -> tuple[set[str], set[str]]:
    """Every job there is, deleted ones too, and every file that one of them has: from a backup."""
    copy = server.data.parent / "looked-at.db"
    with server.client() as client:
        copy.write_bytes(client.post("/v1/backup").raise_for_status().content)
    store = open_jobs(copy, SystemClock())
    try:
        files = store.files()
    finally:
        store.close()
    with closing(sqlite3.connect(copy)) as plain:
        rows = {str(row[0]) for row in plain.execute("SELECT id FROM videos")}
    return rows, files


def on_disk(data: Path) -> set[str]:
    """Files that must each be some job's."""
    folders = ("inputs", "outputs", "tmp", "unclaimed")
    partial = {name for name in names(data) if ".part" in name}
    return partial | {f"{folder}/{name}" for folder in folders for name in names(data / folder)}


def completions(log: str) -> Counter[str]:
    """How often the log says of each job that it is completed."""
    lines = [line for line in log.splitlines() if " is completed " in line]
    return Counter(line.partition("job ")[2].split()[0] for line in lines)
