"""Databases of older versions are brought to today's form, whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select

from job_store_contract import MANY, FakeClock, new
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.sqlite_jobs.formats import first_idempotency, first_meta, first_videos
from unstill.adapters.sqlite_jobs.migrations import upgrade
from unstill.adapters.sqlite_jobs.tables import FORMAT
from unstill.core.queue import Idempotency, JobStore
from unstill.domain.errors import UnstillError
from unstill.domain.service_errors import StoreDamaged, StoreFull

DATA = Path(__file__).parent / "data"
FIRST = DATA / "format-1.db"
"""A file that the last version with format 1 wrote, and what it said of its jobs."""
JOBS: list[dict[str, Any]] = json.loads((DATA / "format-1.json").read_text(encoding="utf-8"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "unstill.db"
    shutil.copy(FIRST, path)
    return path


def soon() -> FakeClock:
    """A minute or two after the old jobs were made, on a computer that was started anew."""
    clock = FakeClock()
    clock.wall_s = JOBS[-1]["created_at"] + 100
    return clock


def told(store: JobStore) -> list[dict[str, Any]]:
    """As the old version told it."""
    jobs = [asdict(store.get(job["id"], deleted=True)) for job in JOBS]
    found: list[dict[str, Any]] = json.loads(json.dumps(jobs, default=str))
    for job in found:
        assert job.pop("deadline_at") is None
    return found


def is_well(store: JobStore) -> None:
    assert told(store) == JOBS
    assert store.find("key_a", Idempotency("again", "d" * 64)) is not None
    freed = store.free_all()
    assert [job.id for job in freed] == [job["id"] for job in JOBS if job["state"] == "in_progress"]
    added, _ = store.add(new(), MANY)
    assert added.number == len(JOBS) + 1
    owners = [
        store.get(claimed[0].id).owner for n in range(4) if (claimed := store.claim(f"w{n}", ["motion"]))
    ]
    assert owners == ["key_a", "key_b", "", "key_a"], "those that waited have their turns"


def test_an_old_file_is_read_and_goes_on(old: Path) -> None:
    with closing(open_jobs(old, soon())) as store:
        is_well(store)
    with closing(open_jobs(old, soon())) as store:
        assert store.get(JOBS[0]["id"]).id == JOBS[0]["id"]


def test_the_old_file_stays_beside_it(old: Path) -> None:
    open_jobs(old, soon()).close()
    kept = old.with_name("unstill.db.format-1")
    with closing(sqlite3.connect(kept)) as plain, closing(sqlite3.connect(FIRST)) as first:
        assert list(plain.iterdump()) == list(first.iterdump())


def test_a_damaged_old_row_stops_it_and_nothing_is_changed(old: Path) -> None:
    with closing(sqlite3.connect(old)) as plain, plain:
        plain.execute("UPDATE videos SET output = replace(output, '1234', '1235') WHERE output IS NOT NULL")
    before = old.read_bytes()
    with pytest.raises(StoreDamaged):
        open_jobs(old, soon())
    assert old.read_bytes() == before


def test_a_full_disk_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreFull(path=old)

    monkeypatch.setattr("unstill.adapters.sqlite_jobs.migrations.upgrade", full)
    with pytest.raises(StoreFull):
        open_jobs(old, soon())
    monkeypatch.undo()
    with closing(open_jobs(old, soon())) as store:
        is_well(store)


STEPS = ("add_column", "drop_index", "create_index")


def _die_at(path: Path, step: str) -> None:
    """In a process of its own: end without a word when the migration comes to this step."""
    from alembic import op

    setattr(op, step, lambda *_, **__: os._exit(9))
    open_jobs(path, soon())


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_in_the_middle_leaves_the_old_file(old: Path, step: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_at, args=(old, step))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    with closing(open_jobs(old, soon())) as store:
        is_well(store)


def test_the_first_step_makes_the_tables_of_the_first_format(tmp_path: Path) -> None:
    """The chain begins where the first file began: the same tables and indexes."""
    path = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, 0, 1)
    engine.dispose()
    assert shape(path) == shape(FIRST)


def test_an_upgraded_file_has_the_columns_and_indexes_of_a_new_one(old: Path, tmp_path: Path) -> None:
    open_jobs(old, soon()).close()
    open_jobs(tmp_path / "new.db", soon()).close()
    assert shape(old) == shape(tmp_path / "new.db")


def shape(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as plain:
        names = [
            row[0] for row in plain.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")
        ]
        columns = {
            name: {(row[1], row[2], row[3], row[5]) for row in plain.execute(f"PRAGMA table_info({name})")}
            for name in names
        }
        indexes = {name: [row[2] for row in plain.execute(f"PRAGMA index_info({name})")] for name in names}
    return {
        name: (columns[name], indexes[name]) for name in names if not name.startswith(("sqlite_", "alembic"))
    }


# --- PostgreSQL -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    pytest.importorskip("psycopg")
    from postgres import binaries, running

    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as made:
        yield made


@pytest.fixture
def first(server: Any) -> str:
    """A database of the first format with the jobs of the file."""
    url: str = server.new_database()
    source = create_engine(f"sqlite:///{FIRST}")
    target = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with source.connect() as old, target.begin() as connection:
        upgrade(connection, 0, 1)
        for table in (first_videos, first_idempotency, first_meta):
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            connection.execute(insert(table), rows)
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('videos', 'number'), 12)")
    source.dispose()
    target.dispose()
    return url


def test_an_old_database_on_a_server_goes_on(first: str) -> None:
    from unstill.adapters.postgres_jobs import open_jobs as open_server

    with closing(open_server(first, soon())) as store:
        is_well(store)
    with closing(open_server(first, soon())) as store:
        assert len(store.page(limit=50).jobs) == len(JOBS)


def test_a_damaged_row_on_a_server_stops_it_and_nothing_is_changed(first: str) -> None:
    from unstill.adapters.postgres_jobs import open_jobs as open_server

    engine = create_engine(first.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE videos SET owner = 'x' WHERE number = 3")
    with pytest.raises(StoreDamaged):
        open_server(first, soon())
    with engine.connect() as connection:
        kept = connection.execute(select(first_meta.c.value).where(first_meta.c.key == "format")).scalar_one()
        assert kept == "1"
        assert len(connection.execute(select(first_videos)).all()) == len(JOBS)
    engine.dispose()


def test_two_servers_that_start_at_once_change_it_once(first: str) -> None:
    """The second waits for the first and finds nothing left to do."""
    from concurrent.futures import ThreadPoolExecutor

    from unstill.adapters.postgres_jobs import open_jobs as open_server

    with ThreadPoolExecutor(2) as pool:
        stores = list(pool.map(lambda _: open_server(first, soon()), range(2)))
    try:
        is_well(stores[1])
    except UnstillError as error:
        pytest.fail(str(error))
    finally:
        for store in stores:
            store.close()


def test_there_is_a_step_for_every_format() -> None:
    steps = Path(__file__).parents[2] / "src/unstill/adapters/sqlite_jobs/migrations/versions"
    assert {path.stem for path in steps.glob("format_*.py")} == {f"format_{n}" for n in range(1, FORMAT + 1)}
