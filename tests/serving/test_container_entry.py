"""How a container begins, as a process of its own: what it says, what it refuses, and who it becomes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from unstill.apps.cli.app import app
from unstill.serving import container

PATIENCE_S = 60.0
EXAMPLE = Path(__file__).parents[2] / "src/unstill/assets/examples/rocket.jpg"
root_only = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else"
)


PLAIN = "import os; os.getuid = lambda: 1000; from unstill.serving.container import main; main()"
"""As somebody who is not root begins it: what Python is made of may be readable for root alone here."""


def environ(data: Path, **more: str) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("UNSTILL_", "XDG_", "LC_"))}
    return {**kept, "UNSTILL_DATA_DIR": str(data), "LANG": "C.UTF-8", **more}


def begin(*command: str, data: Path, root: bool = False, **more: str) -> subprocess.CompletedProcess[str]:
    how = ["-m", "unstill.serving.container"] if root else ["-c", PLAIN]
    return subprocess.run(
        [sys.executable, *how, *command], env=environ(data, **more), timeout=120, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that everybody can reach and write."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    made = tmp_path / "data"
    made.mkdir()
    made.chmod(0o777)
    return made


def test_it_becomes_the_server(data: Path) -> None:
    """One process from the first line on; its findings come first, and it stops with 0 when told to."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environ(data, UNSTILL_PORT=str(port), HOME="/nowhere", UNSTILL_FREE_GIBIBYTES="0"), text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        said, talk = process.communicate(timeout=60)
    assert process.returncode == 0, talk
    assert f"ok       Data folder: {data}" in said
    assert "Graphics card: none" in said
    assert "Shared memory" not in said
    assert f"127.0.0.1:{port}" in talk
    assert {"unstill.db"} <= {path.name for path in data.iterdir()}


def test_a_folder_that_cannot_be_written_ends_it(data: Path) -> None:
    """With the way out, before anything else is tried."""
    refused = begin(data=Path("/proc/nothing"))
    assert refused.returncode == container.CANNOT_GO_ON
    assert "failure  Data folder: /proc/nothing" in refused.stdout
    assert "--user $(id -u):$(id -g)" in refused.stdout or "without `:ro`" in refused.stdout
    chinese = begin(data=Path("/proc/nothing"), UNSTILL_LANG="zh")
    assert "数据文件夹" in chinese.stdout
    locale = begin(data=Path("/proc/nothing"), LC_ALL="zh_CN.UTF-8")
    assert "数据文件夹" in locale.stdout


def test_a_port_that_is_taken_ends_it(data: Path) -> None:
    """In a container nobody is asked for another one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused = begin(data=data, UNSTILL_PORT=port)
    assert refused.returncode == container.CANNOT_GO_ON
    assert f"Port {port} is taken" in refused.stdout


def test_a_setting_that_is_wrong_ends_it(data: Path) -> None:
    """Named with what it may be."""
    refused = begin(data=data, UNSTILL_PORT="a lot")
    assert refused.returncode == container.CANNOT_GO_ON
    assert "port" in refused.stderr


@pytest.mark.parametrize("wrong", ["root", "0", "-1"])
@root_only
def test_ids_that_are_none(data: Path, wrong: str) -> None:
    """A typing error must not leave it running as root."""
    refused = begin(data=data, root=True, PUID=wrong)
    assert refused.returncode == container.CANNOT_GO_ON
    assert "--user" in refused.stdout


@root_only
def test_root_becomes_the_named_user(data: Path) -> None:
    """The folder is given to them, what lies in it is not touched."""
    data.chmod(0o755)
    old = data / "old.txt"
    old.write_text("mine")
    who = "id -u; id -g; id -G; echo $HOME"
    told = begin("sh", "-c", who, data=data, root=True, PUID="4321", PGID="765", HOME="/root")
    assert told.stdout.splitlines() == ["4321", "765", "765", str(data)], told.stderr
    assert (data.stat().st_uid, old.stat().st_uid) == (4321, 0)


def test_commands_of_unstill_run_as_such(data: Path) -> None:
    """`docker run unstill doctor`, and a video without a server."""
    told = begin("doctor", "--json", "--port", "auto", data=data)
    assert told.returncode == 0, told.stderr
    assert '"checks"' in told.stdout
    target = data / "a.mp4"
    made = begin(
        "generate", str(EXAMPLE), "pan left, 1 second", "--size", "64x48", "-o", str(target), data=data
    )
    assert made.returncode == 0, made.stderr
    assert target.stat().st_size > 1000


def test_a_command_that_is_none(data: Path) -> None:
    """Shells' own exit code, and the commands there are."""
    refused = begin("dcotor", data=data)
    assert refused.returncode == 127
    assert "doctor" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_start_serves(data: Path) -> None:
    """There is no browser to open in a container."""
    refused = begin("start", data=data, UNSTILL_PORT="a lot")
    assert refused.returncode == container.CANNOT_GO_ON


def test_every_command_is_known() -> None:
    """One that is added later must run in a container, too."""
    import typer

    group = typer.main.get_group(app)
    assert set(group.commands) - {"start"} == container.COMMANDS
