"""What must hold of a server, said once: run on the real one, and on ones that are broken on purpose."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ledger import completions
from live import PATIENCE_S, Live, decoded, sha256
from orders import Orders, Step

PART_PNG, PNG = "inputs/.VIDEO.TOKEN.part.png", "inputs/VIDEO.png"
PART_MP4, MP4 = "outputs/.VIDEO.N.TOKEN.part.mp4", "outputs/VIDEO.N.mp4"
PART_JPG, JPG = "outputs/.VIDEO.N.TOKEN.part.jpg", "outputs/VIDEO.N.jpg"
TAKEN = (
    f"decode: open {PART_PNG}",
    f"decode: fsync {PART_PNG}",
    f"decode: replace {PART_PNG} to {PNG}",
    "decode: fsync inputs/",
    "server: commit add",
)
MADE = (
    f"worker: encode {PART_MP4}",
    f"worker: decode {PART_MP4}",
    f"worker: fsync {PART_MP4}",
    f"worker: replace {PART_MP4} to {MP4}",
    "worker: fsync outputs/",
    f"worker: fsync {PART_JPG}",
    f"worker: replace {PART_JPG} to {JPG}",
    "worker: fsync outputs/",
    "server: commit complete",
)


def order_of_writes(server: Live, orders: Orders) -> None:
    """A picture is durable before its row is, and the row before the answer; a video is decoded and durable
    before its row says so, and the row before anybody is told."""
    orders.note()
    server.start()
    job = server.create().raise_for_status().json()
    answered = time.monotonic()
    assert server.settled(job["id"])["state"] == "completed"
    told = time.monotonic()
    steps = orders.steps()
    assert follow(steps, TAKEN) < answered, "the client was answered before the row was committed"
    assert follow(steps, MADE) < told, "the video was completed before the row was"


def follow(steps: Sequence[Step], wanted: Sequence[str]) -> float:
    """That each step was begun when the one before it was over, and the last one never sooner; when it was
    over."""
    at, last = -1, wanted[-1]
    first = _next(steps, last, "before", 0)
    assert first is not None, f"no '{last}'"
    for name in wanted:
        begun = _next(steps, name, "before", at + 1)
        over = None if begun is None else _next(steps, name, "after", begun + 1)
        assert over is not None, f"'{last}' without or before '{name}'"
        assert name == last or over < first, f"'{last}' without or before '{name}'"
        at = over
    return steps[at].t


def _next(steps: Sequence[Step], name: str, side: str, start: int) -> int | None:
    point = f"{name}@{side}"
    return next((n for n in range(start, len(steps)) if steps[n].point == point), None)


def one_job_a_key(server: Live) -> None:
    """However often the same request comes under the same key, after a kill too: one job, one video."""
    server.start()
    ids = {server.create(key="mine").raise_for_status().json()["id"] for _ in range(2)}
    server.kill()
    server.start()
    ids.add(server.create(key="mine").raise_for_status().json()["id"])
    assert len(ids) == 1, f"one key, {len(ids)} jobs"
    assert [job["id"] for job in server.all()] == list(ids)


def stale_attempt(server: Live) -> None:
    """An attempt whose lease ran out, on a server that stood still, is over when another one began: what it
    makes counts for nothing. For servers of two workers that renew no lease of a first attempt."""
    server.start()
    job = server.create("doze", num_frames=24).raise_for_status().json()
    end = time.monotonic() + PATIENCE_S
    while "attempt 2" not in server.said():
        assert time.monotonic() < end, "no second attempt"
        time.sleep(0.05)
    done = server.settled(job["id"])
    time.sleep(3.6)  # the first attempt, had it gone on, would have ended by now
    assert server.get(job["id"]) == done, "it changed after its end"
    assert done["state"] == "completed"
    assert completions(server.said()) == {job["id"]: 1}, "it was completed twice"
    videos = [name for name in server.outputs() if name.endswith(".mp4")]
    assert videos == [f"{job['id']}.2.mp4"], f"the video is another attempt's: {videos}"
    with server.client() as client:
        content = client.get(f"/v1/videos/{job['id']}/content").content
    assert (decoded(content), sha256(content)) == (24, done["output"]["sha256"])
