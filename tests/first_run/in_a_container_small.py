"""Containers that may use little of the computer."""

from __future__ import annotations

from pathlib import Path

from container_videos import make_video
from containers import box
from matrix import Ending, situation

GROUP = "A container: a small one"
WORKS = Ending(works=True)


@situation("container-512-mib", "-m 512m: a photo at the usual size", GROUP)
def memory_512(room: Path) -> Ending:
    """With a warning; the video is made all the same."""
    with box("-m", "512m", "IMAGE", publish=True) as server:
        server.healthy().told("docker run -m 2g")
        make_video(server, prompt="push in, 2 seconds", size="512p")
        assert server.inspect("{{.State.OOMKilled}}") == "false"
    return WORKS


@situation("container-256-mib", "-m 256m: too little", GROUP)
def memory_256(room: Path) -> Ending:
    """It says so, rather than be ended by the kernel in the middle of a video."""
    with box("-m", "256m", "IMAGE") as refused:
        assert refused.ended() == 78
        line = refused.told("of memory are free")
        assert "-m 2g" in line
    with box("-m", "2g", "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return Ending(works=False, told=line, fix="started with `-m 2g`")


@situation("container-one-cpu", "--cpus 1", GROUP)
def one_cpu(room: Path) -> Ending:
    with box("--cpus", "1", "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert "1 core" in server.logs()
    return WORKS


@situation("container-one-core", "--cpuset-cpus 0", GROUP)
def one_core(room: Path) -> Ending:
    with box("--cpuset-cpus", "0", "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return WORKS


@situation("container-few-processes", "--pids-limit 64", GROUP)
def few_processes(room: Path) -> Ending:
    with box("--pids-limit", "64", "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return WORKS


@situation("container-no-shared-memory", "--shm-size 64k", GROUP)
def no_shared_memory(room: Path) -> Ending:
    with box("--shm-size", "64k", "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return WORKS
