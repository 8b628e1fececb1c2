"""Two servers, PostgreSQL and a Ray cluster, all of which die again and again while clients go on."""

from __future__ import annotations

import io
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from openai import APIError, OpenAI

from engines_installed import install
from live import PATIENCE_S, PHOTO, Live, decoded, sha256
from on_ray import Make, cluster, servers
from postgres import Server, running
from ray_rig import Machines, processes, skip_without_ray

skip_without_ray()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]
JOBS, CLIENTS, TIMES, SEED = 200, 4, 2, 20261123
FAIR = {"worker_crashed", "worker_hung"}
"""What a job may fail with that was killed three times."""
CALM_S = 1.0
"""Between two faults, at least."""
KINDS = ("worker", "actor", "node", "server", "database", "stop of the database")


@pytest.fixture
def engines(tmp_path: Path) -> str:
    folder = tmp_path / "engines"
    folder.mkdir()
    return install(folder)


@pytest.fixture
def parts(tmp_path: Path, engines: str) -> Iterator[tuple[Make, Machines, Server]]:
    """A database that keeps what it said, a cluster, and servers over both."""
    with (
        running(durable=True) as postgres,
        cluster(engines) as machines,
        servers(tmp_path, engines, machines, postgres.new_database()) as make,
    ):
        yield make, machines, postgres


class Client:
    """Somebody who sends again under the same name until it is answered, now here, now there."""

    def __init__(self, servers: list[Live], number: int, jobs: int) -> None:
        self._servers, self._number, self._jobs = servers, number, jobs
        self.ids: dict[str, str] = {}
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        for job in range(self._jobs):
            name = f"client {self._number}, job {job}"
            end = time.monotonic() + 2 * PATIENCE_S
            while name not in self.ids and time.monotonic() < end:
                server = self._servers[job % len(self._servers)]
                with suppress(APIError), httpx.Client(trust_env=False, timeout=20) as http:
                    api = OpenAI(base_url=f"{server.url}/v1", api_key="any", http_client=http, max_retries=2)
                    made = api.videos.create(
                        prompt="pan left", model="testcard", input_reference=("a.png", io.BytesIO(PHOTO)),
                        extra_body={"num_frames": 8, "fps": 8, "seed": self._number * 1000 + job},
                        extra_headers={"Idempotency-Key": name},
                    )  # fmt: skip
                    self.ids[name] = made.id
                if name not in self.ids:
                    time.sleep(0.2)


class Faults:
    """What goes wrong, by the dice."""

    def __init__(self, servers: list[Live], machines: Machines, postgres: Server, seed: int) -> None:
        self._servers, self._machines, self._postgres = servers, machines, postgres
        self._dice, self.done = random.Random(seed), Counter[str]()
        self._nodes = [machines.small, machines.large]

    def order(self) -> list[str]:
        """Each kind so many times, in any order."""
        return self._dice.sample(KINDS * TIMES, len(KINDS) * TIMES)

    def one(self, fault: str) -> None:
        self.done[fault] += 1
        kinds: dict[str, Callable[[], None]] = {
            "worker": lambda: self._kill_one("unstill.worker"),
            "actor": lambda: self._kill_one("ray::WorkerActor"),
            "node": self._lose_node,
            "server": self._lose_server,
            "database": lambda: self._lose_database(signal.SIGKILL),
            "stop of the database": lambda: self._lose_database(signal.SIGINT),
        }
        kinds[fault]()

    def _kill_one(self, words: str) -> None:
        found = sorted(processes(words))
        if found:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(found), signal.SIGKILL)

    def _lose_node(self) -> None:
        """A spot machine is taken away, and another comes."""
        number = self._dice.randrange(len(self._nodes))
        self._machines.kill(self._nodes[number])
        self._nodes[number] = self._machines.add(num_cpus=2)

    def _lose_server(self) -> None:
        server = self._dice.choice(self._servers)
        server.kill()
        server.start()

    def _lose_database(self, how: signal.Signals) -> None:
        self._postgres.stop(how)
        time.sleep(self._dice.random())
        self._postgres.start()


@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_or_broken(parts: tuple[Make, Machines, Server]) -> None:
    """Every job that was acknowledged is settled, once, under its id; every video is whole and is the one
    that its row tells of; nothing was made that nobody asked for."""
    make, machines, postgres = parts
    patient = {"UNSTILL_RAY_POOLS": "cpu=4", "UNSTILL_LEASE_S": "2"}
    both = [make(name, **patient).start() for name in ("first", "second")]
    clients = [Client(both, number, JOBS // CLIENTS) for number in range(CLIENTS)]
    faults = Faults(both, machines, postgres, SEED)
    for client in clients:
        client.thread.start()
    for fault in faults.order():
        time.sleep(CALM_S)
        faults.one(fault)
    for client in clients:
        client.thread.join(3 * PATIENCE_S)
    ids = {name: video for client in clients for name, video in client.ids.items()}
    assert len(ids) == JOBS, f"not acknowledged: {JOBS - len(ids)}; {dict(faults.done)}"
    assert len(set(ids.values())) == JOBS, "two requests became one job"
    settled = [both[0].settled(video) for video in ids.values()]
    listed = both[1].all()
    assert {job["id"] for job in listed} == set(ids.values()), "jobs that nobody asked for, or jobs lost"
    failed = [job for job in settled if job["state"] != "completed"]
    assert {job["error"]["code"] for job in failed} <= FAIR
    assert len(failed) <= JOBS // 20, Counter(job["error"]["code"] for job in failed)
    with both[1].client() as client:
        for job in settled:
            if job["state"] == "completed":
                video = client.get(f"/v1/videos/{job['id']}/content").raise_for_status().content
                assert sha256(video) == job["output"]["sha256"]
                assert decoded(video) == 8
    again = {job["id"]: job for job in both[0].all()}
    assert all(again[job["id"]]["output"] == job["output"] for job in settled), "it changed after its end"
    print(f"faults: {dict(faults.done)}; failed fairly: {len(failed)} of {JOBS}")
