"""Joining a Ray cluster: only one that is new enough, asks for a token, and answers in time."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from unstill.adapters.ray_workers.pools import Node
from unstill.domain.errors import ExtraMissing, InvalidField
from unstill.domain.service_errors import (
    RayDiffers,
    RayNotHere,
    RayTokenRefused,
    RayTooOld,
    RayUnprotected,
    RayUnreachable,
)

LEAST = (2, 54)
NAMESPACE = "unstill"
ANSWER_S = 30.0
"""For a cluster to answer; half a minute, since a busy machine takes seconds to read Ray alone."""
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
NO_TOKEN = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
PATIENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_gcs_rpc_server_reconnect_timeout_s": "31536000"}
"""For this process: Ray ends a driver whose cluster's head is away for a minute, and it is the API server."""
BY_NAME = "/dev/null/unstill"
"""A place to find code in, which holds none: with any, Ray imports an actor's class by its name on the node;
without one it would pickle the class here."""
_ASKING = "unstill.adapters.ray_workers.asking"


@dataclass(frozen=True)
class Cluster:
    """What a cluster says of itself."""

    address: str
    ray: str
    python: str


def check_cluster(address: str, timeout_s: float = ANSWER_S) -> Cluster:
    """Whether the cluster at ``address`` ("auto" or host:port) may be used.

    It is asked twice at once, with our token and with none: what answers the second runs anybody's programs.

    Raises:
        ExtraMissing: ray is not installed.
        RayTooOld, RayDiffers: Ray here or there is older than 2.54, or the two differ.
        RayUnprotected: tokens are switched off, here or there.
        RayTokenRefused: there is no token here, or the cluster does not take it.
        RayUnreachable: nobody answers in time.
        InvalidField: not an address that can be used.
    """
    here = _here()
    if address.startswith("ray://") or not address:
        raise InvalidField(
            param="ray_address", value=address, expected="auto or host:port; Ray's client is not supported",
            expected_zh="auto 或 主机:端口（不支持 Ray Client）",
        )  # fmt: skip
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        raise RayUnprotected(address=address)
    asked = [_ask(address, TOKEN), _ask(address, NO_TOKEN)]
    until = time.monotonic() + timeout_s
    told, open_to_all = (_answer(process, until) for process in asked)
    found = str(told.get("address") or address)
    if not open_to_all.get("refused") and not open_to_all.get("error"):
        raise RayUnprotected(address=found)
    if told.get("refused"):
        raise RayTokenRefused(address=found)
    if error := told.get("error"):
        raise RayUnreachable(address=address, reason=error)
    cluster = Cluster(found, str(told["ray"]), str(told["python"]))
    _new_enough(cluster.ray, f"the cluster at {found}", f"{found} 集群")
    if (cluster.ray, cluster.python) != (here, platform.python_version()):
        raise RayDiffers(
            address=found, found=f"Ray {cluster.ray}, Python {cluster.python}",
            here=f"Ray {here}, Python {platform.python_version()}",
        )  # fmt: skip
    return cluster


def _here() -> str:
    try:
        here = version("ray")
    except PackageNotFoundError as error:
        raise ExtraMissing(name="ray") from error
    _new_enough(here, "this computer", "本机")
    return here


def _new_enough(found: str, where: str, where_zh: str) -> None:
    parts = [int(part) for part in found.split(".")[:2] if part.isdigit()]
    if tuple(parts) < LEAST:
        raise RayTooOld(where=where, where_zh=where_zh, found=found or "?", least=".".join(map(str, LEAST)))


def _ask(address: str, mode: Mapping[str, str]) -> subprocess.Popen[str]:
    environ = {**os.environ, **mode}
    if mode is NO_TOKEN:
        environ = {name: value for name, value in environ.items() if not name.startswith("RAY_AUTH_TOKEN")}
    return subprocess.Popen(  # noqa: S603 our own program, no shell
        [sys.executable, "-P", "-m", _ASKING, address],
        env=environ, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _answer(process: subprocess.Popen[str], until: float) -> dict[str, Any]:
    with process:
        try:
            said, _ = process.communicate(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            return {"error": "no answer in time"}
    try:
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": "no answer"}
    return found


def connect(address: str, timeout_s: float = ANSWER_S) -> Cluster:
    """Check the cluster and join it as its driver; this process stays one until `disconnect`.

    Raises:
        RayNotHere: no node of the cluster runs on this computer.
        UnstillError: what `check_cluster` raises.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.update(PATIENT)
    cluster = check_cluster(address, timeout_s)
    ray = import_module("ray")
    import_module("ray._raylet").Config.initialize("")  # whoever read Ray before may have had no token
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=cluster.address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False,
            job_config=ray.job_config.JobConfig(code_search_path=[BY_NAME]),
        )  # fmt: skip
    except ray.exceptions.AuthenticationError as error:
        raise RayTokenRefused(address=cluster.address) from error
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise RayNotHere(address=cluster.address) from error
    finally:
        if main:  # ray.init takes the signal for itself; it is the server's
            signal.signal(signal.SIGTERM, before)
    return cluster


def disconnect() -> None:
    """Leave the cluster; actors that are still there end with it."""
    if (ray := sys.modules.get("ray")) is not None:
        ray.shutdown()


def nodes() -> list[Node]:
    """The living machines of the cluster that this process has joined."""
    ray = import_module("ray")
    return [
        Node(found["NodeID"], found["NodeManagerAddress"], dict(found["Resources"]), dict(found["Labels"]))
        for found in ray.nodes()
        if found["Alive"]
    ]
