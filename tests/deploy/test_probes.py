"""A server with the settings of the manifests, asked as a cluster asks it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from manifests import KUBERNETES, image_variables, one, pod, rendered

PATIENCE_S = 60.0
POD = "10.42.0.7:7860"


def asked(port: int, path: str, host: str) -> int:
    """The status that an HTTP probe sees; 0 for no answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, "User-Agent": "kube-probe/1.37"})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def test_probes_are_answered_and_the_end_comes_in_time(tmp_path: Path) -> None:
    """By the pod's address and without a key, from the start until SIGTERM; strangers' names are refused."""
    found = rendered(KUBERNETES / "base")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNSTILL_", "XDG_"))}
    given = {**image_variables(), **one(found, "ConfigMap")["data"], "UNSTILL_API_KEY": "a-key-of-a-secret"}
    here = {"PATH": os.environ["PATH"], "UNSTILL_DATA_DIR": str(tmp_path), "UNSTILL_PORT": str(port),
            "UNSTILL_FREE_GIBIBYTES": "0"}  # fmt: skip
    log = tmp_path.parent / "log"
    with log.open("wb") as said, subprocess.Popen(
        [sys.executable, "-m", "unstill", "serve"], env={**kept, **given, **here}, stdout=said, stderr=said
    ) as server:  # fmt: skip
        try:
            end = time.monotonic() + PATIENCE_S
            while asked(port, "/readyz", POD) != 200:
                assert server.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < end
                time.sleep(0.1)
            assert asked(port, "/healthz", POD) == 200
            assert asked(port, "/healthz", "unstill.unstill.svc:7860") == 200
            assert asked(port, "/healthz", "elsewhere.example") not in (0, 200)
            assert asked(port, "/v1/videos", POD) == 401
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(timeout=pod(one(found, "Deployment"))["terminationGracePeriodSeconds"])
    assert code == 0, log.read_text(encoding="utf-8")
