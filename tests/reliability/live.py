"""A real `unstill serve` process over a folder of its own, with engines that are quick or naughty, and leases
of a second: what the reliability tests hurt."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import httpx
from PIL import Image

from testcard import draw

PATIENCE_S = 120.0
"""What a test waits for anything before it says that it does not come."""
QUICK = {
    "UNSTILL_LEASE_S": "1", "UNSTILL_STAGE_S": "20", "UNSTILL_GRACE_S": "2",
    "UNSTILL_FREE_GIBIBYTES": "0", "UNSTILL_QUEUE_LIMIT": "10000", "UNSTILL_QUEUE_LIMIT_PER_KEY": "10000",
    "UNSTILL_RATE_PER_S": "100000", "UNSTILL_BURST": "100000",
}  # fmt: skip


def photo_bytes(size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw()).resize(size).save(out, "PNG")
    return out.getvalue()


PHOTO = photo_bytes()


class Live:
    """One data folder and, at most times, one server over it."""

    def __init__(self, data: Path, engines: str, **environ: str) -> None:
        self.data, self.port = data, 0
        home = data.parent / f"{data.name}-home"
        home.mkdir(parents=True, exist_ok=True)
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("UNSTILL_", "XDG_", "LC_"))}
        self.environ: Mapping[str, str] = {
            **kept, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPATH": engines, "NAUGHTY": str(home),
            **QUICK, **environ,
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "stderr.log"

    # --- its life

    def start(self, *arguments: str, wait: bool = True) -> Live:
        """Start a server, on the port that the first one got."""
        command = [sys.executable, "-P", "-m", "unstill", "serve", "--data-dir", str(self.data)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *arguments], env=dict(self.environ),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.is_ready():
            assert not self.has_ended, f"it ended by itself:\n{self.said()[-8000:]}"
            assert time.monotonic() < end, f"it never got ready:\n{self.said()[-8000:]}"
            time.sleep(0.02)

    def is_ready(self) -> bool:
        about = self.about()
        if self.has_ended or about.get("pid") != self.pid:
            return False
        self.port = int(str(about["url"]).rpartition(":")[2])
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        return False

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def about(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.data / "server.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def kill(self) -> None:
        """As the out-of-memory killer does it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """As a service manager does it; the exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.process = None
        return code

    def said(self) -> str:
        """Everything on its stderr so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGCONT)
        self.kill()

    # --- talking to it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=more.pop("timeout", 30), trust_env=False, **more)

    def create(self, prompt: str = "pan left", key: str | None = None, **fields: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        values = {"prompt": prompt, "model": "testcard", "num_frames": 8, "fps": 8, "seed": 1, **fields}
        data = {name: str(value) for name, value in values.items()}
        with self.client() as client:
            return client.post(
                "/v1/videos",
                data=data,
                files={"input_reference": ("a.png", PHOTO, "image/png")},
                headers=headers,
            )

    def get(self, video: str) -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = client.get(f"/v1/videos/{video}").raise_for_status().json()
            return found

    def all(self) -> list[dict[str, Any]]:
        """Every job, oldest first."""
        found: list[dict[str, Any]] = []
        with self.client() as client:
            while True:
                after = {"after": found[-1]["id"]} if found else {}
                page = client.get("/v1/videos", params={"limit": 100, "order": "asc", **after}).json()
                found += page["data"]
                if not page["has_more"]:
                    return found

    def settled(self, video: str) -> dict[str, Any]:
        """The job once it is completed, failed or cancelled."""
        end = time.monotonic() + PATIENCE_S
        while (job := self.get(video))["state"] in ("queued", "in_progress"):
            assert time.monotonic() < end, f"it never ended: {job}\n{self.said()[-3000:]}"
            time.sleep(0.02)
        return job

    # --- looking behind it

    def outputs(self) -> set[str]:
        return names(self.data / "outputs")

    def inputs(self) -> set[str]:
        return names(self.data / "inputs")

    def workers(self) -> list[int]:
        """Processes of this folder's server that run `unstill.worker`, oldest first."""
        return sorted(pid for pid in descendants(self.pid) if "unstill.worker" in command_line(pid))

    def rss_bytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def descendants(pid: int) -> Iterator[int]:
    """Of a process, itself left out."""
    for task in Path("/proc").glob(f"{pid}/task/*/children"):
        with contextlib.suppress(OSError):
            for word in task.read_text().split():
                yield int(word)
                yield from descendants(int(word))


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def decoded(content: bytes) -> int:
    """How many frames a video decodes to, every one of them."""
    with av.open(io.BytesIO(content)) as container:
        return sum(1 for _ in container.decode(video=0))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
