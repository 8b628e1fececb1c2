"""`unstill serve` as whoever types it meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 120


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts servers over ``tmp_path/data``; ended whatever comes."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "unstill", "serve", "--data-dir", str(tmp_path / "data")]
        process = subprocess.Popen(
            [*command, *arguments], env={**os.environ, **environ}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str], until: str) -> str:
    """Its stderr up to a line that holds this."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or until not in lines[-1]:
        line = process.stderr.readline()
        assert line, "".join(lines)
        lines.append(line)
    return "".join(lines)


def about(tmp_path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((tmp_path / "data" / "server.json").read_bytes())
    return found


def test_it_says_where_it_listens_and_what_it_will_use(
    tmp_path: Path, serving: Callable[..., subprocess.Popen[str]]
) -> None:
    """Address, device, models, folder and log; nothing on stdout; a stop is said, too, and is no failure."""
    process = serving("--port", "0")
    told = said(process, "Ctrl-C")
    url = re.search(r"unstill listens on (http://127\.0\.0\.1:\d+)", told)
    assert url is not None
    assert re.search(r"Device: cpu, [\d.]+ cores, [\d.]+ GiB of memory free", told)
    assert re.search(r"Models: .*motion", told)
    assert f"kept in {tmp_path / 'data'}" in told
    log = re.search(r"Log: (\S+)", told)
    assert log is not None
    assert "listens on" in Path(log[1]).read_text(encoding="utf-8")
    assert "link=" not in told
    assert about(tmp_path)["url"] == url[1]
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert httpx.get(f"{url[1]}/healthz", trust_env=False).json()["service"] == "unstill"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, "")
    assert "Stopped." in err
    assert "Traceback" not in told + err
    assert not (tmp_path / "data" / "server.json").exists()


def test_in_chinese(serving: Callable[..., subprocess.Popen[str]]) -> None:
    """Every line for people is."""
    told = said(serving("--port", "0", "--lang", "zh"), "Ctrl-C")
    ours = [line for line in told.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]
    assert len(ours) >= 6
    assert all(re.search("[\u4e00-\u9fff]", line) for line in ours)


def test_a_second_server_of_the_folder(tmp_path: Path, serving: Callable[..., subprocess.Popen[str]]) -> None:
    """Ends at once and says who holds it; the first does not notice."""
    first = serving("--port", "0")
    said(first, "Ctrl-C")
    second = serving("--port", "0")
    out, err = second.communicate(timeout=PATIENCE_S)
    assert (second.returncode, out) == (1, "")
    assert f"process {first.pid}, {about(tmp_path)['url']}" in err
    assert "--data-dir" in err
    assert first.poll() is None


def test_an_exposed_server_shows_its_key_once(
    tmp_path: Path, serving: Callable[..., subprocess.Popen[str]]
) -> None:
    """On the screen, not in the log; the next start says nothing of it, and the key still works."""
    process = serving("--port", "0", "--host", "0.0.0.0")
    told = said(process, "Ctrl-C")
    key, link = re.search(r"uns_[\w-]{32}", told), re.search(r"http://\S+\?link=\S+", told)
    assert key is not None
    assert link is not None
    address = str(about(tmp_path)["url"])
    page = httpx.get(f"{address}/v1/videos", trust_env=False)
    assert (page.status_code, page.json()["error"]["code"]) == (401, "invalid_api_key")
    headers = {"Authorization": f"Bearer {key[0]}"}
    assert httpx.get(f"{address}/v1/videos", headers=headers, trust_env=False).status_code == 200
    opened = httpx.get(link[0], trust_env=False, follow_redirects=False)
    assert opened.status_code == 303
    assert "unstill_session" in opened.cookies
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert key[0].encode() not in file.read_bytes()
            assert link[0].rpartition("=")[2].encode() not in file.read_bytes()
    again = said(serving("--port", "0", "--host", "0.0.0.0"), "Ctrl-C")
    assert "uns_" not in again
    assert (
        httpx.get(f"{about(tmp_path)['url']}/v1/videos", headers=headers, trust_env=False).status_code == 200
    )


def test_open_to_all_is_warned_of(serving: Callable[..., subprocess.Popen[str]]) -> None:
    """--auth none beyond this computer is the operator's own wish, and said."""
    assert "anybody who reaches this computer" in said(
        serving("--port", "0", "--host", "0.0.0.0", "--auth", "none"), "Ctrl-C"
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "says"),
    [
        (["--port", "http"], {}, "--port"),
        (["--port", "70000"], {}, "65535"),
        (["--workers", "65"], {}, "--workers"),
        (["--auth", "maybe"], {}, "'auto', 'keys' or 'none'"),
        ([], {"UNSTILL_PORT": "x"}, "UNSTILL_PORT"),
        ([], {"UNSTILL_LEASE_S": "0"}, "at least 0.2"),
        ([], {"UNSTILL_API_KEY": "short"}, "at least 8 characters"),
        (["--host", "203.0.113.7"], {}, "203.0.113.7"),
        (["--data-dir", "/dev/null/x"], {}, "/dev/null"),
    ],
)
def test_what_cannot_be(
    serving: Callable[..., subprocess.Popen[str]], arguments: list[str], environ: dict[str, str], says: str
) -> None:
    """Said in words, with what to do, and never with a traceback."""
    process = (
        serving("--port", "0", *arguments, **environ)
        if "--port" not in arguments and not environ
        else (serving(*arguments, **environ))
    )
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (1, 2)
    assert out == ""
    assert says in err
    assert "short" not in err.replace("--port", "")
    assert "Traceback" not in err


def test_json_says_the_address_to_programs(serving: Callable[..., subprocess.Popen[str]]) -> None:
    """One object on stdout as soon as it answers."""
    process = serving("--port", "0", "--json", "--quiet")
    assert process.stdout is not None
    text, end = "", time.monotonic() + PATIENCE_S
    while not text.endswith("}\n"):
        text += process.stdout.readline()
        assert time.monotonic() < end
    told = json.loads(text)
    assert httpx.get(f"{told['url']}/healthz", trust_env=False).status_code == 200


def test_settings_of_the_file_and_of_the_call(
    tmp_path: Path, serving: Callable[..., subprocess.Popen[str]]
) -> None:
    """The call's go before the file's."""
    config = tmp_path / "unstill.toml"
    config.write_text('log_format = "json"\nport = "auto"\nhosts = ["studio.example"]\n')
    process = serving("--port", "0", UNSTILL_CONFIG=str(config))
    told = said(process, "Ctrl-C")
    line = next(line for line in told.splitlines() if line.startswith("{"))
    assert json.loads(line)["level"] == "info"
    address = str(about(tmp_path)["url"])
    for host, status in (("studio.example", 200), ("other.example", 403)):
        answer = httpx.get(f"{address}/v1/models", headers={"Host": host}, trust_env=False)
        assert answer.status_code == status
