"""`unstill start` as a newcomer has it: what it says, the video it makes, and its end."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import av
import httpx

from newcomer import Said, can_be_interrupted, installed, newcomer, photo

READY_S = 180.0
STOP_S = 60.0


class Server:
    """One process in the room. With ``with``, it is gone at the end whatever happens."""

    def __init__(
        self, room: Path, arguments: str = "start", env: Mapping[str, str] | None = None, prefix: str = "",
        program: str | None = None, name: str = "server",
    ) -> None:  # fmt: skip
        self.room, self.log = room, room / f"{name}.txt"
        command = f"exec {prefix} {program or installed() / 'unstill'} {arguments}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", command], cwd=room, env=dict(env or newcomer(room)), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=can_be_interrupted,
            )  # fmt: skip

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, it: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, *words: str, within: float = READY_S) -> str:
        """Wait for a line with these words. Raises AssertionError when it ends or does not come."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            over = self.process.poll() is not None
            for line in self.text.splitlines():
                if all(word in line for word in words):
                    return line.strip()
            assert not over, f"it ended with {self.process.returncode}:\n{self.text[-3000:]}"
            time.sleep(0.05)
        raise AssertionError(f"it never said {words}:\n{self.text[-3000:]}")

    def url(self, *words: str) -> str:
        """Where it answers, once it can make videos. ``words`` stand in the line that says it."""
        found = re.search(r"http://[^\s/?]+", self.says("http://", *(words or ("page is",))))
        assert found
        wait_ready(found[0])
        return found[0]

    def ended(self, within: float = READY_S) -> Said:
        """Wait for its end."""
        return Said(self.process.wait(within), self.text)

    def stop(self, number: int = signal.SIGINT) -> Said:
        """Ctrl-C, and its end."""
        os.killpg(self.process.pid, number)
        return self.ended(STOP_S)

    def kill(self) -> None:
        """kill -9, it and all its workers."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(STOP_S)


def wait_ready(url: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} does not get ready")


def film(room: Path, url: str, **more: object) -> httpx.Response:
    """What the page does: the picture goes up, the answer comes when the video is made."""
    with photo(room).open("rb") as picture:
        fields = {"prompt": "push in", "num_frames": "12", **more}
        return httpx.post(
            f"{url}/v1/videos/sync", data=fields, files={"input_reference": ("photo.jpg", picture)},
            timeout=300, trust_env=False,
        )  # fmt: skip


def films(room: Path, url: str) -> None:
    """It makes a video that can be decoded. Raises AssertionError."""
    answer = film(room, url)
    assert answer.status_code == 200, answer.text[:2000]
    with av.open(io.BytesIO(answer.content)) as made:
        assert sum(1 for _ in made.decode(video=0)) >= 8


def serves(
    room: Path, arguments: str = "start", env: Mapping[str, str] | None = None, prefix: str = ""
) -> str:
    """Start, make a video, stop with Ctrl-C. What it said. Raises AssertionError."""
    with Server(room, arguments, env, prefix) as server:
        films(room, server.url())
        return server.stop().well().text
