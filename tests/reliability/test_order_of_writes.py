"""In which order things reach the disk: a kill alone cannot see it, a power cut would."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from laws import order_of_writes
from live import Live, descendants
from orders import Orders, import_path

CALLS = "openat,write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,link,linkat"
LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")


def test_nothing_is_said_before_it_is_durable(live: Callable[..., Live], engines: str) -> None:
    """File, rename, folder, row, answer: as the program's own steps have it."""
    server = live(PYTHONPATH=import_path(engines))
    order_of_writes(server, Orders(server, "points"))


# --- the same as the system's own calls have it, SQLite's included


@dataclass
class Call:
    """A system call: what it was given, and the lines of the trace in which it began and ended."""

    name: str
    given: str
    begun: int
    over: int = -1


def calls(trace: str) -> list[Call]:
    found: list[Call] = []
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(trace.splitlines()):
        match = LINE.match(line)
        if match is None:
            continue
        pid, resumed, begun, rest = match.groups()
        if resumed:
            if pid in open_calls:
                open_calls.pop(pid).over = number
            continue
        call = Call(begun, rest, number)
        found.append(call)
        if rest.endswith("<unfinished ...>"):
            open_calls[pid] = call
        else:
            call.over = number
    return found


@contextmanager
def traced(pids: Sequence[int], path: Path) -> Iterator[None]:
    """These processes and what they start, under strace."""
    each = [word for pid in pids for word in ("-p", str(pid))]
    command = ["strace", "-f", "-y", "-s", "4200", "-e", f"trace={CALLS}", "-o", str(path), *each]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for _ in pids:
            said = process.stderr.readline()
            if "attached" not in said:
                process.kill()
                pytest.skip(f"nothing may be traced here: {said.strip()}")
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_nothing_is_said_before_the_system_made_it_durable(live: Callable[..., Live], tmp_path: Path) -> None:
    """SQLite's log is synced after the row is written to it and before the client is answered, and the row of
    a video is written after the folder of its file was synced."""
    server = live().start()
    server.settled(server.create().json()["id"])
    with traced([server.pid, *descendants(server.pid)], tmp_path / "trace"):
        video = server.create("pan right").raise_for_status().json()["id"]
        server.settled(video)
        time.sleep(0.2)
    made = calls((tmp_path / "trace").read_text(errors="replace"))
    inputs, outputs, log = f"{server.data}/inputs", f"{server.data}/outputs", f"{server.data}/unstill.db-wal"
    held(
        made,
        ("fsync", rf"\d+<{inputs}/\.{video}\S+\.part\.png>"),
        ("rename", rf'"{inputs}/\.{video}\S+\.part\.png", "{inputs}/{video}\.png"'),
        ("fsync", rf"\d+<{inputs}>"),
        ("pwrite64", rf"\d+<{log}>.*inputs/{video}\.png"),
        ("f(data)?sync", rf"\d+<{log}>"),
        ("(write|writev|sendto|sendmsg)", r".*HTTP/1\.1 200 OK"),
    )
    held(
        made,
        ("openat", rf'.*"{outputs}/\.{video}\S+\.part\.mp4", O_(RDWR|WRONLY)\|O_CREAT'),
        ("p?write(64)?", rf"\d+<{outputs}/\.{video}\S+\.part\.mp4>"),
        ("openat", rf'.*"{outputs}/\.{video}\S+\.part\.mp4", O_RDONLY'),
        ("fsync", rf"\d+<{outputs}/\.{video}\S+\.part\.mp4>"),
        ("rename", rf'"{outputs}/\.{video}\S+\.part\.mp4", "{outputs}/{video}\.1\.mp4"'),
        ("fsync", rf"\d+<{outputs}>"),
        ("pwrite64", rf"\d+<{log}>.*outputs/{video}\.1\.mp4"),
        ("f(data)?sync", rf"\d+<{log}>"),
        ("(write|writev|sendto|sendmsg)", rf'.*\\"id\\":\\"{video}\\".*\\"status\\":\\"completed\\"'),
    )


def held(made: Sequence[Call], *wanted: tuple[str, str]) -> None:
    """That these calls came one after the other, each begun for the very first time when the one before it
    was over; but for syncs and answers, of which there are others before."""
    at = -1
    for name, given in wanted:
        found = [c for c in made if re.fullmatch(name, c.name) and re.match(given, c.given)]
        later = [c for c in found if c.begun > at]
        assert later, f"no {name} {given} after line {at}; {len(found)} before"
        repeated = "sync" in name or "send" in name or name == "p?write(64)?"
        assert repeated or later[0] is found[0], f"{name} {given} came too early"
        at = later[0].over
