"""What the doctor sees, in sickness and in health: each finding with the fix that it names."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unstill import wiring
from unstill.core.ports import Accelerator
from unstill.doctor import computer, examine, graphics, linux, places
from unstill.doctor.graphics import Driver, Torch
from unstill.doctor.nvidia import Card, Holder
from unstill.domain.check import TITLES, Check
from unstill.serving import findings
from unstill.settings import Settings

GIB = 1 << 30
RTX = Card("GPU-1", Accelerator("RTX 3060", 12 * GIB, 11 * GIB, (8, 6), 3584, 1.7e9, 3.6e11))


def by_id(checks: list[Check]) -> dict[str, Check]:
    return {check.id: check for check in checks}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port="auto")


def looked(settings: Settings, **more: Any) -> list[Check]:
    return examine.examine(settings, wiring.House(settings), **more)


def test_everything_is_looked_at(settings: Settings) -> None:
    """Once each; with words in both languages, and a fix wherever something is not well."""
    checks = looked(settings)
    names = [check.id for check in checks]
    assert len(names) == len(set(names)) >= 19
    assert {name for name in names if "_" not in name or name in TITLES} >= set(TITLES) - {
        "model", "engine", "hub", "computer", "places", "graphics", "models",
    }  # fmt: skip
    assert "model_i2vgen-xl" in names
    for check in checks:
        for language in ("en", "zh"):
            told = check.to_json(language)  # type: ignore[arg-type]
            assert told["seen"]
            assert told["title"]
            assert (told["fix"] is None) is (check.status == "ok")


def test_a_finding_has_a_fix_or_is_well() -> None:
    """One without the other is a mistake of ours."""
    with pytest.raises(ValueError, match="disk"):
        Check("disk", "warning", ("a", "b"))
    with pytest.raises(ValueError, match="disk"):
        Check("disk", "ok", ("a", "b"), ("c", "d"))


def test_a_look_that_fails_is_told_and_the_others_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor is not what is ill."""
    monkeypatch.setattr(examine, "graphics", lambda: 1 // 0)
    found = by_id(looked(settings))
    assert found["graphics"].status == "warning"
    assert "ZeroDivisionError" in found["graphics"].seen[0]
    assert (found["graphics"].title_in("en"), found["graphics"].title_in("zh")) == ("Graphics", "图形设备")
    assert found["encoder"].status == "ok"


def test_every_part_has_a_title(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both languages, for where it is all that is known of it: ids are for programs."""

    def ill(*_: object) -> Iterator[Check]:
        raise OSError

    parts = ("computer", "places", "graphics", "models", "encoder", "hub")
    for name in parts:
        monkeypatch.setattr(examine, name, ill)
    checks = looked(settings, online=True)
    assert tuple(check.id for check in checks) == parts
    for check in checks:
        assert check.title_in("en") != check.id
        assert check.title_in("zh") not in (check.id, check.title_in("en"))


# --- the computer


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10), "failure"), ((3, 11), "ok"), ((3, 14), "ok"), ((3, 15), "warning")]
)
def test_pythons(version: tuple[int, int], status: str) -> None:
    assert computer.python(version).status == status


@pytest.mark.parametrize(("gib", "status"), [(0.3, "failure"), (0.7, "warning"), (2, "ok")])
def test_memory(gib: float, status: str) -> None:
    assert computer.memory(int(gib * GIB)).status == status


@pytest.mark.parametrize(("now", "status"), [(0, "warning"), (1.8e9, "ok"), (9e9, "warning")])
def test_clocks(now: float, status: str) -> None:
    assert computer.clock(now).status == status


def test_text_and_bits() -> None:
    assert computer.text("utf-8", "ANSI_X3.4-1968").status == "warning"
    assert computer.text("UTF8", "utf_8").status == "ok"
    assert computer.system(32).status == "failure"


def test_an_old_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it lacks is read off the kernel's list."""
    monkeypatch.setattr(computer.platform, "machine", lambda: "x86_64")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags\t\t: fpu sse4_2\n")
    assert computer.processor(tmp_path).status == "warning"
    (tmp_path / "proc/cpuinfo").write_text("flags\t\t: fpu sse4_2 avx2\n")
    assert computer.processor(tmp_path).status == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_what_a_container_allows(tmp_path: Path) -> None:
    """The least of its groups' limits."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/a/b\n")
    group = tmp_path / "sys/fs/cgroup/a/b"
    group.mkdir(parents=True)
    assert linux.limit_bytes(tmp_path) is None
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text(f"{512 << 20}\n")
    assert linux.limit_bytes(tmp_path) == 512 << 20
    assert computer.limits(tmp_path).status == "warning"


# --- places


def test_a_folder_that_is_not_there_yet_can_be_made(tmp_path: Path) -> None:
    """And is not made by looking."""
    assert places.data_folder(tmp_path / "a/b").status == "ok"
    assert not (tmp_path / "a").exists()


def test_a_folder_of_somebody_elses() -> None:
    """/proc can be written by nobody, root included."""
    found = places.data_folder(Path("/proc/unstill"))
    assert found.status == "failure"
    assert found.fix is not None
    assert "--data-dir" in found.fix[0]


def test_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, status in ((1, "failure"), (3, "warning"), (50, "ok")):
        usage = SimpleNamespace(free=free * GIB)
        monkeypatch.setattr(places.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert places.disk(tmp_path, 2.0).status == status


def test_ports() -> None:
    """Free; another program's, who is named; and one that nobody may have."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = places.port("127.0.0.1", other.getsockname()[1])
        assert taken.status == "warning"
        assert taken.fix is not None
        assert "--port auto" in taken.fix[0]
        if sys.platform == "linux":
            assert f"process {os.getpid()}" in taken.seen[0]
        number = other.getsockname()[1]
    assert places.port("127.0.0.1", number).status == "ok"
    assert places.port("127.0.0.1", "auto").status == "ok"
    assert places.port("203.0.113.7", 7860).status == "failure"


class Answering(http.server.BaseHTTPRequestHandler):
    body = b"{}"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


Answers = Callable[[bytes], int]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server on loopback that answers everything with these bytes; its port."""
    made: list[http.server.HTTPServer] = []

    def make(body: bytes) -> int:
        server = http.server.HTTPServer(("127.0.0.1", 0), type("One", (Answering,), {"body": body}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
        return int(server.server_address[1])

    yield make
    for server in made:
        server.shutdown()
        server.server_close()


def test_our_own_server_is_known(answers: Answers) -> None:
    """By what it says of itself; a proxy in the environment is not asked."""
    assert "unstill listens" in places.port("127.0.0.1", answers(b'{"service": "unstill"}')).seen[0]
    for other in (b"[1]", b"<html>", b'{"service": "other"}'):
        assert places.port("127.0.0.1", answers(other)).status == "warning"


@pytest.mark.parametrize(
    ("value", "status"),
    [("http://proxy:3128", "ok"), ("proxy:3128", "ok"), ("", "ok"), ("http://", "failure"),
     ("http://a:b:c", "failure"), ("ftp://proxy:1", "failure"), ("http://proxy:99999", "failure")],
)  # fmt: skip
def test_proxies(value: str, status: str) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        found = places.proxy({name: value})
        assert found.status == status
        if found.fix:
            assert "unset HTTPS_PROXY" in found.fix[0]


# --- graphics


def test_a_driver_that_is_missing_ill_or_too_old() -> None:
    """Each says what to install; one that is not needed is not missed."""
    no_torch, newer = Torch(None, None), Torch("2.13.0", (13, 0))
    cases = [
        (Driver(), no_torch, False, "ok", ""),
        (Driver(), no_torch, True, "failure", "Install NVIDIA's driver"),
        (Driver((12, 4), 999), newer, True, "failure", "Restart"),
        (Driver((12, 4)), newer, True, "failure", "CUDA 13.0 or newer"),
        (Driver((13, 1)), newer, True, "ok", ""),
    ]
    for driver, torch, plugged, status, fix in cases:
        found = graphics.driver_check(driver, torch, plugged=plugged)
        assert found.status == status
        assert fix in (found.fix or ("",))[0]


def test_cards_and_what_uses_them() -> None:
    assert graphics.card([RTX], Driver((13, 0)), apple=False).seen[0] == "RTX 3060"
    assert graphics.card([], Driver((13, 0)), apple=False).status == "warning"
    hidden = Driver((13, 0), graphics.NO_DEVICE)
    assert graphics.driver_check(hidden, Torch(None, None), plugged=False).status == "ok"
    assert graphics.card([], Driver(), apple=False).status == "ok"
    assert graphics.libraries(Torch(None, None), [RTX]).status == "warning"
    assert graphics.libraries(Torch("2.13.0+cpu", None), [RTX]).status == "warning"
    assert graphics.libraries(Torch("2.13.0", (13, 0)), [RTX]).status == "ok"
    assert graphics.libraries(Torch(None, None), []).status == "ok"
    full = Card("GPU-2", Accelerator("Full", 12 * GIB, GIB))
    assert graphics.card_memory([full]).status == "warning"
    assert graphics.card_memory([RTX]).status == "ok"


def test_the_drivers_library_is_asked_as_it_is(tmp_path: Path) -> None:
    """None is no driver; one that is none, or lacks a function, is told of as broken."""
    assert graphics.ask_driver("libnothing.so.1") == Driver()
    (tmp_path / "libcuda.so.1").write_bytes(b"no library")
    broken = graphics.ask_driver(str(tmp_path / "libcuda.so.1"))
    if sys.platform == "linux":
        assert "file too short" in (broken.broken or "")
        broken = graphics.ask_driver("libc.so.6")
        check = graphics.driver_check(broken, Torch(None, None), plugged=False)
        assert (broken.cuda, check.status) == (None, "failure")
        assert "again" in (check.fix or ("",))[0]


# --- models and hub


def test_files_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named with what to do; not fetched is no illness."""
    folder = tmp_path / "mine"
    folder.mkdir()
    settings = Settings(weights=(f"i2vgen-xl={folder}",), data_dir=tmp_path)
    found = by_id(list(examine.models(wiring.House(settings))))["model_i2vgen-xl"]
    assert found.status == "failure"
    assert "model_index.json" in found.seen[0]
    monkeypatch.setenv("HF_HOME", str(tmp_path / "none"))
    found = by_id(list(examine.models(wiring.House(Settings(data_dir=tmp_path)))))["model_i2vgen-xl"]
    assert found.status == "ok"


def test_the_hub_is_asked_only_when_told_to(settings: Settings, answers: Answers) -> None:
    """A mirror that answers is well, one that does not is named with the way round."""
    assert "hub" not in by_id(looked(settings))
    for address, status in ((f"http://127.0.0.1:{answers(b'[]')}", "ok"), ("http://127.0.0.1:9", "warning")):
        asked = settings.model_copy(update={"hf_endpoint": address})
        (found,) = examine.hub(asked)
        assert (found.id, found.status) == ("hub", status)
        assert address in found.seen[0]


# --- the command


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unstill", "doctor", *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, **environ}, timeout=120,
    )  # fmt: skip


def test_the_command_tells_it_all(tmp_path: Path) -> None:
    """As a table, as JSON, in Chinese; 1 where something fails, and the arrow shows the way out."""
    well = run("--port", "auto", "--data-dir", str(tmp_path), "--json")
    told = json.loads(well.stdout)["checks"]
    assert well.returncode == 0, well.stderr
    assert {"id", "title", "status", "seen", "fix"} == set(told[0])
    ill = run("--data-dir", "/proc/unstill", "--port", "auto", "--lang", "zh")
    assert ill.returncode == 1
    assert "故障  数据文件夹" in ill.stdout.replace("   ", "  ")
    assert "→" in ill.stdout
    assert "--data-dir" in ill.stdout


def test_fonts_for_a_desktop(tmp_path: Path) -> None:
    """Only where a browser runs here; one font for Chinese is enough."""
    desktop = {"DISPLAY": ":0"}
    assert places.fonts({}, [tmp_path]).status == "ok"
    if sys.platform == "linux":
        (tmp_path / "dejavu").mkdir()
        (tmp_path / "dejavu/DejaVuSans.ttf").touch()
        lacking = places.fonts(desktop, [tmp_path])
        assert lacking.status == "warning"
        assert "fonts-noto-cjk" in (lacking.fix or ("",))[0]
        (tmp_path / "dejavu/NotoSansCJK-Regular.ttc").touch()
        assert places.fonts(desktop, [tmp_path]).status == "ok"


def test_who_else_is_on_the_card() -> None:
    """The largest first, and how many more there are; that alone is no fault."""
    many = [Holder(f"game{number}", number, (9 - number) * GIB) for number in range(1, 7)]
    found = graphics.card_programs(many)
    assert found.status == "ok"
    assert found.seen[0].startswith("game1 (1, 8.0 GiB), ")
    assert found.seen[0].endswith(" and 2 more")
    assert graphics.card_programs([Holder("?", 7, 0)]).seen[1] == "? (7)"


def test_what_is_wrong_is_logged_after_a_start(caplog: pytest.LogCaptureFixture) -> None:
    """With its fix; what is well, and the port that the server itself has, are not."""
    checks = [
        Check("disk", "failure", ("full", "满"), ("make room", "清理")),
        Check("port", "warning", ("taken", "占用"), ("another", "换一个")),
        Check("clock", "ok", ("noon", "中午")),
    ]
    services: Any = SimpleNamespace(examine=lambda flags: checks if flags == {"data_dir": "/d"} else [])
    findings.look_aside(services, "/d").join()
    assert caplog.messages == ["doctor: Disk: full → make room"]
