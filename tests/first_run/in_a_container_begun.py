"""The first commands that somebody types who has just got the image."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from container_videos import PHOTO, frames_of, make_video, wait_for
from containers import PATIENCE_S, Said, ask, box, engine, fresh_name, image, once, told, volume
from matrix import Ending, NotHere, situation

GROUP = "A container: begun"
WORKS = Ending(works=True)
MAKE = ("generate", "photo.jpg", "push in, 1 second", "--size", "256x192", "-o", "video.mp4")


@situation("container-plain", "docker run -p 127.0.0.1:7860:7860 -v unstill:/data", GROUP)
def plain(room: Path) -> Ending:
    """A picture over HTTP, a decoded MP4 back."""
    with volume() as data, box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.exec("cat", "/proc/1/comm").out.startswith("python"), "another process is the first"
    return WORKS


@situation("container-no-volume", "No volume is named", GROUP)
def no_volume(room: Path) -> Ending:
    """The image declares one, so that a restart forgets nothing."""
    with box("IMAGE", publish=True) as server:
        made, key = make_video(server.healthy()), server.key
        assert server.stop() == 0
        server.start().healthy()
        wait_for(server, made, key)
    return WORKS


@situation("container-foreground", "In the foreground without a terminal, ended by Ctrl-C", GROUP)
def foreground(room: Path) -> Ending:
    image()
    name = fresh_name()
    with subprocess.Popen(
        [*engine(), "run", "--rm", "--name", name, image()], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            until = time.monotonic() + PATIENCE_S
            while ask("exec", name, "python3", "/opt/healthcheck.py").code != 0:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        finally:
            ask("rm", "-f", "-v", name)
    assert "Open this link" in said
    assert "\x1b" not in said, "colours where there is no terminal"
    assert process.returncode == 0, said
    return WORKS


@situation("container-dumb-terminal", "A terminal that can do nothing: -t, TERM=dumb", GROUP)
def dumb_terminal(room: Path) -> Ending:
    with box("-t", "-e", "TERM=dumb", "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert "\x1b" not in server.logs()
    return WORKS


@situation("container-init", "docker run --init", GROUP)
def init(room: Path) -> Ending:
    """The server is then no process 1, and is told to stop all the same."""
    tried = once("--init", "IMAGE", "true")
    if "not found on the host" in tried.err:
        raise NotHere("this engine's --init needs a program that is not installed")
    with box("--init", "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.stop() == 0
    return WORKS


@situation("container-time-zone", "TZ names no place, LANG=C", GROUP)
def time_zone(room: Path) -> Ending:
    with box("-e", "TZ=Nowhere/Odd", "-e", "LANG=C", "-e", "LC_ALL=C", "IMAGE", publish=True) as server:
        make_video(server.healthy(), prompt="缓缓推近, 1 second")
    return WORKS


@situation(
    "container-chinese", "LC_ALL=zh_CN.GB18030: a Chinese computer's own, which the image has not", GROUP
)
def chinese(room: Path) -> Ending:
    """Everything is said in Chinese, from the first line on."""
    with box("-e", "LC_ALL=zh_CN.GB18030", "IMAGE", publish=True) as server:
        make_video(server.healthy(), prompt="镜头缓缓推近, 1 second")
        said = server.logs()
        assert "数据文件夹" in said.splitlines()[0]
        assert "请用浏览器打开" in said
    return WORKS


@situation("container-doctor", "docker run IMAGE doctor", GROUP)
def doctor(room: Path) -> Ending:
    said = once("IMAGE", "doctor")
    assert said.code == 0, said.text
    assert "All is well" in said.text
    return WORKS


@situation("container-shell", "A shell in the image", GROUP)
def shell(room: Path) -> Ending:
    said = once("-i", "IMAGE", "sh", stdin="id -u; pwd; unstill --version\n")
    assert said.code == 0, said.text
    assert said.out.split()[:2] == ["1000", "/data"]
    return WORKS


@situation("container-start", "docker run IMAGE start: the word from the README", GROUP)
def start(room: Path) -> Ending:
    """There is no browser to open in there; it serves."""
    with box("IMAGE", "start", publish=True) as server:
        make_video(server.healthy())
    return WORKS


@situation("container-typo", "A command that is mistyped", GROUP)
def typo(room: Path) -> Ending:
    said = once("IMAGE", "dcotor")
    assert said.code == 127
    assert "Traceback" not in said.text
    assert once("IMAGE", "doctor").code == 0
    return Ending(works=False, told=told(said.text, "dcotor: No such"), fix="took `doctor` from that list")


@situation("container-generate", "A video without a server, from a folder of one's own", GROUP)
def generate(room: Path) -> Ending:
    folder = _folder(room, 4321)
    said = _generate(folder, "--user", "4321:4321")
    assert said.code == 0, said.text
    video = folder / "video.mp4"
    assert frames_of(video.read_bytes()) > 1
    assert video.stat().st_uid == 4321
    return WORKS


@situation("container-generate-not-ours", "The same, and --user is forgotten", GROUP)
def generate_not_ours(room: Path) -> Ending:
    folder = _folder(room, 4321)
    said = _generate(folder)
    assert said.code not in (0, 78)
    assert _generate(folder, "--user", "4321:4321").code == 0
    assert frames_of((folder / "video.mp4").read_bytes()) > 1
    return Ending(works=False, told=told(said.text, "cannot write to /work"), fix="started with that")


def _folder(room: Path, owner: int) -> Path:
    """With a photo, as a person of this number has it."""
    if os.getuid() != 0:
        raise NotHere("only root can give a folder to somebody else")
    folder = room / "我的 pictures"
    folder.mkdir()
    shutil.copy(PHOTO, folder / "photo.jpg")
    for path in (folder, folder / "photo.jpg"):
        os.chown(path, owner, owner)
    return folder


def _generate(folder: Path, *options: str) -> Said:
    return once(*options, "-v", f"{folder}:/work", "-w", "/work", "IMAGE", *MAKE)
