"""People at work on one server: each sends a picture, looks again and again, takes the video, and goes on."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

import figures
from live import Live, decoded, photo_bytes

LOOK_S = 0.25
"""Between two looks of one person at their video."""
WATCH_S = 0.5
"""Between two looks at the server's memory."""


@dataclass
class Load:
    """So many people for so long; what they saw. ``fields`` are those of every video."""

    server: Live
    clients: int
    seconds: float
    fields: Mapping[str, str]
    side: tuple[int, int] = (1024, 768)
    codes: Counter[str] = field(default_factory=Counter)
    took: dict[str, list[float]] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    """How long each video took from its order to its end."""
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, and MiB that the server had then."""
    together: int = 0
    """The most videos that waited at a time."""
    broken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Load:
        """Return when the time is over and every video that was ordered is at its end."""
        began = time.monotonic()
        people = [threading.Thread(target=self._guarded, args=(n, began)) for n in range(self.clients)]
        for person in people:
            person.start()
        while any(person.is_alive() for person in people):
            self.memory.append((time.monotonic() - began, self.server.rss_bytes() / figures.MEBIBYTE))
            time.sleep(WATCH_S)
        return self

    def _guarded(self, number: int, began: float) -> None:
        try:
            self._person(number, began)
        except Exception as error:  # a thread's end must not pass in silence
            self.broken.append(repr(error)[:500])

    def _person(self, number: int, began: float) -> None:
        picture = photo_bytes(self.side)
        with self.server.client(timeout=60) as client:
            while time.monotonic() - began < self.seconds:
                ordered = time.monotonic()
                video = self._order(client, number, picture)
                while (job := self._ask(client, "status", "GET", f"/v1/videos/{video}").json())["state"] in (
                    "queued", "in_progress",
                ):  # fmt: skip
                    self.together = max(self.together, job["queue_position"] or 0)
                    time.sleep(LOOK_S)
                self.codes[job["state"]] += 1
                self.waited.append(time.monotonic() - ordered)
                content = self._ask(client, "content", "GET", f"/v1/videos/{video}/content").content
                if decoded(content) != job["num_frames"]:
                    self.broken.append(f"{video} has other frames than it says")
                self._ask(client, "list", "GET", "/v1/videos?limit=20")
                self._ask(client, "delete", "DELETE", f"/v1/videos/{video}")

    def _order(self, client: httpx.Client, number: int, picture: bytes) -> str:
        data = {"prompt": "slow push in", "seed": str(number), **self.fields}
        files = {"input_reference": ("photo.png", picture, "image/png")}
        answer = self._ask(client, "create", "POST", "/v1/videos", data=data, files=files)
        video: str = answer.raise_for_status().json()["id"]
        return video

    def _ask(self, client: httpx.Client, what: str, method: str, path: str, **more: Any) -> httpx.Response:
        started = time.monotonic()
        answer = client.request(method, path, **more)
        seconds = time.monotonic() - started
        with self._lock:
            self.took.setdefault(what, []).append(seconds)
            self.codes[f"{what} {answer.status_code}"] += 1
        return answer

    # --- afterwards

    @property
    def faults(self) -> list[str]:
        """Answers of 5xx."""
        return [code for code in self.codes if code.rpartition(" ")[2].startswith("5")]

    def rows(self) -> list[dict[str, Any]]:
        """One row of numbers for each kind of request."""
        return [{"what": what, **figures.spread(seconds)} for what, seconds in sorted(self.took.items())]

    def totals(self) -> dict[str, Any]:
        """The whole in numbers: memory in MiB, its growth from the first third to the last."""
        third = max(1, len(self.memory) // 3)
        held = [mebibytes for _, mebibytes in self.memory]
        grown = statistics.median(held[-third:]) - statistics.median(held[third : 2 * third] or held[:third])
        return {
            "clients": self.clients, "seconds": round(self.memory[-1][0]), "videos": self.codes["completed"],
            "failed": self.codes["failed"], "waiting_at_once": self.together,
            "video_s": round(statistics.median(self.waited), 1), "rss_first_mebibytes": round(held[0], 1),
            "rss_most_mebibytes": round(max(held), 1), "rss_grown_mebibytes": round(grown, 1),
        }  # fmt: skip


def seconds_to_ready(server: Live) -> float:
    """From the start of the process to the first 200 of /readyz."""
    server.start(wait=False)
    started = time.monotonic()
    while True:
        assert server.process is not None
        assert server.process.poll() is None, server.said()
        if server.about().get("pid") == server.process.pid:
            server.port = int(str(server.about()["url"]).rpartition(":")[2])
            with contextlib.suppress(httpx.HTTPError), server.client(timeout=5) as client:
                if client.get("/readyz").status_code == 200:
                    return time.monotonic() - started
        time.sleep(0.01)
