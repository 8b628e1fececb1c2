"""Strangers at the door of a real server: they send files one after the other, and account is kept."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

import figures
from live import Live

BUSY = {"UNSTILL_STAGE_S": "3600", "UNSTILL_KEEP_DELETED_HOURS": "0"}
"""For a server whose one worker is at a job that does not end, and that forgets deleted videos at once: what
is accepted waits, and is gone when the test has seen it."""
PICTURE_CPU_S = 5.0
WARM = 300
"""So many files until everything that is made once has been made."""
FLAT_MEBIBYTES = 24.0
"""What a server may grow by after that: threads' own heaps fill up, and then no more."""


def occupied(server: Live) -> Live:
    """The server, started, its worker at a job that does not end."""
    server.start()
    server.create("asleep", model="naughty").raise_for_status()
    return server


class Account:
    """Sends files to one route and notes what becomes of them."""

    def __init__(self, server: Live, path: str, field: str, values: Mapping[str, str]) -> None:
        self.server, self.path, self._field, self._values = server, path, field, dict(values)
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.cpu_s, self.dearest = 0.0, ""
        self.peak_mebibytes = 0.0
        self.seconds: list[float] = []
        self._used: dict[int, float] = {}
        self._warm: float | None = None

    def send_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        with self.server.client(timeout=120) as client:
            for name, raw in files:
                self.send(client, name, raw)
                if sum(self.answers.values()) == WARM:
                    self._warm = self.server.rss_bytes() / figures.MEBIBYTE

    def send(self, client: httpx.Client, name: str, raw: bytes) -> httpx.Response:
        """One file; a video that comes of it is deleted at once."""
        self._look(None)
        started = time.monotonic()
        answer = client.post(self.path, data=self._values, files={self._field: (name, raw, "image/png")})
        self.seconds.append(time.monotonic() - started)
        self._look(name)
        said = answer.json()
        self.answers[f"{answer.status_code} {(said.get('error') or {}).get('code', '')}".strip()] += 1
        if answer.status_code == 200 and "id" in said:
            client.delete(f"/v1/videos/{said['id']}").raise_for_status()
        elif answer.status_code != 200 and not (answer.is_client_error and is_plain(said, self.server)):
            self.wrong.append(f"{name}: {answer.status_code} {answer.text[:300]}")
        return answer

    @property
    def grown_mebibytes(self) -> float:
        """What the server holds more than when it was warm."""
        assert self._warm is not None
        return round(self.server.rss_bytes() / figures.MEBIBYTE - self._warm, 1)

    def figures(self) -> dict[str, Any]:
        return {
            "files": sum(self.answers.values()), "answers": dict(self.answers.most_common()),
            "grown_mebibytes": self.grown_mebibytes, "child_peak_mebibytes": round(self.peak_mebibytes),
            "most_cpu_s": round(self.cpu_s, 2), "dearest": self.dearest, **figures.spread(self.seconds),
        }  # fmt: skip

    def _look(self, name: str | None) -> None:
        """CPU that the decoding children used since the last look, for the file of this name. What a child
        that is new used until then went into its own start."""
        pids = [pid for pid in self._used if figures.cpu_s(pid)] or list(figures.decoders(self.server.pid))
        now = {pid: figures.cpu_s(pid) for pid in pids}
        used = sum(seconds - self._used.get(pid, seconds) for pid, seconds in now.items())
        if name is not None and used > self.cpu_s:
            self.cpu_s, self.dearest = used, name
        self.peak_mebibytes = max([self.peak_mebibytes, *map(figures.peak_mebibytes, pids)])
        self._used = now


def is_plain(said: Mapping[str, Any], server: Live) -> bool:
    """An error in the one shape, which says nothing of the server's own places."""
    error = said.get("error")
    if not isinstance(error, dict) or set(error) != {"message", "type", "param", "code", "hint"}:
        return False
    told = f"{error['message']} {error['hint']}"
    return bool(error["code"]) and str(server.data) not in told and "Traceback" not in told


def faults(server: Live) -> list[str]:
    """What the server itself wrote as an error; a worker's own errors are its engine's."""
    ours = re.compile(r"Z (ERROR|CRITICAL) +(?! |worker )")
    return [line for line in server.said().splitlines() if ours.search(line)]
