"""Which Python is there, and what is missing of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from matrix import Ending, NotHere, situation
from newcomer import (
    PLAIN_PATH,
    check_video,
    copy_of_repository,
    demo_made,
    installed,
    make,
    newcomer,
    python,
    run,
    wheels_of_system,
)  # fmt: skip
from newcomer_roots import debian, inside

GROUP = "Python"
DEMO = "/home/new/unstill"


def from_the_index(room: Path, version: str) -> Ending:
    """Set up with this Python, every package from the index, as a newcomer does it."""
    tree = copy_of_repository(room / "unstill")
    program = python(version)
    demo_made(tree, newcomer(room), f"PYTHON={program} demo")
    said = run([str(tree / ".venv/bin/python"), "--version"], tree, newcomer(room)).well()
    assert f"Python {version}." in said.text, said.text
    return Ending(works=True)


@situation("python-3.11", "Python 3.11, from a fresh clone to a video", GROUP)
def python_3_11(room: Path) -> Ending:
    return from_the_index(room, "3.11")


@situation("python-3.12", "Python 3.12", GROUP)
def python_3_12(room: Path) -> Ending:
    return from_the_index(room, "3.12")


@situation("python-3.13", "Python 3.13", GROUP)
def python_3_13(room: Path) -> Ending:
    return from_the_index(room, "3.13")


@situation("python-3.14", "Python 3.14, on a fresh Debian that has it", GROUP)
def python_3_14(room: Path) -> Ending:
    root = debian(room, "sid")
    version = inside(root, "python3 --version").well().text
    if "3.14" not in version:
        raise NotHere(f"Debian's next has {version.strip()} now")
    inside(root, "make demo", DEMO).well()
    check_video(root / "home/new/unstill/demo.mp4")
    return Ending(works=True)


def programs_without(folder: Path, *beginnings: str) -> Path:
    """A folder of links to this machine's programs, but for those that begin so."""
    folder.mkdir()
    for place in PLAIN_PATH.split(":"):
        for path in Path(place).glob("*") if Path(place).is_dir() else ():
            link = folder / path.name
            if not path.name.startswith(beginnings) and not os.path.lexists(link):
                link.symlink_to(path)
    return folder


@situation("python-3.10", "Python 3.10 only", GROUP)
def python_3_10(room: Path) -> Ending:
    programs = programs_without(room / "programs", "python", "pypy")
    for name in ("python3", "python3.10"):
        (programs / name).symlink_to(python("3.10"))
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, PATH=str(programs), **wheels_of_system())
    said = make(tree, env).badly()
    told = said.line("3.11 or newer", "Python 3.10")
    said.line("make PYTHON=")
    assert not (tree / ".venv").exists()
    demo_made(tree, env, f"PYTHON={python('3.11')} demo")
    return Ending(works=False, told=told, fix="make PYTHON=/its/place/python3.11 demo")


@situation("python-3.10-and-newer", "python3 is 3.10, and there is a python3.11 beside it", GROUP)
def python_3_10_and_newer(room: Path) -> Ending:
    programs = programs_without(room / "programs", "python", "pypy")
    (programs / "python3").symlink_to(python("3.10"))
    (programs / "python3.11").symlink_to(python("3.11"))
    tree = copy_of_repository(room / "unstill")
    demo_made(tree, newcomer(room, PATH=str(programs), **wheels_of_system())).line(
        "python3.11 is Python 3.11"
    )
    return Ending(works=True)


@situation("no-python", "a computer without Python", GROUP)
def no_python(room: Path) -> Ending:
    root = debian(room)
    inside(root, "apt-get -qy purge --allow-remove-essential python3-minimal python3.11-minimal").well()
    said = inside(root, "make demo", DEMO, wheels_of_system()).badly()
    told, fix = said.line("there is no Python here"), "apt install python3 python3-venv"
    assert fix in said.text
    inside(root, f"apt-get -q update && apt-get -qy install {fix.partition('install ')[2]}").well()
    inside(root, "make demo", DEMO, wheels_of_system()).well()
    check_video(root / "home/new/unstill/demo.mp4")
    return Ending(works=False, told=told, fix=fix)


@situation("no-venv-module", "a fresh Debian: Python without its venv module", GROUP)
def no_venv_module(room: Path) -> Ending:
    root = debian(room)
    said = inside(root, "make demo", DEMO, wheels_of_system()).badly()
    told = said.line("sudo apt install")
    package = told.rpartition("sudo apt install ")[2]
    inside(root, f"apt-get -q update && apt-get -qy install {package}").well()
    inside(root, "make demo", DEMO, wheels_of_system()).well()
    check_video(root / "home/new/unstill/demo.mp4")
    return Ending(works=False, told=told, fix=f"apt install {package}, in that root")


@situation("no-pip", "Python without pip, and an environment that was made without it", GROUP)
def no_pip(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    run("python3 -m venv --without-pip .venv", tree, env).well()
    demo_made(tree, env).line("making it anew")
    return Ending(works=True)


@situation("old-pip", "a pip of 2022", GROUP)
def old_pip(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room)
    run("python3 -m venv .venv && .venv/bin/pip install -q pip==22.0.4", tree, env).well()
    demo_made(tree, {**env, **wheels_of_system()})
    by_hand = "python3 -m venv own && own/bin/pip install -q pip==22.0.4 && own/bin/pip install -q ."
    run(by_hand, tree, env).well()
    run(f"own/bin/unstill generate {EXAMPLE} 'push in' --num-frames 12 -o own.mp4", tree, env).well()
    check_video(tree / "own.mp4")
    return Ending(works=True)


EXAMPLE = "src/unstill/assets/examples/rocket.jpg"


@situation("no-compiler", "no compiler on the computer", GROUP)
def no_compiler(room: Path) -> Ending:
    names = (
        "gcc",
        "cc",
        "g++",
        "c++",
        "c89",
        "c99",
        "clang",
        "x86_64-linux-gnu-g",
        "cargo",
        "rustc",
        "ld",
        "as",
    )
    programs = programs_without(room / "programs", *names)
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, PATH=str(programs))
    assert run("command -v gcc cc c++ clang", tree, env).code != 0
    demo_made(tree, env)
    return Ending(works=True)


@situation("environment-of-another-python", "a .venv of an older Python is there already", GROUP)
def environment_of_another_python(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    run([python("3.10"), "-m", "venv", ".venv"], tree, env).well()
    demo_made(tree, env).line("making it anew")
    return Ending(works=True)


@situation(
    "python-removed", "the Python that .venv was made with is gone, after an upgrade of the system", GROUP
)
def python_removed(room: Path) -> Ending:
    tree, env = copy_of_repository(room / "unstill"), newcomer(room, **wheels_of_system())
    shutil.copytree(installed().parent, tree / ".venv", symlinks=True)
    for path in (tree / ".venv" / "bin").glob("python*"):
        path.unlink()
    (tree / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3.9-gone")
    (tree / ".venv" / "core.stamp").write_text(str(tree))
    demo_made(tree, env).line("making it anew")
    return Ending(works=True)
