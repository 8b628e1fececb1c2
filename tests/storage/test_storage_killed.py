"""A process that is killed while it keeps or fetches a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faulty_proxy import Proxy
from moto_server import KEY_ID, PART, SECRET
from storage_contract import VIDEO, kept, sha, write
from unstill.adapters.storage.s3 import S3Storage
from unstill.domain.errors import FileMissing
from unstill.domain.service_errors import StorageFailed

Opened = Callable[..., S3Storage]
PROGRAM = f"""
import sys
from pathlib import Path
from unstill.adapters.storage.access import Access, Manners
from unstill.adapters.storage.faults import Place
from unstill.adapters.storage.s3 import S3Storage
bucket, url, root, what = sys.argv[1:]
manners = Manners(attempts=1, part_bytes={PART})
storage = S3Storage(
    Place(bucket, "all/of/it", url), Path(root), Access(url, "us-east-1", "{KEY_ID}", "{SECRET}"), manners
)
storage.keep(["{VIDEO}"]) if what == "keep" else print(len(storage.at_hand("{VIDEO}").read_bytes()))
"""
SMALL, LARGE = b"film" * 1000, b"film" * (3 * PART // 8)
"""One that goes at once, by PUT and HEAD; and one in two parts, by POST, PUT, PUT, POST, HEAD and GET."""


def child(bucket: str, url: str, root: Path, what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, bucket, url, str(root), what], stdout=subprocess.PIPE
    )


@pytest.mark.parametrize(
    ("film", "steps", "there"),
    [(SMALL, 0, False), (SMALL, 1, True), (LARGE, 1, False), (LARGE, 3, False), (LARGE, 4, True),
     (LARGE, 5, True)],
    ids=["before the put", "before the look", "parts begun", "all parts", "completed", "looked at"],
)  # fmt: skip
def test_a_kill_in_the_middle_of_keep(
    opened: Opened, bucket: str, proxy: Proxy, film: bytes, steps: int, there: bool
) -> None:
    """After any step nothing counts as the file, or all of it does; keeping it again completes it."""
    one, two = opened(1), opened(2)
    write(one, VIDEO, film)
    if not steps:
        proxy.fail("PUT", "slow")
    with child(bucket, proxy.url, one.root, "keep") as process:
        proxy.after = lambda number: os.kill(process.pid, signal.SIGKILL) if number == steps else None
        if not steps:
            while not proxy.calls:
                time.sleep(0.01)
            process.kill()
        assert process.wait(60) == -signal.SIGKILL
    assert two.holds(VIDEO, len(film), sha(film)) == there
    if there:
        two.keep([VIDEO])
        assert two.at_hand(VIDEO).read_bytes() == film
    else:
        with pytest.raises(StorageFailed, match="neither here nor there"):
            two.keep([VIDEO])
        with pytest.raises(FileMissing):
            two.at_hand(VIDEO)
        assert list(two.names("outputs")) == []
    one.keep([VIDEO])
    assert opened(3).at_hand(VIDEO).read_bytes() == film


def test_a_kill_in_the_middle_of_a_download(opened: Opened, bucket: str, proxy: Proxy) -> None:
    """Half a copy is nobody's file, and the next reader of it clears it away."""
    kept(opened(1), content=SMALL)
    two = opened(2)
    with child(bucket, proxy.url, two.root, "fetch") as process:
        proxy.after = lambda _: os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    assert not (two.root / VIDEO).exists()
    assert list(two.root.rglob(".*.part.mp4"))
    assert two.at_hand(VIDEO).read_bytes() == SMALL
    assert not list(two.root.rglob(".*"))


def test_processes_that_fetch_the_same_file(opened: Opened, bucket: str, server: str) -> None:
    """Each has a whole one, and nothing else is left."""
    kept(opened(1), content=LARGE)
    root = opened(2).root
    processes = [child(bucket, server, root, "fetch") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert said == [f"{len(LARGE)}\n".encode()] * 2
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["video_0a1b.1.mp4"]
