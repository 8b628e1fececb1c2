"""Clients that never give up, and somebody who kills what they talk to."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from figures import decoders
from ledger import Ledger
from live import PATIENCE_S, PHOTO, Live, command_line, descendants

CLIENTS = 8
OPEN_EACH = 2
"""Unsettled jobs that a client may have."""
AGAIN_S = 0.15
SWING, SWING_S = 0.4, 8.0
"""How many faults wait for some jobs to end before they come, and for how long at most."""


def workers_of(server: Live) -> list[int]:
    """Without the process that each leaves beside it, to end its group: that one looks the same."""
    return [pid for pid in server.workers() if parent_of(pid) == server.pid]


def parent_of(pid: int) -> int:
    """0 for a process that has gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


class Client(threading.Thread):
    """Asks for videos under keys of its own until it is told to stop, then waits for all of them."""

    def __init__(self, server: Live, ledger: Ledger, number: int, seed: int) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self._server, self._ledger, self._number = server, ledger, number
        self._dice = random.Random(f"{seed} {number}")
        self._made = 0
        self.enough, self.trouble = threading.Event(), ""
        self._mine: list[str] = []

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self._server.url, timeout=20, trust_env=False) as self._http:
                while not self.enough.is_set():
                    self._turn()
                while self._mine:
                    self._look()
        except Exception as error:
            self.trouble = repr(error)

    def _turn(self) -> None:
        if len(self._mine) >= OPEN_EACH:
            self._look()
            return
        self._made += 1
        key, prompt = f"{self._number}-{self._made}", self._dice.choice(["pan left", "pan left", "wait"])
        for _ in range(self._dice.choice([1, 1, 1, 2])):  # some send it twice, whatever they were told
            job = self._insist(lambda: self._create(key, prompt))
            self._ledger.told(key, job)
        self._mine.append(job["id"])
        if self._dice.random() < 0.1:
            self._leave(job["id"])

    def _create(self, key: str, prompt: str) -> httpx.Response:
        fields = {"prompt": prompt, "model": "testcard", "num_frames": "8", "fps": "8", "seed": "1"}
        picture = {"input_reference": ("a.png", PHOTO, "image/png")}
        return self._http.post("/v1/videos", data=fields, files=picture, headers={"Idempotency-Key": key})

    def _leave(self, video: str) -> None:
        """Cancel it, or delete it: which is a cancel too. Either may come too late."""
        if self._dice.random() < 0.5:
            self._insist(lambda: self._http.post(f"/v1/videos/{video}/cancel"), also=(409,))
        else:
            self._insist(lambda: self._http.delete(f"/v1/videos/{video}"), also=(404,))
            self._ledger.deleted(video)
            self._mine.remove(video)

    def _look(self) -> None:
        time.sleep(AGAIN_S)
        for video in list(self._mine):
            job = self._insist(lambda video=video: self._http.get(f"/v1/videos/{video}"))  # type: ignore[misc]
            self._ledger.seen(job)
            if job["state"] not in ("queued", "in_progress"):
                self._mine.remove(video)

    def _insist(self, call: Callable[[], httpx.Response], also: tuple[int, ...] = ()) -> dict[str, object]:
        """Again and again, as a client should, until somebody answers. A fault of the server is none."""
        end = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = call()
                if answer.status_code == 200 or answer.status_code in also:
                    found: dict[str, object] = answer.json()
                    return found
                assert answer.status_code in (429, 503), f"{answer.status_code}: {answer.text[:300]}"
            assert time.monotonic() < end, "nobody answers"
            time.sleep(AGAIN_S)


