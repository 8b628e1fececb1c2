"""Rows that an earlier version wrote."""

from __future__ import annotations

import json

from job_store_contract import FakeClock
from unstill.adapters.sqlite_jobs.rows import job_of, new_row
from unstill.core.queue import NewJob
from unstill.domain.job import Input


def test_an_output_without_a_bare_last_frame_is_read() -> None:
    """Before there was one."""
    new = NewJob(
        id="video_1", owner="", request={"model": "motion"}, plan={}, input=Input("a.png", "a.jpg", "", 1, 1)
    )
    made = {"file": "outputs/a.mp4", "size_bytes": 1, "sha256": "ff", "elapsed_s": 1.0, "peak_bytes": 1,
            "thumbnail": "outputs/a.jpg", "spritesheet": None}  # fmt: skip
    job = job_of({**new_row(new, 0, FakeClock()), "number": 1, "output": json.dumps(made)})
    assert job.output is not None
    assert (job.output.last_frame, job.output.files()) == (None, ["outputs/a.mp4", "outputs/a.jpg"])
