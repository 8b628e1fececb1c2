"""The picture door under a fuzzer that sees which code its inputs reach."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import corpus
import figures

PROGRAM = Path(__file__).with_name("fuzz_picture_door.py")
SECONDS, PARTS = 900, 4
SMALL = 32 * 1024
"""Bytes of a seed: small ones are quick to change and to try."""


def seeded(folder: Path) -> Path:
    """The folder that the fuzzer starts from and adds to; kept from part to part."""
    folder.mkdir(parents=True, exist_ok=True)
    for raw in corpus.seeds().values():
        if len(raw) <= SMALL:
            (folder / hashlib.sha256(raw).hexdigest()[:16]).write_bytes(raw)
    return folder


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_picture_door_under_a_fuzzer(tmp_path: Path, part: int) -> None:
    """An hour in four parts: no exception but our own, no crash, no input over 10 s or 2 GiB."""
    if figures.is_done("fuzzed picture door", part):
        pytest.skip("done before")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("atheris")
    corpus.fetch()
    folder = seeded(figures.CHOSEN / "fuzz-pictures")
    limits = ("-timeout=10", "-rss_limit_mb=2048", f"-max_len={2 * SMALL}", f"-max_total_time={SECONDS}")
    options = (*limits, f"-seed={part + 1}", "-print_final_stats=1")
    command = [sys.executable, str(PROGRAM), str(folder), *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", errors="replace")
    left = sorted(path.name for path in tmp_path.iterdir())
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    assert (done.returncode, left) == (0, []), done.stderr[-4000:]
    assert runs is not None
    assert int(runs[1]) > 1000
    figures.record("fuzzed picture door", part=part, inputs=int(runs[1]), kept=len(list(folder.iterdir())))
