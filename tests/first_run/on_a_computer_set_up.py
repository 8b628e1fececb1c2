"""What may come between a fresh clone and its first video."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from matrix import Ending, situation
from newcomer import (
    REPOSITORY,
    can_be_interrupted,
    check_video,
    copy_of_repository,
    demo_made,
    make,
    newcomer,
    run,
    wheels_of_system,
    without,
)  # fmt: skip
from newcomer_roots import debian, inside, needs_root
from newcomer_server import Server, films
from on_a_computer_python import DEMO
from shims import CLOCK, shim

GROUP = "Setting up"


@situation("no-make", "no make on the computer", GROUP)
def no_make(room: Path) -> Ending:
    root = debian(room)
    inside(root, "dpkg --purge make && apt-get -q update && apt-get -qy install python3-venv").well()
    inside(root, "make start", DEMO).badly().line("make")
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(r"without `make`: `(.+?)`", readme.replace("\n", " "))
    assert found, "the README does not say how to do without make"
    set_up = found[1].partition(" && ")[0]
    picture = "src/unstill/assets/examples/rocket.jpg"
    film = f".venv/bin/unstill generate {picture} 'push in' --num-frames 12 -o demo.mp4"
    inside(root, f"{set_up} && {film}", DEMO, wheels_of_system()).well()
    check_video(root / "home/new/unstill/demo.mp4")
    return Ending(works=False, told=f"README: {found[0]}", fix=set_up)


@situation("unpacked-archive", "the repository unpacked from a .zip, without .git", GROUP)
def unpacked_archive(room: Path) -> Ending:
    copy_of_repository(room / "unstill-main")
    shutil.make_archive(str(room / "main"), "zip", room, "unstill-main")
    shutil.rmtree(room / "unstill-main")
    shutil.unpack_archive(room / "main.zip", room / "Downloads")
    demo_made(room / "Downloads" / "unstill-main", newcomer(room, **wheels_of_system()))
    return Ending(works=True)


@situation("chinese-path", "a folder with spaces and Chinese characters in its path", GROUP)
def chinese_path(room: Path) -> Ending:
    tree = copy_of_repository(room / "我的 文件" / "it's $mine" / "un still")
    env = newcomer(room, **wheels_of_system())
    demo_made(tree, env)
    with Server(tree, "start", env, program="make") as server:
        films(room, server.url())
    return Ending(works=True)


@situation("long-path", "a very long path", GROUP)
def long_path(room: Path) -> Ending:
    tree, env = copy_of_repository(room.joinpath(*["a folder in a folder"] * 20) / "u"), newcomer(room)
    assert len(str(tree)) > 400
    demo_made(tree, {**env, **wheels_of_system()})
    with Server(tree, "start --data-dir data", env, program=".venv/bin/unstill") as server:
        films(room, server.url())
        server.stop().well()
    return Ending(works=True)


@situation("folder-moved", "the folder was moved or renamed after it was set up", GROUP)
def folder_moved(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    make(tree, env, ".venv/core.stamp").well()
    tree = tree.rename(room / "video maker")
    demo_made(tree, env).line("making it anew")
    return Ending(works=True)


def interrupted(room: Path, stop: Callable[[int], None], when: str) -> tuple[Path, dict[str, str], str]:
    """`make demo` is stopped as soon as a program of it has these words in its command line."""
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    said = room / "said.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(
            ["make", "demo"],
            cwd=tree,
            env=env,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=can_be_interrupted,
        )
    end = time.monotonic() + 120
    while run(["pgrep", "-g", str(process.pid), "-f", when], room, env).code:
        assert time.monotonic() < end, said.read_text()
        assert process.poll() is None, said.read_text()
    time.sleep(1)
    stop(process.pid)
    assert process.wait(60) != 0
    return tree, env, said.read_text()


@situation("ctrl-c", "Ctrl-C during set-up, and again", GROUP)
def ctrl_c(room: Path) -> Ending:
    tree, env, said = interrupted(room, lambda group: os.killpg(group, signal.SIGINT), "pip .*--editable")
    told = next(line for line in said.splitlines() if "Run it again to go on" in line)
    assert "Traceback" not in said, said
    demo_made(tree, env)
    return Ending(works=False, told=told, fix="make demo, again")


@situation("killed", "set-up is killed while the environment is being made, and run again", GROUP)
def killed(room: Path) -> Ending:
    tree, env, _ = interrupted(room, lambda group: os.killpg(group, signal.SIGKILL), "ensurepip")
    demo_made(tree, env)
    return Ending(works=True)


@situation("twice-at-once", "`make start` in two windows at once, in a fresh clone", GROUP)
def twice_at_once(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    with (
        Server(tree, "start", env, program="make", name="one") as one,
        Server(tree, "start", env, program="make", name="two") as two,
    ):
        urls = {one.url(), two.url()}
        assert len(urls) == 1, urls
        films(room, urls.pop())
        both = one.text + two.text
        assert "waiting for it" in both, both
        assert "unstill runs already" in both, both
    return Ending(works=True)


@situation("no-network", "no network at set-up", GROUP)
def no_network(room: Path) -> Ending:
    needs_root("ip")
    tree, env = copy_of_repository(room / "unstill"), newcomer(room)
    said = run("unshare -n make demo", tree, env).badly()
    told = said.line("needs a network")
    demo_made(tree, env)
    return Ending(works=False, told=told, fix="connected it, and ran it again")


@situation("wrong-proxy", "the proxy is set wrongly at set-up", GROUP)
def wrong_proxy(room: Path) -> Ending:
    tree, env = (
        copy_of_repository(room / "unstill"),
        newcomer(room, HTTPS_PROXY="http://me:secret@127.0.0.1:9"),
    )
    said = make(tree, env).badly()
    told = said.line("The proxy does not answer")
    assert "unset HTTPS_PROXY" in told
    assert "secret" not in told
    demo_made(tree, without(env, "HTTPS_PROXY"))
    return Ending(works=False, told=told, fix="unset HTTPS_PROXY")


@situation("wrong-clock", "the clock is decades off at set-up", GROUP)
def wrong_clock(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, LD_PRELOAD=str(shim(CLOCK)))
    for moment in (1_300_000_000, 4_000_000_000):  # 2011, 2096
        wrong = {**env, "CLOCK_SHIFT_S": str(moment - int(time.time()))}
        said = make(tree, wrong)
        if said.code:
            told = said.badly().line("Set the clock")
            demo_made(tree, env)
            return Ending(works=False, told=told, fix="set the clock")
        check_video(tree / "demo.mp4")
        run("rm -rf .venv demo.mp4", tree, env).well()
    return Ending(works=True)


@situation("umask-077", "umask 077", GROUP)
def umask_077(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    run("umask 077; make demo", tree, env).well()
    check_video(tree / "demo.mp4")
    return Ending(works=True)
