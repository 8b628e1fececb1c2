"""Parts of a service's life, as clients and operators have it: each is gone through again until it is done,
whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import httpx

from ledger import FINAL, Ledger, on_disk
from live import PATIENCE_S, Live

AGAIN_S = 0.05
STRAY = "video_" + "0" * 24
"""A video that no row knows."""


class Life:
    """One server that is started again whenever it is found dead, and the ledger of what it said."""

    def __init__(self, server: Live, ledger: Ledger | None = None) -> None:
        self.server, self.ledger = server, ledger or Ledger()
        self._number = 0

    def make(self) -> None:
        """A video, from the request to the file."""
        job = self._create("pan left", 8)
        self._seen(str(job["id"]), *FINAL)

    def cancel(self) -> None:
        """One is stopped in mid-work and deleted."""
        video = str(self._create("doze", 40)["id"])
        self._seen(video, "in_progress", *FINAL, stage="frame")
        self._insist(lambda http: http.post(f"/v1/videos/{video}/cancel"), 200, 409)
        self._seen(video, *FINAL)
        self._insist(lambda http: http.delete(f"/v1/videos/{video}"), 200, 404)
        self.ledger.deleted(video)

    def forget(self) -> None:
        """One is deleted and, on a server that keeps deleted ones for no time, soon gone with its files."""
        video = str(self._create("pan left", 8)["id"])
        self._seen(video, *FINAL)
        self._insist(lambda http: http.delete(f"/v1/videos/{video}"), 200, 404)
        self.ledger.deleted(video)
        end = time.monotonic() + PATIENCE_S
        while [name for name in on_disk(self.server.data) if video in name]:
            assert time.monotonic() < end, "its files stay"
            self._revive()
            time.sleep(AGAIN_S)

    def back_up(self) -> None:
        copy = self._insist(lambda http: http.post("/v1/backup"), 200).content
        assert copy.startswith(b"SQLite format 3\0")

    def die_at_work(self) -> None:
        """Killed with a job in progress."""
        job = self._create("doze", 20)
        self._seen(str(job["id"]), "in_progress", stage="frame")
        self.server.kill()

    def litter(self) -> None:
        """What killed ones leave behind."""
        [known, *_] = self.ledger.jobs.values()
        for name in (f"outputs/{STRAY}.1.mp4", f"outputs/{known}.7.mp4", f"outputs/.{STRAY}.1.x.part.jpg",
                     f"inputs/{STRAY}.png", "tmp/raw-0a"):  # fmt: skip
            path = self.server.data / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"left")

    def is_well(self) -> None:
        """Every job ends, and then nothing is lost, doubled, broken or left over."""
        for video in self.ledger.open_jobs():
            self._seen(video, *FINAL)
        self.server.kill()
        self.server.start()
        verdict = self.ledger.verdict(self.server)
        assert verdict.well, verdict

    def _create(self, prompt: str, frames: int) -> dict[str, object]:
        self._number += 1
        key = f"{self.server.data.name} {self._number}"
        job: dict[str, object] = self._insist(
            lambda _: self.server.create(prompt, key=key, num_frames=frames), 200
        ).json()
        self.ledger.told(key, job)
        return job

    def _seen(self, video: str, *states: str, stage: str | None = None) -> None:
        """Look at a job until it is in one of these states, and in that stage where it is in progress."""
        end = time.monotonic() + PATIENCE_S
        while True:
            job = self._insist(lambda http: http.get(f"/v1/videos/{video}"), 200).json()
            self.ledger.seen(job)
            if job["state"] in states and (job["state"] in FINAL or job["stage"] == stage):
                return
            assert time.monotonic() < end, job
            time.sleep(AGAIN_S)

    def _insist(self, call: Callable[[httpx.Client], httpx.Response], *codes: int) -> httpx.Response:
        end = time.monotonic() + PATIENCE_S
        while True:
            self._revive()
            with contextlib.suppress(httpx.TransportError), self.server.client() as http:
                answer = call(http)
                if answer.status_code in codes:
                    return answer
                assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:300]}"
            assert time.monotonic() < end, "nobody answers"
            time.sleep(AGAIN_S)

    def _revive(self) -> None:
        """Whoever is told to die at a point may come to it in a start, too: then another start follows."""
        end = time.monotonic() + PATIENCE_S
        while self.server.has_ended:
            assert time.monotonic() < end, f"no start comes through:\n{self.server.said()[-8000:]}"
            self.server.kill()
            self.server.start(wait=False)
            while not (self.server.has_ended or self.server.is_ready()):
                assert time.monotonic() < end, f"it never got ready:\n{self.server.said()[-8000:]}"
                time.sleep(AGAIN_S)
