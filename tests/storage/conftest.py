"""One S3 server for all tests of a run, and a bucket for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faulty_proxy import Proxy
from moto_server import BRISK, access, calls, new_bucket, s3_server
from unstill.adapters.storage.access import Manners
from unstill.adapters.storage.faults import Place
from unstill.adapters.storage.s3 import S3Storage

Opened = Callable[..., S3Storage]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(autouse=True)
def no_keys_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have keys of a cloud; none of them is used."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "BOTO"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def bucket(server: str) -> str:
    return new_bucket(server)


@pytest.fixture(scope="session")
def one_proxy(server: str) -> Iterator[Proxy]:
    proxy = Proxy(server)
    yield proxy
    proxy.close()


@pytest.fixture
def proxy(one_proxy: Proxy) -> Iterator[Proxy]:
    """Without faults."""
    one_proxy.reset()
    yield one_proxy
    one_proxy.reset()


@pytest.fixture
def opened(server: str, bucket: str, tmp_path: Path) -> Opened:
    """Storages of machines by number: one bucket, a local folder each."""

    def make(number: int = 1, url: str = server, manners: Manners = BRISK) -> S3Storage:
        root = tmp_path / f"machine-{number}" / "scratch"
        storage = S3Storage(Place(bucket, "all/of/it", url), root, access(url), manners)
        storage._bucket.__dict__["_made"] = calls(url, manners)
        return storage

    return make
