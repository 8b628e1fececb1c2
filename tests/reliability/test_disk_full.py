"""The disk of the data folder fills up, a little at a time."""

from __future__ import annotations

import contextlib
import errno
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import figures
from ledger import Ledger, Verdict
from live import Live

Make = Callable[..., Live]
DISK = "4m"
FULL = {"disk_full", "store_full", "no_room"}
"""How a job may fail that had no room for its video."""
MORE = 12
"""Requests once nothing more goes on the disk."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system in memory at this folder, where we may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system (CAP_SYS_ADMIN)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Filler:
    """A file that takes room, so many bytes a step."""

    def __init__(self, disk: Path, step: int) -> None:
        self._path, self._step = disk / "filler", step

    def more(self) -> bool:
        """Whether all of it went on the disk."""
        try:
            with self._path.open("ab", buffering=0) as file:
                return file.write(bytes(self._step)) == self._step
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False

    def go(self) -> None:
        self._path.unlink()


class Customer:
    """Asks for a video at every step, and looks at what there is."""

    def __init__(self, server: Live) -> None:
        self.server, self.ledger, self.answers = server, Ledger(), Counter[int]()
        self._made = 0

    def ask(self, key: str | None = None, prompt: str = "pan left") -> int:
        """The status; anything but success and "no room" is wrong."""
        self._made += 1
        key = key or f"k{self._made}"
        answer = self.server.create(prompt, key=key)
        self.answers[answer.status_code] += 1
        assert answer.status_code in (200, 507), answer.text
        if answer.status_code == 200:
            self.ledger.told(key, answer.json())
        else:
            assert answer.json()["error"]["code"] in FULL
        return answer.status_code

    def look(self, video: str) -> None:
        """Everything that only reads goes on."""
        with self.server.client() as client:
            for path in ("/healthz", "/v1/videos", f"/v1/videos/{video}", f"/v1/videos/{video}/content",
                         "/v1/system", "/metrics"):  # fmt: skip
                assert client.get(path).status_code == 200, path

    def remove(self, video: str) -> None:
        """Deleting needs a little room as well; where there is none, that is said."""
        with self.server.client() as client:
            answer = client.delete(f"/v1/videos/{video}")
        self.answers[answer.status_code] += 1
        assert answer.status_code in (200, 507), answer.text
        if answer.status_code == 200:
            self.ledger.deleted(video)

    def all_settled(self) -> None:
        for video in self.ledger.open_jobs():
            self.ledger.seen(self.server.settled(video))


def fill_up(server: Live, step: int) -> dict[str, object]:
    """Until nothing more goes on; a kill and a start there; then room again."""
    filler, customer = Filler(server.data, step), Customer(server.start())
    assert customer.ask("first") == 200
    customer.all_settled()
    first = customer.ledger.jobs["first"]
    steps = 0
    while filler.more():
        steps += 1
        customer.ask()
        customer.look(first)
    for _ in range(MORE):
        customer.ask()
        customer.look(first)
        filler.more()
    assert customer.answers[507] > 0
    customer.remove(list(customer.ledger.jobs.values())[1])
    assert customer.ask("first") == 200  # it is known, and takes no room
    started = start_without_room(server)
    filler.go()
    if not started:
        server.start()
    customer.all_settled()
    assert customer.ask() == 200
    customer.all_settled()
    server.kill()
    server.start()
    verdict = customer.ledger.verdict(server)
    assert fair(verdict).well, verdict
    assert not [word for word in ("incident", "mistake") if word in server.said()]
    return {"steps": steps, "step_bytes": step, "answers": dict(customer.answers), **verdict.numbers()}


def start_without_room(server: Live) -> bool:
    """Whether it came up. If not, it says why in words."""
    server.kill()
    before = len(server.said())
    with contextlib.suppress(AssertionError):
        server.start()
        return True
    assert server.process is None or server.process.poll() == 1, server.said()[before:]
    said = server.said()[before:]
    assert "no room left" in said, said
    return False


def fair(verdict: Verdict) -> Verdict:
    """Without jobs that failed because the disk was full: they say so; nor those whose video found room and
    whose small pictures did not: the video is what was asked for."""
    lost = tuple(line for line in verdict.lost if not any(f"'{code}'" in line for code in FULL))
    corrupt = tuple(line for line in verdict.corrupt if not line.endswith(": no thumbnail"))
    return Verdict(lost, verdict.twice, corrupt, verdict.orphans, verdict.states)


def fill_under_work(server: Live, patience_s: float) -> None:
    """A video is half made when the disk is suddenly full, and stays full for a while."""
    filler, customer = Filler(server.data, 4 << 10), Customer(server.start())
    for key in ("a", "b"):
        assert customer.ask(key, "doze") == 200
    while server.get(customer.ledger.jobs["a"])["stage"] != "frame":
        time.sleep(0.01)
    while filler.more():
        pass
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        customer.ask()
        with server.client() as client:
            assert client.get("/v1/videos").status_code == 200
        time.sleep(0.2)
    filler.go()
    customer.all_settled()
    assert "mistake" not in server.said()
    assert customer.ask() == 200
    customer.all_settled()
    server.kill()
    server.start()
    verdict = customer.ledger.verdict(server)
    assert fair(verdict).well, verdict


@pytest.fixture
def on_small_disk(live: Make, tmp_path: Path) -> Iterator[Live]:
    """Its server ends before the disk goes."""
    with small_disk(tmp_path / "data"):
        server = live()
        yield server
        server.kill()


@pytest.mark.timeout(600)
def test_a_full_disk_is_said_and_harms_nothing(on_small_disk: Live) -> None:
    """In steps of 64 KiB: 507 or success, looking always works, what was acknowledged is settled, and when
    there is room again all goes on by itself."""
    figures.note("disk full", **fill_up(on_small_disk, 64 << 10))


def test_a_disk_that_fills_up_under_the_work(on_small_disk: Live) -> None:
    """What was being made is finished once there is room, or has failed for want of it, and says so."""
    fill_under_work(on_small_disk, 6)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_full_disk_byte_by_byte(on_small_disk: Live) -> None:
    """In steps of 4 KiB."""
    if figures.is_done("disk full, finely", 0):
        pytest.skip("this part is done")
    figures.record("disk full, finely", part=0, **fill_up(on_small_disk, 4 << 10))
