"""`unstill backup`: of a server that runs, or of a folder at rest; whole or not at all."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_parts import Station, build

from odd_servers import odd, reply, says
from remote_parts import ENTRY, tell
from unstill.adapters.data_folder import FolderLock
from unstill.apps.api.guard import GuardSettings

NAME = re.compile(r"unstill-backup-[0-9]{8}-[0-9]{6}(-[0-9]+)?\.db")


def jobs_in(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return sorted(row[0] for row in connection.execute("SELECT id FROM videos"))
    finally:
        connection.close()


@pytest.fixture
def at_rest(tmp_path: Path, quiet: None, monkeypatch) -> Iterator[Path]:
    """A data folder with a database, no server on it."""
    data = tmp_path / "data"
    made = build(data, [ENTRY])
    made.start()
    made.stop()
    monkeypatch.setenv("UNSTILL_DATA_DIR", str(data))
    return data


def test_of_a_running_server(cli, station: Station, here: Path, finished: Callable[..., str]) -> None:
    """Through it; the copy can be opened, is private, and the way back is said."""
    one = finished()
    answer = cli("backup")
    assert answer.code == 0, answer.err
    made = here / answer.out.strip()
    assert NAME.fullmatch(made.name)
    assert jobs_in(made).count(one) == 1
    assert made.stat().st_mode & 0o777 == 0o600
    assert f"Backup of {station.url}." in answer.err
    assert f"then copy this file to {station.data / 'unstill.db'}." in answer.err
    assert [p.name for p in here.iterdir()] == [made.name]


def test_of_a_folder_at_rest(cli, at_rest: Path, here: Path) -> None:
    """Without a server, or with the file of one that was killed."""
    for lang, says_ in (("en", "To restore: stop unstill"), ("zh", "恢复方法：停止 unstill")):
        answer = cli("backup", "copy.db", "--force", "--lang", lang)
        assert (answer.code, answer.out) == (0, "copy.db\n"), answer.err
        assert says_ in answer.err
    assert jobs_in(here / "copy.db") == []
    assert (here / "copy.db").stat().st_mode & 0o777 == 0o600
    with odd(says({})) as server:
        tell(at_rest, server.url)
    told = json.loads(cli("backup", "--json").out)
    assert NAME.fullmatch(told["path"])
    assert told["bytes"] == Path(told["path"]).stat().st_size
    assert told["source"] == str(at_rest / "unstill.db")


def test_where_it_goes(cli, at_rest: Path, here: Path) -> None:
    """Into a folder, or under a name; never over another file unasked."""
    (here / "safe").mkdir()
    assert cli("backup", "safe").out.startswith("safe/unstill-backup-")
    assert cli("backup", "new/").out.startswith("new/unstill-backup-")
    names = {cli("backup").out for _ in range(3)}
    assert len(names) == 3
    (here / "mine.db").write_bytes(b"mine")
    refused = cli("backup", "mine.db")
    assert refused.code == 2
    assert "exists already" in refused.err
    assert (here / "mine.db").read_bytes() == b"mine"
    assert cli("backup", "mine.db", "--force").code == 0
    assert jobs_in(here / "mine.db") == []
    for wrong in ("", "-"):
        assert cli("backup", wrong).code == 2
    assert cli("backup", "mine.db/x").code == 1


def test_a_folder_without_a_database(cli, tmp_path: Path, here: Path) -> None:
    """There is nothing to copy, and nothing is made."""
    answer = cli("backup", "--data-dir", tmp_path / "nowhere")
    assert answer.code == 2
    assert "unstill.db" in answer.err
    assert not (tmp_path / "nowhere").exists()
    assert list(here.iterdir()) == []


def test_a_server_that_holds_the_folder_and_does_not_answer(cli, at_rest: Path, here: Path) -> None:
    """Its lock is respected."""
    lock = FolderLock(at_rest)
    lock.take()
    try:
        answer = cli("backup")
    finally:
        lock.release()
    assert answer.code == 1
    assert "is in use by another unstill" in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [reply(b"<h1>Hello</h1>", kind="text/html"), reply(b"SQLite format 3\0" + b"\0" * 84), reply(b""),
     says({"error": {"message": "For the operator.", "code": "not_allowed", "hint": "."}}, 403)],
)  # fmt: skip
def test_what_is_no_backup_is_not_kept(cli, here: Path, answer) -> None:
    """A page, a cut-off database, nothing, a refusal."""
    with odd(answer) as server:
        told = cli("backup", "--server", server.url)
    assert (told.code, told.out) == (1, "")
    assert "was not kept" in told.err or "For the operator." in told.err
    assert list(here.iterdir()) == []


def test_a_named_server_that_is_away_is_no_folder_at_rest(cli, at_rest: Path, here: Path) -> None:
    """What was asked for is what is copied, or nothing."""
    with odd(says({})) as server:
        pass
    answer = cli("backup", "--server", server.url)
    assert answer.code == 1
    assert f"No unstill server answers at {server.url}." in answer.err
    assert list(here.iterdir()) == []


def test_the_operators_secret_goes_before_a_key(
    cli, tmp_path: Path, here: Path, quiet: None, monkeypatch
) -> None:
    """A key of somebody's may not copy the database; the data folder's own secret may."""
    data = tmp_path / "data"
    guarded = build(data, [ENTRY], GuardSettings(auth="keys", operator="op_secret"))
    guarded.start()
    try:
        tell(data, guarded.url, "op_secret")
        key = cli("keys", "add", "laptop", "--data-dir", data).out.strip()
        monkeypatch.setenv("UNSTILL_API_KEY", key)
        made = cli("backup", "a.db", "--data-dir", data)
        assert made.code == 0, made.err
        (data / "server.json").unlink()
        refused = cli("backup", "b.db", "--server", guarded.url, "--json")
        assert json.loads(refused.out)["error"]["code"] == "not_allowed"
        assert [p.name for p in here.iterdir()] == ["a.db"]
    finally:
        guarded.stop()


def test_a_full_disk(cli, station: Station, small_disk) -> None:
    """Nothing is left on it."""
    disk = small_disk("4k")
    answer = cli("backup", disk / "a.db", "--json")
    assert json.loads(answer.out)["error"]["code"] == "disk_full"
    assert list(disk.iterdir()) == []
