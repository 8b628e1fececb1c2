"""A real S3 server on loopback in a process of its own: moto's server mode, with nothing in it."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

from unstill.adapters.storage.access import Access, Manners, client
from unstill.adapters.storage.faults import Place

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
PART = 5 << 20
BRISK = Manners(connect_s=5, read_s=20, attempts=3, pause_s=0.01, part_bytes=PART)
"""Patient enough for a busy machine; the least part that S3 takes."""
_PROGRAM = """
import sys, logging
logging.disable(logging.CRITICAL)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
_names = count(1)


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address; it ends with the block, or with this process."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


def access(url: str) -> Access:
    return Access(url, "us-east-1", KEY_ID, SECRET)


@cache
def calls(url: str, manners: Manners) -> Any:
    """A client; to make one takes longer than most tests."""
    return client(access(url), manners, Place("films", "", url))


def new_bucket(url: str) -> str:
    """The name of a bucket that was not there before."""
    name = f"films-{next(_names)}"
    calls(url, BRISK).create_bucket(Bucket=name)
    return name


def ask_for_keys(url: str, after: str) -> None:
    """From so many requests on ("inf": never) the server wants keys that it knows."""
    request = urllib.request.Request(
        f"{url}/moto-api/reset-auth", after.encode(), {"Content-Type": "text/plain"}, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        assert answer.status == 200
