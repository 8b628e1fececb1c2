"""POST /v1/backup: the job database as one file, while the server works."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_parts import Station, build

from testcard import TESTCARD
from unstill.adapters.key_store import KeyFile
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.apps.api.guard import GuardSettings
from unstill.core.clock import SystemClock
from unstill.domain.service_errors import StoreBusy

Make = Callable[..., dict[str, Any]]


def left_behind(station: Station) -> list[Path]:
    return list(station.data.glob("tmp/*")) + list(station.data.glob("tmp/.*"))


def test_a_backup_holds_every_job(
    web: httpx.Client, station: Station, finished: Make, tmp_path: Path
) -> None:
    """It opens like any other job database, and nothing of it stays on the server."""
    made = [finished()["id"], finished("crash")["id"]]
    reply = web.post("/v1/backup")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/vnd.sqlite3"
    named = re.fullmatch(
        r'attachment; filename="unstill-backup-[0-9]{8}-[0-9]{6}\.db"', reply.headers["content-disposition"]
    )
    assert named
    assert reply.headers["cache-control"] == "no-store"
    assert int(reply.headers["content-length"]) == len(reply.content)
    copy = tmp_path / "copy.db"
    copy.write_bytes(reply.content)
    store = open_jobs(copy, SystemClock())
    assert {job.id for job in store.page(limit=1000).jobs} >= set(made)
    store.close()
    assert left_behind(station) == []


def test_only_the_operator_may(web: httpx.Client, station: Station) -> None:
    """It holds everybody's prompts."""
    refused = web.post("/v1/backup", headers={"authorization": "Bearer key_0"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
    assert "/v1/backup" in refused.json()["error"]["message"]
    assert left_behind(station) == []


def test_a_client_that_goes_away_leaves_nothing(web: httpx.Client, station: Station, make: Make) -> None:
    """Whether it hangs up before, or in the middle of the file."""
    make("x" * 4000)
    port = int(station.url.rpartition(":")[2])
    for wait in (False, True):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"POST /v1/backup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            if wait:
                client.recv(100)
    web.post("/v1/backup")
    while left_behind(station):
        time.sleep(0.01)


def test_a_busy_store_is_503(web: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing of the try is left."""

    def busy(target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"half")
        raise StoreBusy

    monkeypatch.setattr(station.service.store, "backup", busy)
    reply = web.post("/v1/backup")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert left_behind(station) == []


def test_who_is_the_operator(tmp_path: Path) -> None:
    """The holder of the operator's secret, and nobody with a key or without."""
    rules = GuardSettings(auth="keys", operator="operator-secret")
    guarded = build(tmp_path / "data", [TESTCARD], guard=rules)
    _, secret = KeyFile(guarded.data).add("laptop")
    guarded.start()
    try:
        for path in ("/v1/backup", "/v1/keys"):
            codes = [
                httpx.post(guarded.url + path, headers=headers, json={"name": "more"}).status_code
                for headers in ({}, {"X-API-Key": secret}, {"X-API-Key": "operator-secret"})
            ]
            assert codes == [401, 403, 200], path
    finally:
        guarded.stop()