class Faults:
    """What happens to the processes of one server, by the dice."""

    def __init__(self, server: Live, ledger: Ledger, seed: int) -> None:
        self._server, self._ledger, self._dice = server, ledger, random.Random(seed)
        self.done: Counter[str] = Counter()
        self._deeds = {
            self.kill_server: 6, self.kill_server_twice: 2,
            self.pause_server: 3, self.pause_and_kill_server: 2,
            self.kill_worker: 6, self.pause_worker: 3, self.pause_and_kill_worker: 2,
            self.kill_decoder: 1,
        }  # fmt: skip

    def one(self) -> None:
        """One fault (or two, where a start is killed as well): soon, or once the work is in full swing."""
        if self._dice.random() < SWING:
            self._let_work(self._dice.randrange(1, 8))
        time.sleep(self._dice.uniform(0.0, 1.0))
        deed = self._dice.choices(list(self._deeds), list(self._deeds.values()))[0]
        deed()

    @property
    def count(self) -> int:
        return sum(self.done.values())

    def _let_work(self, jobs: int) -> None:
        """Until so many more are known to have ended, or a while."""
        wanted, end = self._ledger.ended + jobs, time.monotonic() + SWING_S
        while self._ledger.ended < wanted and time.monotonic() < end:
            time.sleep(0.02)

    def kill_server(self) -> None:
        self._server.kill()
        self.done["server killed"] += 1
        self._server.start()

    def kill_server_twice(self) -> None:
        """The second time while it starts."""
        self._server.kill()
        self._server.start(wait=False)
        time.sleep(self._dice.uniform(0.2, 3.0))
        self._server.kill()
        self.done["server killed"] += 1
        self.done["server killed at its start"] += 1
        self._server.start()

    def pause_server(self) -> None:
        """For longer than its leases last, or not."""
        self._pause([self._server.pid])
        self.done["server stopped"] += 1

    def pause_and_kill_server(self) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)
        time.sleep(self._dice.uniform(0.2, 2.5))
        self.done["server stopped and killed"] += 1
        self._server.kill()
        self._server.start()

    def kill_worker(self) -> None:
        self._to_worker("worker killed", lambda pid: os.kill(pid, signal.SIGKILL))

    def pause_worker(self) -> None:
        self._to_worker("worker stopped", lambda pid: self._pause([pid]))

    def pause_and_kill_worker(self) -> None:
        def deed(pid: int) -> None:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.2, 2.5))
            os.kill(pid, signal.SIGKILL)

        self._to_worker("worker stopped and killed", deed)

    def kill_decoder(self) -> None:
        """The child that looks at pictures."""
        for pid in list(decoders(self._server.pid))[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.done["decoder killed"] += 1

    def _to_worker(self, name: str, deed: Callable[[int], None]) -> None:
        workers = workers_of(self._server)
        if workers:
            with contextlib.suppress(ProcessLookupError):
                deed(self._dice.choice(workers))
                self.done[name] += 1

    def _pause(self, pids: list[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self._dice.uniform(0.2, 2.5))
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def kill_loop(server: Live, faults: int, seed: int) -> tuple[Ledger, Faults]:
    """So many faults, at least, while eight clients work; at the end all jobs are settled and the server is
    started anew."""
    ledger = Ledger()
    troubles = Faults(server.start(), ledger, seed)
    clients = [Client(server, ledger, number, seed) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        while troubles.count < faults:
            troubles.one()
            assert not [c.trouble for c in clients if c.trouble], [c.trouble for c in clients]
    finally:
        for client in clients:
            client.enough.set()
    for client in clients:
        client.join(2 * PATIENCE_S)
    assert [c.trouble or c.is_alive() for c in clients] == [False] * CLIENTS, [c.trouble for c in clients]
    for video in ledger.open_jobs():
        ledger.seen(server.settled(video))
    server.kill()
    server.start()
    assert strays(server) == [], "processes of servers that are gone"
    return ledger, troubles


def strays(server: Live) -> list[str]:
    """Processes that somebody started in this server's home and that are not its own."""
    known, home = {server.pid, *descendants(server.pid)}, f"HOME={server.log.parent}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(folder.name) not in known and home in (folder / "environ").read_bytes():
                found.append(command_line(int(folder.name)))
    return [line for line in found if line]  # a process that just ends has no words any more
