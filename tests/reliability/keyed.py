"""A server with keys, seen by those who have them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx

from live import PHOTO, Live
from unstill.adapters.key_store import KeyFile


def unstill(server: Live, *arguments: str) -> dict[str, Any]:
    """A command over the server's folder, in a process of its own; its answer."""
    command = [sys.executable, "-P", "-m", "unstill", *arguments, "--json", "--data-dir", str(server.data)]
    done = subprocess.run(command, env=dict(server.environ), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def added(server: Live, name: str) -> str:
    """A new key's secret."""
    return KeyFile(server.data).add(name)[1]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def create(client: httpx.Client, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    data = {"prompt": "pan left", "model": "testcard", "seed": "1", **fields}
    files = {"input_reference": ("a.png", PHOTO, "image/png")}
    return client.post("/v1/videos", data=data, files=files, headers=headers or {})


def log_files(server: Live) -> str:
    return "".join(path.read_text() for path in sorted((server.data / "logs").iterdir()))
