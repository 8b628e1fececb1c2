"""A server of the page's own: this process serves, and Gradio is its child, which ends with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.core.services import Services
from unstill.core.serving import Listening
from unstill.domain.errors import Language

PATIENCE_S = 10.0
"""Seconds that Gradio gets to end once its server has."""


def serve_with_page(
    services: Services, data: Path, port: int | None, screen: Mapping[str, Any], language: Language
) -> int:
    """Serve on a free port of this computer, with Gradio's page before it; Gradio's exit code.

    Args:
        data: the server's folder.
        port: the page's.
        screen: the flags by which Gradio's process speaks, `json` and `quiet`.

    Raises:
        what `Services.serve` raises.
    """
    told = {"data_dir": str(data), "port": port, "language": language, **screen}
    page = _Page(told)
    with contextlib.closing(page):
        services.serve({"data_dir": str(data), "host": "127.0.0.1", "port": 0}, page.start)
    return page.code


class _Page:
    """Gradio's process. Its stdin is held open for as long as it may live."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self.code = 0

    def start(self, _said: Listening) -> None:
        command = [sys.executable, "-P", "-m", "unstill.apps.gradio_app", json.dumps(self._told)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 our own program
        threading.Thread(target=self._watch, args=(self._process,), name="gradio", daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """A server whose page is gone serves nobody."""
        code = process.wait()
        if not self._closing:
            self.code = code or 1
            os.kill(os.getpid(), signal.SIGTERM)

    def close(self) -> None:
        self._closing = True
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
