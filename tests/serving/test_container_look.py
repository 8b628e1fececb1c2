"""What the start of a container says: in words for containers, in the language of the computer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from unstill.adapters.data_folder import FolderLock
from unstill.domain.check import failure
from unstill.serving import container, container_look, orphans
from unstill.settings import Settings

MARKED = Path(__file__).parents[2] / "docker" / "healthcheck.py"


def said(capsys: pytest.CaptureFixture[str], **settings: object) -> str:
    container_look.look(Settings(**settings), "en")  # type: ignore[arg-type]
    return capsys.readouterr().out


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A data folder that another server has."""
    lock = FolderLock(tmp_path / "data")
    lock.take()
    yield tmp_path / "data"
    lock.release()


def test_a_folder_that_is_served_already(locked: Path) -> None:
    """The other container is not disturbed."""
    check = container_look.in_use(locked)
    assert check is not None
    assert check.status == "failure"
    assert "volume" in (check.fix or ("",))[0]


def test_a_free_folder_is_left_free(tmp_path: Path) -> None:
    """Looking does not keep the server from it."""
    assert container_look.in_use(tmp_path) is None
    lock = FolderLock(tmp_path)
    lock.take()
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="ids are POSIX's")
def test_files_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way back and the way on; what is not ours is not looked at."""
    (tmp_path / "lost+found").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert container_look.of_another(tmp_path) is None
    (tmp_path / "unstill.db").touch()
    check = container_look.of_another(tmp_path)
    assert check is not None
    assert f"--user {os.getuid()}:{os.getgid()}" in (check.fix or ("",))[0]


def test_a_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a command itself says only that it could not write there."""
    assert container_look.work_folder(tmp_path) is None
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    check = container_look.work_folder(tmp_path)
    assert check is not None
    assert "--user $(id -u):$(id -g)" in (check.fix or ("",))[0]


def test_ids_without_root() -> None:
    """They are told of unless they are what it runs as anyway."""
    mine = str(os.getuid()) if hasattr(os, "getuid") else "0"
    assert list(container_look.ids({})) == []
    assert list(container_look.ids({"PUID": mine})) == []
    (check,) = container_look.ids({"PUID": "54321"})
    assert "--user 0" in (check.fix or ("",))[0]


def test_the_fixes_are_those_of_a_container(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing of --data-dir, nothing of closing other programs."""
    folder = tmp_path / "data"
    folder.mkdir()
    told = said(capsys, data_dir=folder, free_gibibytes=10**9)
    assert "-v /LARGER:/data" in told
    assert "--data-dir" not in told
    memory = container_look._for_a_container(failure("memory", ("little", "少"), ("Close.", "关")), folder)
    assert "-m 2g" in (memory.fix or ("",))[0]


def test_where_the_page_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The port inside is not the one outside."""
    assert "`-p 127.0.0.1:7860:8123`" in said(capsys, data_dir=tmp_path, port=8123, host="0.0.0.0")


def test_loopback_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the container shares the computer's network."""
    check = container_look.ok("port", "free", "空闲")
    monkeypatch.setattr(container_look, "_shares_the_network", lambda: False)
    told = container_look._port(check, Settings(host="127.0.0.1", data_dir=tmp_path))
    assert "UNSTILL_HOST" in (told.fix or ("",))[0]
    monkeypatch.setattr(container_look, "_shares_the_network", lambda: True)
    assert container_look._port(check, Settings(host="127.0.0.1", data_dir=tmp_path)).status == "ok"


@pytest.mark.parametrize(
    ("route", "addresses", "only"),
    [
        ("eth0\t00000000", "fd000000 02 40 00 80     eth0", False),
        ("", "fd000000 02 40 00 80     eth0", True),
        ("", "00000001 01 80 10 80       lo", False),
        ("", "fe800000 02 40 20 80     eth0", False),
        ("", "", False),
    ],
)
def test_a_network_of_ipv6_alone(tmp_path: Path, route: str, addresses: str, only: bool) -> None:
    """Only where there is an address that others reach, and none of IPv4."""
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(f"Iface\tDestination\n{route}")
    (tmp_path / "proc/net/if_inet6").write_text(addresses)
    assert container.only_ipv6(tmp_path) is only
    assert not container.only_ipv6(tmp_path / "nothing")


def test_settings_of_its_options() -> None:
    """As the command line writes them."""
    assert container._flags(["--port", "9000", "--host=::", "--quiet"]) == {"port": "9000", "host": "::"}


def test_stopping_fits_into_what_engines_wait() -> None:
    """Ten seconds, of which the farewell takes some; who says otherwise is heard."""
    environ: dict[str, str] = {}
    container.settle(environ)
    assert 0 < float(environ["UNSTILL_GRACE_S"]) <= 8
    environ = {"UNSTILL_GRACE_S": "25"}
    container.settle(environ)
    assert environ["UNSTILL_GRACE_S"] == "25"


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux's")
def test_the_dead_are_reaped_when_nobody_else_does() -> None:
    """Not at the first sight: who started them may want to know how they ended."""
    child = subprocess.Popen(["true"])
    until = time.monotonic() + 30
    while not orphans._is_dead(child.pid):
        assert time.monotonic() < until
    once = orphans.look({}, looks=2)
    assert once[child.pid] == 1
    assert orphans._is_dead(child.pid)
    assert child.pid not in orphans.look(once, looks=2)
    assert not Path(f"/proc/{child.pid}").exists()
    child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux's")
def test_the_living_are_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid not in orphans.look({}, looks=1)
        assert child.poll() is None
        child.kill()


def test_the_health_check_asks_where_the_server_is(tmp_path: Path) -> None:
    """It is in server.json; without that, the port of the settings, and nothing else is one."""
    source = MARKED.read_text(encoding="utf-8").partition("direct = ")[0]

    def address(**environ: str) -> str:
        kept = {"PATH": os.environ["PATH"], "UNSTILL_DATA_DIR": str(tmp_path), **environ}
        told = subprocess.run(
            [sys.executable, "-c", source + "print(address())"], env=kept, stdout=subprocess.PIPE, text=True,
            check=True,
        )  # fmt: skip
        return told.stdout.strip()

    assert address() == "http://127.0.0.1:7860"
    assert address(UNSTILL_PORT="9000") == "http://127.0.0.1:9000"
    assert address(UNSTILL_PORT="auto") == "http://127.0.0.1:7860"
    (tmp_path / "server.json").write_text('{"url": "http://[::1]:7861"}')
    assert address(UNSTILL_PORT="9000") == "http://[::1]:7861"
