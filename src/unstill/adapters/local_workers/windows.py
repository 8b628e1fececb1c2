"""Processes on Windows. Written from its manuals; not run there yet. Children of a worker may outlive it."""

from __future__ import annotations

import os
from subprocess import Popen
from typing import Any

SPAWN: dict[str, Any] = {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP


def has_ended(process: Popen[bytes]) -> bool:
    return process.poll() is not None


def terminate(process: Popen[bytes]) -> None:
    process.terminate()


def kill(process: Popen[bytes]) -> None:
    process.kill()


def reap_orphans(process: Popen[bytes]) -> None:
    """There is nothing to reap."""


def write(handle: int, data: bytes, timeout_s: float) -> None:  # noqa: ARG001 pipes have no timeouts there
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
