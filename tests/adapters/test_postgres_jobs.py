"""The job store on a real PostgreSQL server keeps the contract, with several servers beside each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("psycopg")

from fairness_contract import FairnessContract
from job_store_contract import JobStoreContract, World
from postgres import Server, binaries, running
from unstill.adapters.postgres_jobs import PostgresServer
from unstill.adapters.sqlite_jobs import SqlJobs

pytestmark = pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    url = server.new_database()
    made = World(lambda clock: SqlJobs(PostgresServer(url), clock))
    yield made
    made.store.close()


class TestPostgresJobs(JobStoreContract, FairnessContract):
    """Every rule of the contract."""
