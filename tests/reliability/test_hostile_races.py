"""Many hands on the same videos at once: whatever they do, each video ends once, and in one way."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

import figures
from hostile import faults
from live import PATIENCE_S, PHOTO, Live, sha256

FINAL = frozenset({"completed", "failed", "cancelled"})
HANDS, DEEDS, DEEDS_LONG = 6, 40, 2500
SETTINGS = {"UNSTILL_WORKERS": "2", "UNSTILL_KEEP_DELETED_HOURS": "0.0005"}
"""Deleted videos are forgotten after about 2 s, so that some are restored and some are gone."""
ALLOWED = {
    "create": {200}, "get": {200, 404}, "cancel": {200, 404, 409}, "delete": {200, 404},
    "restore": {200, 404}, "content": {200, 404, 409}, "remix": {200, 404},
}  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """A state that somebody saw, and when the question was asked and answered."""

    asked: float
    told: float
    state: str


@dataclass
class Hands:
    """Threads that do as they like with every video that any of them made."""

    server: Live
    videos: list[str] = field(default_factory=list)
    sights: dict[str, list[Sight]] = field(default_factory=lambda: defaultdict(list))
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, deeds: int, seed: int = 0) -> None:
        threads = [threading.Thread(target=self._one, args=(deeds, seed + n)) for n in range(HANDS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self, deeds: int, seed: int) -> None:
        numbers = random.Random(seed)
        with self.server.client(timeout=60) as client:
            for _ in range(deeds):
                deed = numbers.choices(
                    ("create", "get", "cancel", "delete", "restore", "content", "remix"),
                    (4, 8, 2, 1, 1, 2, 1),
                )[0]
                with self.lock:
                    recent = self.videos[-12:]
                if deed == "create" or not recent:
                    self._create(client, numbers)
                else:
                    self._do(client, deed, numbers.choice(recent))

    def _create(self, client: httpx.Client, numbers: random.Random) -> None:
        prompt = numbers.choices(("pan left", "wait", "break"), (4, 6, 1))[0]
        data = {"prompt": prompt, "model": "testcard", "num_frames": "8", "fps": "8"}
        asked = time.monotonic()
        files = {"input_reference": ("a.png", PHOTO, "image/png")}
        self._note("create", client.post("/v1/videos", data=data, files=files), asked)

    def _do(self, client: httpx.Client, deed: str, video: str) -> None:
        asked, path = time.monotonic(), f"/v1/videos/{video}"
        if deed == "delete":
            answer = client.delete(path)
        elif deed in ("get", "content"):
            answer = client.get(path if deed == "get" else f"{path}/content")
        else:
            answer = client.post(f"{path}/{deed}", json={"prompt": "wait"} if deed == "remix" else None)
        self._note(deed, answer, asked)

    def _note(self, deed: str, answer: httpx.Response, asked: float) -> None:
        told = time.monotonic()
        with self.lock:
            self.codes[f"{deed} {answer.status_code}"] += 1
            if answer.status_code not in ALLOWED[deed]:
                self.wrong.append(f"{deed}: {answer.status_code} {answer.text[:200]}")
            elif answer.status_code == 200 and deed not in ("delete", "content"):
                said = answer.json()
                if deed in ("create", "remix"):
                    self.videos.append(said["id"])
                self.sights[said["id"]].append(Sight(asked, told, said["state"]))

    # --- afterwards

    def endings(self) -> dict[str, str]:
        """The final state of every video that is still there."""
        left = [job["id"] for job in self.server.all()]
        return {video: self.server.settled(video)["state"] for video in left}

    def contradictions(self) -> list[str]:
        """Sights of a video that was final before in another way, or that came back to life."""
        found = []
        for video, sights in self.sights.items():
            ends = [sight for sight in sights if sight.state in FINAL]
            if len({sight.state for sight in ends}) > 1:
                found.append(f"{video} ended as {sorted({sight.state for sight in ends})}")
            first = min((sight.told for sight in ends), default=None)
            if first is not None:
                found += [f"{video} was {s.state} after its end" for s in sights
                          if s.asked > first and s.state not in FINAL]  # fmt: skip
        return found


def check(hands: Hands) -> None:
    server = hands.server
    assert hands.wrong == []
    for video, state in hands.endings().items():
        now = time.monotonic()
        hands.sights[video].append(Sight(now, now, state))
    assert hands.contradictions() == []
    ended = hands.endings()
    with server.client() as client:
        for video, state in ended.items():
            answer = client.get(f"/v1/videos/{video}/content")
            assert (answer.status_code == 200) == (state == "completed")
            if state == "completed":
                assert sha256(answer.content) == server.get(video)["output"]["sha256"]
    kept = {video for video, state in ended.items() if state == "completed"}
    until_true(lambda: made_files(server) == kept, "only finished videos stay")
    with server.client() as client:
        for video in ended:
            client.delete(f"/v1/videos/{video}")
    until_true(lambda: server.outputs() == server.inputs() == set(), "deleted videos' files go")
    assert faults(server) == []


def made_files(server: Live) -> set[str]:
    """The videos that there are files of."""
    return {name.partition(".")[0] for name in server.outputs()}


def until_true(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_many_hands(live: Callable[..., Live]) -> None:
    """Create, cancel, delete, restore, remix, look and download by six at once, two workers beside: no answer
    out of place, one end for each video, never completed after cancelled, and no file without a video."""
    hands = Hands(live(**SETTINGS).start())
    hands.work(DEEDS)
    figures.note("many hands", videos=len(hands.videos), answers=dict(hands.codes.most_common()))
    check(hands)
    assert {"cancelled", "completed", "failed"} <= {s.state for seen in hands.sights.values() for s in seen}


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(4))
def test_many_hands_for_long(live: Callable[..., Live], part: int) -> None:
    """15,000 deeds a part."""
    if figures.is_done("many hands, long", part):
        pytest.skip("done before")
    hands = Hands(live(**SETTINGS).start())
    hands.work(DEEDS_LONG, seed=1000 * (part + 1))
    check(hands)
    codes = dict(hands.codes.most_common())
    figures.record("many hands, long", part=part, videos=len(hands.videos), answers=codes)


def test_a_cancel_in_every_moment(live: Callable[..., Live]) -> None:
    """Cancelled a little later each time, from before the start to after the end: what was answered is what
    it stays, and nothing of a cancelled one is left."""
    server = live().start()
    promised: dict[str, str] = {}
    with server.client() as client:
        for step in range(25):
            video = server.create("wait").raise_for_status().json()["id"]
            time.sleep(step * 0.016)
            answer = client.post(f"/v1/videos/{video}/cancel")
            assert answer.status_code in (200, 409)
            promised[video] = answer.json()["state"] if answer.status_code == 200 else "completed"
    ended = {video: server.settled(video)["state"] for video in promised}
    assert set(ended.values()) == {"cancelled", "completed"}
    for video, state in ended.items():
        assert state == ("completed" if promised[video] == "completed" else "cancelled"), promised[video]
    made = {video for video, state in ended.items() if state == "completed"}
    assert made_files(server) == made
