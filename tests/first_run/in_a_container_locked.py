"""Containers that may do little: other users, no rights, nothing to write, no network."""

from __future__ import annotations

from pathlib import Path

from container_videos import make_video, make_video_inside
from containers import bare_read_only, box, told
from matrix import Ending, situation

GROUP = "A container: locked down"
WORKS = Ending(works=True)
READ_ONLY = ("--read-only", "--tmpfs", "/tmp")
NO_RIGHTS = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges")
STRANGER = ("--user", "54321:54321")


def _makes_a_video(*options: str) -> Ending:
    with box(*options, "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.stop() == 0
    return WORKS


@situation("container-unknown-uid", "A user id that is in no list: --user 54321:54321", GROUP)
def unknown_uid(room: Path) -> Ending:
    with box(*STRANGER, "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.exec("id", "-u").out.strip() == "54321"
    return WORKS


@situation("container-read-only", "--read-only with --tmpfs /tmp", GROUP)
def read_only(room: Path) -> Ending:
    return _makes_a_video(*READ_ONLY)


@situation("container-read-only-no-tmp", "--read-only, and nowhere to put temporary files", GROUP)
def read_only_no_tmp(room: Path) -> Ending:
    """The volume is all that can be written."""
    with box(*bare_read_only(), "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.exec("sh", "-c", "touch /tmp/a || touch /run/a").code != 0
    return WORKS


@situation("container-no-capabilities", "--cap-drop ALL", GROUP)
def no_capabilities(room: Path) -> Ending:
    return _makes_a_video("--cap-drop", "ALL")


@situation("container-no-new-privileges", "--security-opt no-new-privileges", GROUP)
def no_new_privileges(room: Path) -> Ending:
    return _makes_a_video("--security-opt", "no-new-privileges")


@situation("container-no-network", "--network none: a picture in over HTTP, an MP4 out", GROUP)
def no_network(room: Path) -> Ending:
    with box("--network", "none", "IMAGE") as server:
        make_video_inside(server.healthy())
    return WORKS


@situation("container-locked-up", "All of it at once: stranger, read-only, no rights, no network", GROUP)
def locked_up(room: Path) -> Ending:
    options = (*STRANGER, *bare_read_only(), *NO_RIGHTS, "--network", "none")
    with box(*options, "IMAGE") as server:
        make_video_inside(server.healthy())
        assert server.stop() == 0
    return WORKS


@situation("container-root-without-rights", "--user 0 with --cap-drop ALL: nobody else can be become", GROUP)
def root_without_rights(room: Path) -> Ending:
    with box("--user", "0", "--cap-drop", "ALL", "IMAGE") as refused:
        assert refused.ended() == 78
        line = refused.told("Another user cannot be taken on")
    _makes_a_video("--cap-drop", "ALL", "--user", "1000:1000")
    return Ending(works=False, told=line, fix="started with `--user 1000:1000`")


@situation(
    "container-compose-rights", "The rights that compose.yaml leaves, started as root with PUID", GROUP
)
def compose_rights(room: Path) -> Ending:
    """SETUID, SETGID and CHOWN are what becoming somebody else takes."""
    few = ("--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID", "--cap-add", "CHOWN")
    with box("--user", "0", "-e", "PUID=1234", "-e", "PGID=1234", *few, "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert "1234" in server.exec("cat", "/proc/1/status").out
        assert told(server.logs(), "Data folder")
    return WORKS
