"""Somebody sets the clock, or a network does, while the service works."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from live import PATIENCE_S, Live, names
from orders import Orders, import_path

HOUR_S, MONTH_S = 3600.0, 31 * 24 * 3600.0
JUMPS = [HOUR_S, -HOUR_S, MONTH_S, -MONTH_S]
KEEP_HOURS = 24
"""How long deleted videos can be restored: less than a month, more than an hour."""


@pytest.fixture
def server(live: Callable[..., Live], engines: str) -> Live:
    made = live(
        PYTHONPATH=import_path(engines), UNSTILL_WORKERS="2", UNSTILL_KEEP_DELETED_HOURS=str(KEEP_HOURS)
    )
    Orders(made, "shifted", "hurried")
    return made.start()


def set_clock(server: Live, shift_s: float) -> None:
    """Both workers and the server live in that time from now on."""
    partial = server.log.with_name("clock.part")
    partial.write_text(str(shift_s))
    os.replace(partial, server.log.with_name("clock"))


def wait_for_stage(server: Live, video: str, stage: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while server.get(video)["stage"] != stage:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_clock_is_really_moved(server: Live) -> None:
    """Otherwise the other tests here would say nothing."""
    set_clock(server, MONTH_S)
    created = server.create().json()["created_at"]
    assert abs(created - time.time() - MONTH_S) < 60


def test_no_lease_is_stolen(server: Live) -> None:
    """A job in progress stays its worker's, though another has nothing to do, and is made at once."""
    for jump in JUMPS:
        video = server.create("doze", num_frames=24).json()["id"]
        wait_for_stage(server, video, "frame")
        set_clock(server, jump)
        time.sleep(1.5)
        set_clock(server, 0)
        assert server.settled(video)["state"] == "completed"
        assert f"{video}.1.mp4" in server.outputs(), jump
        assert "left behind" not in server.said(), jump


@pytest.mark.parametrize("restart", [False, True])
def test_nothing_expires_early(server: Live, restart: bool) -> None:
    """Neither a key nor a deleted video, also where a server starts in the other time."""
    kept = server.create(key="mine").json()["id"]
    gone = server.create().json()["id"]
    for video in (kept, gone):
        server.settled(video)
    for jump in JUMPS:
        with server.client() as client:
            assert client.delete(f"/v1/videos/{gone}").status_code == 200
        set_clock(server, jump)
        if restart:
            server.kill()
            server.start()
        time.sleep(1.0)  # five looks for what may be forgotten
        assert server.create(key="mine").json()["id"] == kept, jump
        set_clock(server, 0)
        time.sleep(0.5)
        assert server.create(key="mine").json()["id"] == kept, jump
        with server.client() as client:
            assert client.post(f"/v1/videos/{gone}/restore").json()["state"] == "completed", jump
            assert client.get(f"/v1/videos/{gone}/content").status_code == 200, jump
    assert len(names(server.data / "inputs")) == 2
