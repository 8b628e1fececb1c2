"""Starting twice, being stopped and killed, and what process 1 has to do."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from container_videos import ask_for_video, make_video, wait_for
from containers import PATIENCE_S, box, volume
from matrix import Ending, NotHere, situation

GROUP = "A container: its life"
LONG = {"prompt": "push in, 10 seconds", "size": "1024p"}
"""A video that takes longer than a stop waits."""
CLOCK = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t kind, struct timespec *now) {
    int code = syscall(SYS_clock_gettime, kind, now);
    if (kind == CLOCK_REALTIME) now->tv_sec -= 1700000000;
    return code;
}
time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec fine;
    clock_gettime(CLOCK_REALTIME, &fine);
    now->tv_sec = fine.tv_sec; now->tv_usec = fine.tv_nsec / 1000;
    return 0;
}
"""
"""For LD_PRELOAD: a computer whose clock has lost its battery."""


@situation("container-two", "Two side by side, each with its volume and port", GROUP)
def two(room: Path) -> Ending:
    with volume() as one, volume() as other:
        options = ("--label", "first-run=two")
        with (
            box(*options, "-v", f"{one}:/data", "IMAGE", publish=True) as first,
            box(*options, "-v", f"{other}:/data", "IMAGE", publish=True) as second,
        ):
            jobs = [(box_, ask_for_video(box_.healthy())) for box_ in (first, second)]
            for server, job in jobs:
                wait_for(server, job)
            assert first.key != second.key
    return Ending(works=True)


@situation("container-killed", "kill -9 with videos in the queue, and started again", GROUP)
def killed(room: Path) -> Ending:
    """Nothing that was accepted is lost."""
    with volume() as data, box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
        server.healthy()
        jobs = [ask_for_video(server) for _ in range(3)]
        server.kill()
        server.start().healthy()
        for job in jobs:
            wait_for(server, job)
    return Ending(works=True)


@situation("container-stop-idle", "docker stop while nothing is made", GROUP)
def stop_idle(room: Path) -> Ending:
    with box("IMAGE", publish=True) as server:
        server.healthy()
        began = time.monotonic()
        assert server.stop(10) == 0, server.logs()
        return Ending(works=True, told=f"stopped after {time.monotonic() - began:.1f} s")


@situation("container-stop-busy", "docker stop in the middle of a video", GROUP)
def stop_busy(room: Path) -> Ending:
    """It ends in the ten seconds that an engine gives; the video is made after the next start."""
    with box("IMAGE", publish=True) as server:
        job = ask_for_video(server.healthy(), **LONG)
        time.sleep(1)
        began = time.monotonic()
        assert server.stop(10) == 0, server.logs()
        seconds = time.monotonic() - began
        server.start().healthy()
        wait_for(server, job)
    return Ending(works=True, told=f"stopped after {seconds:.1f} s")


@situation("container-orphans", "docker exec leaves processes behind", GROUP)
def orphans(room: Path) -> Ending:
    """As process 1 the server takes note of their end."""
    with box("IMAGE") as server:
        server.healthy()
        assert server.exec("sh", "-c", "for n in 1 2 3; do sleep 1 & done").code == 0
        look = "grep -l '^State:.Z' /proc/[0-9]*/status | wc -l"
        until = time.monotonic() + PATIENCE_S
        time.sleep(2)  # until they have ended
        while (said := server.exec("sh", "-c", look)).out.strip() != "0":
            assert time.monotonic() < until, said.text
            time.sleep(1)
        assert server.stop() == 0
    return Ending(works=True)


@situation("container-clock", "The clock is wrong: 1972", GROUP)
def clock(room: Path) -> Ending:
    """Videos are made all the same; what it is bad for is said."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotHere("no C compiler for a clock that is wrong")
    (room / "clock.c").write_text(CLOCK)
    made = room / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, room / "clock.c"], check=True)
    wrong = ("-v", f"{made}:/opt/clock.so:ro", "-e", "LD_PRELOAD=/opt/clock.so")
    with volume() as data:
        with box(*wrong, "-v", f"{data}:/data", "IMAGE", publish=True) as server:
            line = server.healthy().told("The clock says 19")
            before, key = make_video(server), server.key
        with box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
            wait_for(server.healthy(), before, key)
            make_video(server, key)
            assert "The clock says" not in server.logs()
    return Ending(works=False, told=line, fix="set the clock; what was made before is still there")
