"""Disks, folders and whose they are."""

from __future__ import annotations

from pathlib import Path

from matrix import Ending, situation
from newcomer import (
    QUICK,
    Said,
    check_video,
    copy_of_repository,
    demo_made,
    generates,
    installed,
    newcomer,
    photo,
    run,
    unstill,
    wheels_of_system,
    without,
)  # fmt: skip
from newcomer_roots import needs_root
from newcomer_server import serves
from shims import NO_LINKS, shim

GROUP = "Disk and folders"
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"
"""Somebody who is not root and not the owner of anything."""


def with_a_disk(room: Path, options: str, script: str, env: dict[str, str]) -> Said:
    """Run it where room/disk is a disk of its own, mounted with these options and gone afterwards."""
    needs_root("mount")
    (room / "disk").mkdir()
    mount = f"mount -t tmpfs -o {options} tmpfs disk"
    return run(["unshare", "--mount", "bash", "-c", f"{mount} && {{ {script}\n}}"], room, env, timeout=600)


@situation("disk-full-at-set-up", "the disk is full at set-up", GROUP)
def disk_full_at_set_up(room: Path) -> Ending:
    copy_of_repository(room / "unstill")
    script = """cp -r unstill disk/ && cd disk/unstill && ! make demo && echo FREED &&
        mount -o remount,size=3g .. && make demo && cp demo.mp4 ../../"""
    said = with_a_disk(room, "size=100m", script, newcomer(room, **wheels_of_system())).well()
    told = said.line("The disk is full")
    assert said.text.index(told) < said.text.index("FREED")
    check_video(room / "demo.mp4")
    return Ending(works=False, told=told, fix="freed some room")


@situation("tmpdir-full", "the folder for temporary files is full", GROUP)
def tmpdir_full(room: Path) -> Ending:
    tree = copy_of_repository(room / "unstill")
    script = "cd unstill && ! TMPDIR=$PWD/../disk make demo && echo NEXT && TMPDIR=$HOME make demo"
    said = with_a_disk(room, "size=300k", script, newcomer(room, **wheels_of_system())).well()
    told = said.line("The disk is full", "TMPDIR=")
    assert said.text.index(told) < said.text.index("NEXT")
    check_video(tree / "demo.mp4")
    return Ending(works=False, told=told, fix="TMPDIR=$HOME make demo")


@situation("tmpdir-missing", "TMPDIR names a folder that is not there", GROUP)
def tmpdir_missing(room: Path) -> Ending:
    tree = copy_of_repository(room / "unstill")
    demo_made(tree, newcomer(room, TMPDIR=str(room / "nowhere"), **wheels_of_system()))
    return Ending(works=True)


@situation("noexec", "a disk from which no programs may be run", GROUP)
def noexec(room: Path) -> Ending:
    tree = copy_of_repository(room / "unstill")
    env = newcomer(room, **wheels_of_system())
    said = with_a_disk(
        room, "size=3g,noexec", "cp -r unstill disk/ && cd disk/unstill && ! make demo", env
    ).well()
    told = said.line("noexec")
    demo_made(tree, env)
    return Ending(works=False, told=told, fix="moved the folder to another disk")


@situation("no-hard-links", "a disk without hard links, such as FAT or many network folders", GROUP)
def no_hard_links(room: Path) -> Ending:
    env = newcomer(room, LD_PRELOAD=str(shim(NO_LINKS)))
    assert run("touch a && ln a b", room, env).code != 0
    generates(room, env)
    serves(room, env=env)
    return Ending(works=True)


@situation("read-only-home", "a home that cannot be written to", GROUP)
def read_only_home(room: Path) -> Ending:
    photo(room)
    env, program = newcomer(room, HOME=str(room / "disk")), installed() / "unstill"
    film_it = f"{program} generate photo.jpg 'push in' {QUICK} -o out.mp4"
    script = f"{film_it} && ! {program} start && echo NEXT"
    said = with_a_disk(room, "ro,size=1m", script, env).well()
    serves(room, f"start --data-dir {room}/data", env)
    told = Said(1, said.text.partition("NEXT")[0]).told()
    assert "--data-dir" in told
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="--data-dir with a folder of one's own")


@situation("root-owned-data", "the data folder is root's, after a first start with sudo", GROUP)
def root_owned_data(room: Path) -> Ending:
    needs_root("setpriv")
    data = room / "data"
    serves(room, f"start --data-dir {data}")
    home = room / "own"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    env = newcomer(room, HOME=str(home))
    told = unstill(room, f"start --data-dir {data}", env, NOBODY).badly().told()
    assert str(data) in told
    assert "chown" in told
    run(f"chown -R 65534 {data}", room, env).well()
    serves(room, f"start --data-dir {data}", env, NOBODY)
    return Ending(works=False, told=told, fix="chown -R of the folder")


@situation("no-home", "HOME is not set, and the user has no home", GROUP)
def no_home(room: Path) -> Ending:
    needs_root("setpriv")
    photo(room)
    env = without(newcomer(room), "HOME")
    (room / "mine").mkdir()
    (room / "mine").chmod(0o777)
    unstill(room, f"generate photo.jpg 'push in' {QUICK} -o mine/out.mp4", env, NOBODY).well()
    check_video(room / "mine" / "out.mp4")
    told = unstill(room, "start", env, NOBODY).badly().told()
    assert "--data-dir" in told
    serves(room, "start --data-dir mine/data", env, NOBODY)
    return Ending(works=False, told=told, fix="--data-dir with a folder of one's own")


@situation("output-not-ours", "the output's folder belongs to somebody else", GROUP)
def output_not_ours(room: Path) -> Ending:
    needs_root("setpriv")
    photo(room)
    (room / "mine").mkdir()
    (room / "mine").chmod(0o777)
    env = newcomer(room, HOME=str(room / "mine"))
    told = unstill(room, f"generate photo.jpg 'push in' {QUICK}", env, NOBODY).badly().told()
    unstill(room, f"generate photo.jpg 'push in' {QUICK} -o mine/out.mp4", env, NOBODY).well()
    check_video(room / "mine" / "out.mp4")
    return Ending(works=False, told=told, fix="-o with a folder of one's own")


@situation("output-disk-full", "the disk is full while a video is written", GROUP)
def output_disk_full(room: Path) -> Ending:
    photo(room)
    wish = f"{installed()}/unstill generate photo.jpg 'push in' {QUICK}"
    script = f"! {wish} -o disk/out.mp4 && ls -A disk && echo NEXT && {wish} -o out.mp4"
    said = with_a_disk(room, "size=8k", script, newcomer(room)).well()
    told = Said(1, said.text.partition("NEXT")[0]).told()
    assert "out.mp4" not in said.text.partition("NEXT")[0].splitlines()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="-o on another disk")


@situation("data-disk-small", "less than 2 GiB are free where videos are kept", GROUP)
def data_disk_small(room: Path) -> Ending:
    photo(room)
    program = f"{installed()}/unstill"
    wish = f"UNSTILL_DATA_DIR={room}/disk/data {program} generate photo.jpg 'push in' {QUICK} --server local"
    wait = "until grep -q 'page is' said.txt; do sleep 0.2; done"
    script = f"""{program} start --data-dir disk/data >said.txt 2>&1 & {wait}; sleep 1
        cat said.txt; {wish} -o out.mp4 && exit 3; echo NEXT; mount -o remount,size=4g disk; sleep 3
        {wish} -o out.mp4; code=$?; kill %1; wait; exit $code"""
    said = with_a_disk(room, "size=500m", script, newcomer(room)).well()
    told = Said(1, said.text.partition("NEXT")[0]).told()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="freed some room")
