"""Terminals, languages and files named on the command line."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

from matrix import Ending, situation
from newcomer import (
    QUICK,
    check_video,
    copy_of_repository,
    generates,
    installed,
    make,
    newcomer,
    photo,
    run,
    unstill,
    wheels_of_system,
)  # fmt: skip
from newcomer_server import Server, films, serves

GROUP = "Terminal, language and files"
WISH = f'generate photo.jpg "push in" {QUICK}'


@situation("lang-c", "LANG=C, and a picture with a Chinese name", GROUP)
def lang_c(room: Path) -> Ending:
    env = newcomer(room, LANG="C", LC_ALL="C")
    photo(room, "照片.jpg")
    unstill(room, f'generate 照片.jpg "缓慢推近" {QUICK} -o 视频.mp4', env).well()
    check_video(room / "视频.mp4")
    serves(room, env=env)
    return Ending(works=True)


@situation("term-dumb", "TERM=dumb: no colours, no moving lines", GROUP)
def term_dumb(room: Path) -> Ending:
    photo(room)
    text = on_a_terminal(room, f"{installed()}/unstill {WISH} -o out.mp4", TERM="dumb")
    check_video(room / "out.mp4")
    assert "\x1b[" not in text, repr(text[-500:])
    return Ending(works=True)


def on_a_terminal(room: Path, command: str, **more: str) -> str:
    """What a real terminal is sent."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=room, env=newcomer(room, **more), stdin=far, stdout=far, stderr=far
    )
    os.close(far)
    seen, end = b"", time.monotonic() + 120
    while time.monotonic() < end:
        if select.select([near], [], [], 0.5)[0]:
            try:
                seen += os.read(near, 65536)
            except OSError:
                break
    os.close(near)
    assert process.wait(60) == 0, seen[-2000:]
    return seen.decode("utf-8", "replace")


@situation("no-tty", "no terminal at all: output goes to a file, no input", GROUP)
def no_tty(room: Path) -> Ending:
    photo(room)
    said = run(
        f"setsid {installed()}/unstill {WISH} >path.txt 2>talk.txt </dev/null", room, newcomer(room)
    ).well()
    assert not said.text
    check_video(room / (room / "path.txt").read_text().strip())
    assert "\x1b[" not in (room / "talk.txt").read_text()
    return Ending(works=True)


@situation("closed-outputs", "standard output and input are closed", GROUP)
def closed_outputs(room: Path) -> Ending:
    photo(room)
    run(f"{installed()}/unstill {WISH} -o out.mp4 <&- >/dev/null", room, newcomer(room)).well()
    check_video(room / "out.mp4")
    return Ending(works=True)


@situation("chinese", "a computer set to Chinese: set-up, start and errors are in Chinese", GROUP)
def chinese(room: Path) -> Ending:
    env = newcomer(room, LANG="zh_CN.UTF-8", **wheels_of_system())
    tree = copy_of_repository(room / "unstill")
    make(tree, env, ".venv/core.stamp").well().line("正在安装 unstill")
    with Server(room, "start", env, program=str(tree / ".venv/bin/unstill")) as server:
        films(room, server.url("已就绪"))
    told = unstill(room, "generate nirgends.jpg", env).badly().told()
    photo(room, "nirgends.jpg")
    unstill(room, f"generate nirgends.jpg {QUICK} -o out.mp4", env).well()
    return Ending(works=False, told=told, fix="named a picture that is there")


@situation("broken-picture", "a picture file that is damaged", GROUP)
def broken_picture(room: Path) -> Ending:
    whole = photo(room).read_bytes()
    (room / "photo.jpg").write_bytes(whole[:20] + b"\0" * 200)
    said = unstill(room, WISH + " -o out.mp4").badly()
    told = said.told()
    assert not (room / "out.mp4").exists()
    generates(room)
    return Ending(works=False, told=told, fix="saved the picture anew")


@situation("not-a-picture", "a PDF instead of a picture", GROUP)
def not_a_picture(room: Path) -> Ending:
    (room / "scan.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n")
    told = unstill(room, "generate scan.pdf -o out.mp4").badly().told()
    generates(room)
    return Ending(works=False, told=told, fix="named a JPEG")


@situation("output-folder-missing", "the output's folder does not exist", GROUP)
def output_folder_missing(room: Path) -> Ending:
    photo(room)
    said = unstill(room, f"{WISH} -o clips/new/out.mp4")
    if said.code == 0:
        check_video(room / "clips" / "new" / "out.mp4")
        return Ending(works=True)
    told = said.badly().line("clips")
    run("mkdir -p clips/new", room, newcomer(room)).well()
    unstill(room, f"{WISH} -o clips/new/out.mp4").well()
    return Ending(works=False, told=told, fix="mkdir -p clips/new")


@situation("output-exists", "the output is there already", GROUP)
def output_exists(room: Path) -> Ending:
    photo(room)
    (room / "out.mp4").write_text("somebody's film")
    said = unstill(room, f"{WISH} -o out.mp4").badly()
    assert (room / "out.mp4").read_text() == "somebody's film"
    told = said.told()
    assert "--force" in told
    unstill(room, f"{WISH} -o out.mp4 --force").well()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="--force")


@situation("prompt-without-quotes", "the prompt is not in quotes", GROUP)
def prompt_without_quotes(room: Path) -> Ending:
    photo(room)
    said = unstill(room, f"generate photo.jpg slow push in {QUICK} -o out.mp4").badly()
    told = said.told()
    assert '"slow push in"' in told
    unstill(room, f'generate photo.jpg "slow push in" {QUICK} -o out.mp4').well()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="put it in quotes")
