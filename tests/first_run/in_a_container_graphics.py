"""Graphics cards that are asked for and not there, and drivers that are broken or too old.

No card is needed: the driver's library is a stand-in, mounted where NVIDIA's toolkit puts the real one.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from container_videos import make_video
from containers import ask, box, fresh_name, image, once, told
from matrix import Ending, NotHere, situation

GROUP = "A container: graphics cards"
LIBRARY = "/usr/lib/x86_64-linux-gnu/libcuda.so.1"
DRIVER = "int cuDriverGetVersion(int *v) { *v = %d; return 0; }\nint cuInit(unsigned f) { return %d; }\n"
NO_DEVICE = 100
"""CUDA driver API, CUDA_ERROR_NO_DEVICE."""


@situation("container-nvidia-variable", "NVIDIA_VISIBLE_DEVICES=all, and there is no driver", GROUP)
def nvidia_variable(room: Path) -> Ending:
    with box("-e", "NVIDIA_VISIBLE_DEVICES=all", "IMAGE", publish=True) as server:
        make_video(server.healthy())
        assert server.told("no NVIDIA driver")
    return Ending(works=True)


@situation("container-gpus-all", "All cards are asked for, and there are none", GROUP)
def gpus_all(room: Path) -> Ending:
    """The engine refuses: docker's `--gpus all`, podman's `--device nvidia.com/gpu=all`."""
    name = fresh_name()
    asked = ("--gpus", "all") if "podman" not in ask("--version").out else ("--device", "nvidia.com/gpu=all")
    said = ask("run", "-d", "--name", name, *asked, image())
    ask("rm", "-f", "-v", name)
    if said.code == 0:
        raise NotHere("this engine has cards to give")
    line = said.err.strip().splitlines()[-1]
    with box("IMAGE", publish=True) as server:
        make_video(server.healthy())
    return Ending(works=False, told=line, fix="left it out, as docs/docker.md says")


@situation("container-driver-broken", "The driver's library is an empty file", GROUP)
def driver_broken(room: Path) -> Ending:
    """As it is after an update of the driver, until the container is made anew. Camera motion works."""
    broken = room / "libcuda.so.1"
    broken.write_bytes(b"")
    with box("-v", f"{broken}:{LIBRARY}:ro", "IMAGE", publish=True) as server:
        line = server.healthy().told("driver's library does not load")
        make_video(server)
    whole = _driver(room, 13000)
    said = once("-v", f"{whole}:{LIBRARY}:ro", "IMAGE", "doctor")
    assert "CUDA 13.0" in said.text
    return Ending(works=False, told=line, fix="a container made anew, with a library that is whole")


@situation("container-driver-old", "The driver is older than what torch was built for", GROUP)
def driver_old(room: Path) -> Ending:
    """torch is a stand-in, too: its version and what it was built for is all that is read."""
    torch = _torch(room)
    old = _driver(room, 11040)
    with box(*torch, "-v", f"{old}:{LIBRARY}:ro", "IMAGE", publish=True) as server:
        line = server.healthy().told("the installed torch needs CUDA 13.0")
        make_video(server)
    said = once(*torch, "-v", f"{_driver(room, 13010)}:{LIBRARY}:ro", "IMAGE", "doctor")
    assert "needs CUDA" not in said.text
    assert "CUDA 13.1" in said.text
    return Ending(works=False, told=line, fix="a driver for CUDA 13.1")


@situation("container-no-card", "A driver, and none of its cards is given to the container", GROUP)
def no_card(room: Path) -> Ending:
    library = _driver(room, 13000, NO_DEVICE)
    with box("-v", f"{library}:{LIBRARY}:ro", "IMAGE", publish=True) as server:
        line = server.healthy().told("no graphics card to be used")
        assert "--gpus all" in line
        assert "Restart the computer" not in server.logs()
        make_video(server)
    assert "no NVIDIA driver" in once("IMAGE", "doctor").text
    return Ending(works=False, told=line, fix="went on with camera motion, for want of a card")


def _driver(room: Path, version: int, started: int = 0) -> Path:
    """A library that says that it can do this CUDA, 13000 for 13.0."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotHere("no C compiler for a stand-in of the driver")
    folder = room / f"driver-{version}-{started}"
    folder.mkdir()
    (folder / "driver.c").write_text(DRIVER % (version, started))
    made = folder / "libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, folder / "driver.c"], check=True)
    return made


def _torch(room: Path) -> tuple[str, ...]:
    """The options that put one for CUDA 13.0 into a container."""
    place = room / "packages"
    (place / "torch" / "lib").mkdir(parents=True)
    (place / "torch" / "__init__.py").write_text("")
    (place / "torch" / "version.py").write_text("cuda = '13.0'\n")
    about = place / "torch-2.13.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0\n")
    assert told((about / "METADATA").read_text(), "Name: torch")
    return ("-v", f"{place}:/opt/packages:ro", "-e", "PYTHONPATH=/opt/packages")
