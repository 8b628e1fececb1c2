"""`unstill keys`: who may use a server, settled in its data folder whether it runs or not."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import httpx
import pytest
from api_parts import build

from odd_servers import odd, says
from remote_parts import ENTRY, tell
from unstill.adapters.key_store import KeyFile
from unstill.apps.api.guard import GuardSettings


def test_a_secret_is_printed_once_and_alone(cli, tmp_path: Path) -> None:
    """How to use it is said beside; the list does not hold it."""
    data = tmp_path / "data"
    answer = cli("keys", "add", "laptop  of  小明", "--data-dir", data)
    assert answer.code == 0, answer.err
    assert re.fullmatch(r"uns_[A-Za-z0-9_-]{32}\n", answer.out)
    assert answer.err.count("\n") == 1
    assert "UNSTILL_API_KEY=SECRET" in answer.err
    assert answer.out.strip() not in answer.err
    key = KeyFile(data).check(answer.out.strip())
    assert key is not None
    assert key.name == "laptop of 小明"
    head, row = cli("keys", "list", "--data-dir", data).out.splitlines()
    assert head.split()[0] == "Id"
    assert row.startswith(key.id)
    assert row.endswith("active  laptop of 小明")
    assert answer.out.strip() not in row
    assert (data / "keys.json").stat().st_mode & 0o077 == 0


def test_a_key_is_revoked_for_good(cli, tmp_path: Path) -> None:
    """It stays in the list, with the time."""
    secret = cli("keys", "add", "one", "--data-dir", tmp_path).out.strip()
    told = json.loads(cli("keys", "list", "--data-dir", tmp_path, "--json").out)
    assert [key["name"] for key in told] == ["one"]
    assert set(told[0]) == {"id", "name", "created_at", "last_used_at", "revoked_at"}
    gone = cli("keys", "revoke", told[0]["id"], "--data-dir", tmp_path, "--lang", "zh")
    assert (gone.code, gone.out) == (0, "")
    assert "从现在起失效" in gone.err
    assert KeyFile(tmp_path).check(secret) is None
    assert "revoked 20" in cli("keys", "list", "--data-dir", tmp_path).out
    assert "已于 20" in cli("keys", "list", "--data-dir", tmp_path, "--lang", "zh").out


def test_json(cli, tmp_path: Path) -> None:
    """The secret is in the answer to add, and in no other."""
    added = json.loads(cli("keys", "add", "one", "--data-dir", tmp_path, "--json").out)
    assert KeyFile(tmp_path).check(added.pop("secret")) is not None
    assert json.loads(cli("keys", "revoke", added["id"], "--data-dir", tmp_path, "--json").out)["revoked_at"]
    assert cli("keys", "add", "two", "--data-dir", tmp_path, "--quiet").err == ""


def test_looking_makes_no_folder(cli, tmp_path: Path) -> None:
    """A mistyped --data-dir leaves nothing behind."""
    data = tmp_path / "nowhere"
    empty = cli("keys", "list", "--data-dir", data)
    assert (empty.code, empty.out) == (0, "")
    assert empty.err == f"There are no keys: the folder {data} does not exist yet.\n"
    assert f"文件夹 {data} 还不存在" in cli("keys", "list", "--data-dir", data, "--lang", "zh").err
    assert json.loads(cli("keys", "list", "--data-dir", data, "--json").out) == []
    gone = cli("keys", "revoke", "key_1", "--data-dir", data)
    assert gone.code == 2
    assert "There is no key key_1." in gone.err
    assert not data.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add"], "missing_argument"),
        (["add", ""], "out_of_range"),
        (["add", "x" * 81], "out_of_range"),
        (["revoke"], "missing_argument"),
        (["revoke", "key_none"], "key_not_found"),
        (["remove", "x"], "unknown_command"),
    ],
)
def test_a_wrong_call(cli, tmp_path: Path, arguments: list[str], code: str) -> None:
    """Exit code 2."""
    more = [] if arguments[0] == "remove" else ["--data-dir", tmp_path]
    answer = cli("keys", *arguments, *more, "--json")
    assert answer.code == 2
    assert json.loads(answer.out)["error"]["code"] == code


def test_a_damaged_file_is_not_replaced(cli, tmp_path: Path) -> None:
    """It says who may come in."""
    (tmp_path / "keys.json").write_text("{")
    for command in (["add", "x"], ["list"], ["revoke", "key_1"]):
        answer = cli("keys", *command, "--data-dir", tmp_path)
        assert answer.code == 1
        assert "keys.json in the data folder is damaged" in answer.err
    assert (tmp_path / "keys.json").read_text() == "{"


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/nowhere").parent.exists(), reason="needs /proc")
def test_a_folder_that_cannot_be_written(cli) -> None:
    """The system's reason, in words."""
    answer = cli("keys", "add", "x", "--data-dir", "/proc/nowhere")
    assert answer.code == 1
    assert "cannot be written" in answer.err


def test_a_server_without_keys_has_to_be_started_again(cli, tmp_path: Path) -> None:
    """Said where one runs that asks for none; not of one that does, nor of a stranger at its address."""
    for answer, warned in (
        ({"auth": "none", "signed_in": True}, True),
        ({"auth": "keys", "signed_in": True}, False),
        (["auth"], False),
    ):
        with odd(says(answer)) as server:
            tell(tmp_path, server.url)
            said = cli("keys", "add", "x", "--data-dir", tmp_path, "--quiet")
        assert (said.code, "start it again" in said.err) == (0, warned)
    assert "start it again" not in cli("keys", "add", "x", "--data-dir", tmp_path).err


def test_a_running_server_heeds_it_at_once(cli, tmp_path: Path, quiet: None) -> None:
    """Added and revoked beside it."""
    data = tmp_path / "data"
    guarded = build(data, [ENTRY], GuardSettings(auth="keys"))
    guarded.start()
    try:
        secret = cli("keys", "add", "one", "--data-dir", data).out.strip()
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=guarded.url, trust_env=False, headers=headers) as web:
            assert web.get("/v1/videos").status_code == 200
            (key,) = json.loads(cli("keys", "list", "--data-dir", data, "--json").out)
            assert key["last_used_at"] <= time.time()
            cli("keys", "revoke", key["id"], "--data-dir", data)
            assert web.get("/v1/videos").status_code == 401
    finally:
        guarded.stop()
