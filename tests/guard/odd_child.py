"""The decoding child with jobs that misbehave, run as a program by the tests."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.decode import Decoder, serve

Order = Mapping[str, Any]


def tried(call: Any) -> str:
    try:
        call()
    except OSError as error:
        return error.strerror or "?"
    return "allowed"


def escape(order: Order) -> Mapping[str, Any]:
    """What each way out answers."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ring() -> None:
        if libc.syscall(425, 4, ctypes.create_string_buffer(120)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return {
        "tcp": tried(lambda: socket.socket(socket.AF_INET)),
        "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
        "udp": tried(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
        "pair": tried(socket.socketpair),
        "io_uring": tried(ring),
        "program": tried(lambda: subprocess.run(["true"], check=False)),
        "kill": tried(lambda: os.kill(os.getppid(), 0)),
        "parent_memory": tried(lambda: Path(f"/proc/{os.getppid()}/mem").open("rb")),
        "environment": ",".join(sorted(name for name in os.environ if "SECRET" in name)),
    }


def limits(order: Order) -> Mapping[str, Any]:
    status = Path("/proc/self/status").read_text()
    wanted = ("Seccomp", "NoNewPrivs")
    found = {k: v.strip() for k, _, v in (line.partition(":") for line in status.splitlines()) if k in wanted}
    return {**found, "group": os.getpgid(0), "pid": os.getpid(), "cores": len(os.sched_getaffinity(0))}


def spin(order: Order) -> Mapping[str, Any]:
    """In C, holding the GIL: no Python code could stop it."""
    zlib.crc32(bytes(1 << 20))
    sum(range(10**12))
    return {}


def hang(order: Order) -> Mapping[str, Any]:
    time.sleep(600)
    return {}


def eat(order: Order) -> Mapping[str, Any]:
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


def crash(order: Order) -> Mapping[str, Any]:
    ctypes.string_at(0)
    return {}


def crash_once(order: Order) -> Mapping[str, Any]:
    """Dies in mid-picture the first time, with a half-written file."""
    mark = Path(order["mark"])
    if not mark.exists():
        mark.touch()
        target = Path(order["target"])
        (target.parent / f".{target.stem[:40]}.abcd.part.png").write_bytes(b"half")
        os._exit(9)
    return {"done": True}


def flood(order: Order) -> Mapping[str, Any]:
    return {"x": "y" * (1 << 20)}


def odd_error(order: Order) -> Mapping[str, Any]:
    raise ValueError("odd")


JOBS = {job.__name__: job for job in (escape, limits, spin, hang, eat, crash, crash_once, flood, odd_error)}

if __name__ == "__main__":
    serve(lambda orders: {**Decoder(orders).jobs, **JOBS}, json.loads(sys.argv[1]))
