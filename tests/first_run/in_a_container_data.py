"""Data folders that somebody else owns, that cannot be written, or that are full."""

from __future__ import annotations

import os
from pathlib import Path

from container_videos import client, make_video
from containers import box, once
from matrix import Ending, NotHere, situation

GROUP = "A container: its data folder"


def _roots_folder(room: Path) -> Path:
    """As `docker run -v ./data:/data` makes it where it was not there."""
    if os.getuid() != 0:
        raise NotHere("only root can make a folder of root's")
    folder = room / "data"
    folder.mkdir(mode=0o755)
    return folder


def _refused(*options: str) -> str:
    """It ends with 78, and this is what it says of the folder."""
    with box(*options, "IMAGE") as refused:
        assert refused.ended() == 78, refused.logs()
        return refused.told("/data cannot be written")


def _serves(*options: str, folder: Path | None = None, owner: int | None = None) -> None:
    with box(*options, "IMAGE", publish=True) as server:
        make_video(server.healthy())
    if folder is not None:
        assert (folder / "unstill.db").stat().st_uid == owner


@situation("container-data-of-root", "-v ./data:/data, which the engine made as root's", GROUP)
def data_of_root(room: Path) -> Ending:
    folder = _roots_folder(room)
    line = _refused("-v", f"{folder}:/data")
    assert "chown 1000:1000" in line
    os.chown(folder, 1000, 1000)
    _serves("-v", f"{folder}:/data", folder=folder, owner=1000)
    return Ending(works=False, told=line, fix="chown 1000:1000 of the folder")


@situation("container-data-of-root-puid", "The same, put right as a NAS does it", GROUP)
def data_of_root_puid(room: Path) -> Ending:
    folder = _roots_folder(room)
    line = _refused("-v", f"{folder}:/data")
    assert "--user 0 -e PUID=1000 -e PGID=1000" in line
    as_told = ("--user", "0", "-e", "PUID=1000", "-e", "PGID=1000")
    _serves(*as_told, "-v", f"{folder}:/data", folder=folder, owner=1000)
    return Ending(works=False, told=line, fix="started with `--user 0 -e PUID=1000 -e PGID=1000`")


@situation("container-data-of-another", "A data folder of somebody else's, started as that one", GROUP)
def data_of_another(room: Path) -> Ending:
    folder = _roots_folder(room)
    os.chown(folder, 4321, 4321)
    line = _refused("-v", f"{folder}:/data")
    assert "--user $(id -u):$(id -g)" in line
    _serves("--user", "4321:4321", "-v", f"{folder}:/data", folder=folder, owner=4321)
    return Ending(works=False, told=line, fix="started with `--user 4321:4321`")


@situation("container-data-root-chosen", "--user 0 and no PUID: nothing runs as root", GROUP)
def data_root_chosen(room: Path) -> Ending:
    folder = _roots_folder(room)
    _serves("--user", "0", "-v", f"{folder}:/data", folder=folder, owner=1000)
    return Ending(works=True)


@situation("container-data-read-only", "The data folder is mounted :ro", GROUP)
def data_read_only(room: Path) -> Ending:
    folder = _roots_folder(room)
    os.chown(folder, 1000, 1000)
    line = _refused("-v", f"{folder}:/data:ro")
    assert "without `:ro`" in line
    _serves("-v", f"{folder}:/data", folder=folder, owner=1000)
    return Ending(works=False, told=line, fix="left :ro out")


@situation("container-data-full", "The disk of the data folder is full", GROUP)
def data_full(room: Path) -> Ending:
    """It starts, so that there is a page to say it on; a picture is refused with the reason."""
    with box("--tmpfs", "/data:rw,size=8m,mode=1777", "IMAGE", publish=True) as server:
        line = server.healthy().told("free on the disk of /data")
        assert "-v /LARGER:/data" in line
        with client(server) as http:
            refused = http.post("/v1/videos", data={"prompt": "x"}, files={"input_reference": b"x" * 100})
        assert refused.status_code == 507, refused.text
        assert server.stop() == 0
    folder = _roots_folder(room)
    os.chown(folder, 1000, 1000)
    _serves("-v", f"{folder}:/data")
    return Ending(works=False, told=line, fix="mounted a folder of a larger disk")


@situation("container-puid-word", "PUID=abc", GROUP)
def puid_word(room: Path) -> Ending:
    return _wrong_id("abc", room)


@situation("container-puid-root", "PUID=0: root after all", GROUP)
def puid_root(room: Path) -> Ending:
    return _wrong_id("0", room)


def _wrong_id(value: str, room: Path) -> Ending:
    with box("--user", "0", "-e", f"PUID={value}", "IMAGE") as refused:
        assert refused.ended() == 78
        line = refused.told(f"PUID={value}")
    folder = _roots_folder(room)
    _serves("--user", "0", "-e", "PUID=4321", "-v", f"{folder}:/data", folder=folder, owner=4321)
    return Ending(works=False, told=line, fix="PUID=4321")


@situation("container-puid-without-root", "PUID and PGID as other images want them, without --user 0", GROUP)
def puid_without_root(room: Path) -> Ending:
    """It runs, as somebody else than was meant."""
    folder = _roots_folder(room)
    os.chown(folder, 1000, 1000)
    ids = ("-e", "PUID=4321", "-e", "PGID=4321")
    with box(*ids, "-v", f"{folder}:/data", "IMAGE") as server:
        line = server.healthy().told("PUID=4321 PGID=4321")
    as_told = ("--user", "0", *ids, "-v", f"{folder}:/data")
    with box(*as_told, "IMAGE") as refused:
        assert refused.ended() == 78
        assert "-R 4321:4321 /data" in refused.told("belongs to 1000:1000")
    _give(folder, "4321:4321")
    _serves(*as_told)
    assert folder.stat().st_uid == 4321
    return Ending(
        works=False, told=line, fix="gave the folder away as told then, and started with `--user 0`"
    )


def _give(folder: Path, owner: str) -> None:
    """The command that is told of."""
    root = ("--user", "0", "--entrypoint", "chown", "-v", f"{folder}:/data")
    said = once(*root, "IMAGE", "-R", owner, "/data")
    assert said.code == 0, said.text


@situation("container-data-of-before", "A volume of an earlier start, now as another user", GROUP)
def data_of_before(room: Path) -> Ending:
    folder = _roots_folder(room)
    os.chown(folder, 1000, 1000)
    _serves("-v", f"{folder}:/data")
    folder.chmod(0o777)
    with box("--user", "4321:4321", "-v", f"{folder}:/data", "IMAGE") as refused:
        assert refused.ended() == 78, refused.logs()
        line = refused.told("belongs to 1000:1000")
    _serves("--user", "1000:1000", "-v", f"{folder}:/data")
    _give(folder, "4321:4321")
    _serves("--user", "4321:4321", "-v", f"{folder}:/data")
    return Ending(works=False, told=line, fix="started as before; then gave it away and started as the other")
