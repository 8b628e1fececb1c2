"""Which server is meant, and what it is sent: never a secret of another one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from odd_servers import odd, says
from unstill.apps.cli.remote.errors import BadAddress, NoServerHere
from unstill.apps.cli.remote.place import Place, address, asked_for, find
from unstill.domain.errors import BadSetting
from unstill.settings import load_settings

EMPTY = {"object": "list", "data": [], "has_more": False}
HERE = "http://127.0.0.1:7860"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://127.0.0.1:7860", HERE),
        ("http://127.0.0.1:7860/", HERE),
        (" http://127.0.0.1:7860/v1/ ", HERE),
        ("127.0.0.1:7860", HERE),
        ("films.example.org", "http://films.example.org"),
        ("HTTPS://Films.Example.org/unstill/v1", "https://films.example.org/unstill"),
        ("http://[::1]:7860", "http://[::1]:7860"),
        ("https://影片.example.org:8443", "https://影片.example.org:8443"),
    ],
)
def test_an_address_as_people_write_it(written: str, url: str) -> None:
    """With or without a scheme, and as other clients have it, with /v1."""
    assert address(written) == url


@pytest.mark.parametrize(
    "written",
    ["", "http://", "ftp://a", "http://a:99999", "http://a:x", "http://key@a", "http://a b", "http://a/?k=1",
     "http://a#b", "http://[::1", "http://a\x1b", "file:///etc/passwd", "http://:80"],
)  # fmt: skip
def test_what_is_no_address_is_refused(cli, written: str) -> None:
    """As a wrong call, with an example."""
    with pytest.raises(BadAddress):
        address(written)
    answer = cli("jobs", "list", "--server", written)
    assert answer.code == 2
    assert "Write it like http://127.0.0.1:7860." in answer.err


def told(folder: Path, **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "server.json").write_text(json.dumps({"pid": 1, "url": HERE, "secret": "op_s", **more}))
    return folder


def test_the_order_in_which_a_server_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, the setting, the data folder; `local` passes the setting over."""
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(told(tmp_path / "data")))
    local = Place(HERE, "op_s", tmp_path / "data")
    assert find(None, load_settings()) == find("auto", load_settings()) == local
    monkeypatch.setenv("UNSTILL_SERVER", "http://a")
    assert find(None, load_settings()) == find("auto", load_settings()) == Place("http://a")
    assert find("local", load_settings()) == local
    assert find("http://b", load_settings()) == Place("http://b")
    assert asked_for(None, "folder") == "local"
    assert asked_for("http://b", "folder") == "http://b"
    assert asked_for(None, None) is None


def test_a_secret_goes_only_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The running server's own to that server's address; a key that was set goes before it."""
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(told(tmp_path / "data")))
    assert find(HERE + "/v1", load_settings()).secret == "op_s"
    assert find("http://127.0.0.1:7861", load_settings()).secret is None
    monkeypatch.setenv("UNSTILL_API_KEY", "uns_mine-own")
    assert find(None, load_settings()).secret == "uns_mine-own"
    assert find("http://b", load_settings()).secret == "uns_mine-own"
    assert find(None, load_settings(), operator=True).secret == "op_s"
    assert "op_s" not in repr(find(None, load_settings(), operator=True))


def test_what_is_sent(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key as a bearer, the language, and nothing to a proxy when the server is this computer."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(told(tmp_path / "data")))
    with odd(says(EMPTY)) as server:
        assert cli("jobs", "list", "--server", server.url, "--lang", "zh").code == 0
        told(tmp_path / "data", url=server.url)
        assert cli("jobs", "list").code == 0
    (_, first), (_, second) = server.asked
    assert "authorization" not in first
    assert first["accept-language"] == "zh"
    assert first["accept-encoding"] == "identity"
    assert second["authorization"] == "Bearer op_s"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"url": 7}', '{"url": "ftp://a"}', "\xff", '{"url": "http://a b"}', "[" * 60000],
)
def test_a_server_file_that_says_nothing(tmp_path: Path, content: str) -> None:
    """Counts as no server."""
    (tmp_path / "server.json").write_text(content, encoding="latin-1")
    with pytest.raises(NoServerHere):
        find(None, load_settings({"data_dir": tmp_path}))


def test_a_key_that_no_header_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said, and not shown."""
    monkeypatch.setenv("UNSTILL_API_KEY", "geheim\nX-Evil: 1")
    with pytest.raises(BadSetting) as caught:
        find("http://a", load_settings())
    assert "geheim" not in caught.value.message() + caught.value.hint()


@pytest.mark.parametrize(
    ("lang", "says_", "does"),
    [("en", "No unstill server runs on the data folder", "Start one with `unstill serve`"),
     ("zh", "没有运行 unstill 服务", "`unstill serve`")],
)  # fmt: skip
def test_without_a_server(cli, lang: str, says_: str, does: str) -> None:
    """It says how to start one."""
    for command in (["list"], ["show", "video_1"], ["wait", "video_1"], ["download", "video_1"]):
        answer = cli("jobs", *command, "--lang", lang)
        assert (answer.code, answer.out) == (1, "")
        assert says_ in answer.err
        assert does in answer.err


def test_a_process_that_is_gone_counts_as_no_server(cli, tmp_path: Path, monkeypatch) -> None:
    """Another one may be at its address by now, and it must not be taken for it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    with odd(says(EMPTY)) as server:
        monkeypatch.setenv("UNSTILL_DATA_DIR", str(told(tmp_path / "data", url=server.url, pid=gone.pid)))
        answer = cli("jobs", "list")
        assert (answer.code, server.asked) == (1, [])
    assert "No unstill server runs on the data folder" in answer.err
    for pid in (0, -1, 10**30, "x", None):
        told(tmp_path / "data", pid=pid)
        with pytest.raises(NoServerHere):
            find(None, load_settings())


def test_a_server_that_was_killed(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is still there; nobody answers."""
    with odd(says(EMPTY)) as server:
        pass
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(told(tmp_path / "data", url=server.url)))
    answer = cli("jobs", "list", "--json")
    assert answer.code == 1
    assert (
        answer.err
        == f"Error: No unstill server answers at {server.url}.\n  Start one with `unstill serve`.\n"
    )
    assert json.loads(answer.out)["error"]["code"] == "no_server"
    away = cli("jobs", "list", "--server", "http://unstill.invalid:1")
    assert away.code == 1
    assert "Check the address, and that the server runs there." in away.err
