"""Which clusters are not joined, and what is said then."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from ray_rig import ENVIRON, Machines, skip_without_ray, until
from unstill.adapters.ray_workers import check_cluster
from unstill.domain.errors import InvalidField
from unstill.domain.service_errors import (
    RayDiffers,
    RayTokenRefused,
    RayTooOld,
    RayUnprotected,
    RayUnreachable,
)

skip_without_ray()
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]  # Ray warns of its own ways


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


def a_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.fixture
def open_house(token: None) -> Iterator[str]:
    """The address of a cluster's head, or what clients see of it, that lets anybody in."""
    ray = import_module("ray")
    port, folder = a_port(), tempfile.mkdtemp(prefix="ur-")
    program = Path(ray.__file__).parent / "core" / "src" / "ray" / "gcs" / "gcs_server"
    words = [
        f"--log_dir={folder}", f"--gcs_server_port={port}", "--node-ip-address=127.0.0.1",
        "--config_list=e30=",
        "--metrics-agent-port=-1", "--session-name=open", f"--ray-commit={ray.__commit__}",
        f"--session-dir={folder}", f"--node-id={os.urandom(28).hex()}",
    ]  # fmt: skip
    with open(Path(folder, "said"), "wb") as said:
        environ = {**os.environ, "RAY_AUTH_MODE": "disabled"}
        process = subprocess.Popen([program, *words], env=environ, stdout=said, stderr=said)
    try:
        until(lambda: answers(port), "the head")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def test_a_cluster_that_asks_for_no_token_is_refused(
    open_house: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though we have one; and so is a wish to do without tokens."""
    with pytest.raises(RayUnprotected, match=open_house):
        check_cluster(open_house)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(RayUnprotected):
        check_cluster("127.0.0.1:1")


@pytest.mark.parametrize("mine", ["f" * 64, None])
def test_a_wrong_token_is_refused(
    mine: str | None, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none at all."""
    assert check_cluster(machines.address).ray == import_module("ray").__version__
    if mine is None:
        monkeypatch.delenv("RAY_AUTH_TOKEN")
    else:
        monkeypatch.setenv("RAY_AUTH_TOKEN", mine)
    with pytest.raises(RayTokenRefused, match=machines.address):
        check_cluster(machines.address)


def test_other_versions_are_refused(machines: Machines) -> None:
    """An old one by its age, a new one because Ray joins only what is alike."""
    kv = import_module("ray.experimental.internal_kv")
    at = {"key": b"CLUSTER_METADATA", "namespace": b"cluster"}
    before = kv._internal_kv_get(**at)
    try:
        for version, error in (("2.53.9", RayTooOld), ("99.1.0", RayDiffers)):
            said = {**json.loads(before), "ray_version": version}
            kv._internal_kv_put(value=json.dumps(said).encode(), overwrite=True, **at)
            with pytest.raises(error, match=version):
                check_cluster(machines.address)
    finally:
        kv._internal_kv_put(value=before, overwrite=True, **at)


def test_nobody_there_is_told_soon(token: None) -> None:
    """A closed door, one where nobody speaks, and no address."""
    with pytest.raises(RayUnreachable, match="refused"):
        check_cluster(f"127.0.0.1:{a_port()}")
    with socket.create_server(("127.0.0.1", 0)) as door, pytest.raises(RayUnreachable, match="in time"):
        check_cluster(f"127.0.0.1:{door.getsockname()[1]}", timeout_s=3)
    for wrong in ("ray://127.0.0.1:10001", ""):
        with pytest.raises(InvalidField, match="ray_address"):
            check_cluster(wrong)
