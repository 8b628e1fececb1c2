"""A graphics card's driver that is not as it should be, and models' files."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from matrix import Ending, situation
from newcomer import QUICK, REPOSITORY, Said, check_video, newcomer, photo, unstill
from newcomer_server import Server, serves
from shims import NOT_A_LIBRARY, OLD_DRIVER, shim

sys.path.append(str(REPOSITORY / "tests" / "weights"))
from hub_imitation import UNET, imitation

GROUP = "Graphics card and models"
LIBRARIES = ("libcuda.so.1", "libnvidia-ml.so.1")


def told_by_the_doctor(said: Said) -> str:
    """The driver's line, and the one with an arrow below it."""
    lines = said.text.splitlines()
    first = next(n for n, line in enumerate(lines) if " Driver" in line)
    return " ".join(line.strip() for line in lines[first : first + 2])


def heals(room: Path, env: dict[str, str], *words: str) -> Ending:
    """Camera motion works all the same; the doctor names the fix, and after it is content."""
    serves(room, env=env)
    told = told_by_the_doctor(unstill(room, "doctor", env))
    for word in words:
        assert word in told, told
    assert told.startswith(("failure", "warning")), told
    well = told_by_the_doctor(unstill(room, "doctor", newcomer(room)).well())
    assert well.startswith("ok"), well
    return Ending(
        works=False, told=told, fix="took the broken driver away; camera motion worked before that, too"
    )


@situation("broken-driver", "the driver's library is damaged", GROUP)
def broken_driver(room: Path) -> Ending:
    folder = room / "driver"
    folder.mkdir()
    for name in LIBRARIES:
        (folder / name).write_bytes(b"\x7fELF and then nothing")
    return heals(room, newcomer(room, LD_LIBRARY_PATH=str(folder)), "Install NVIDIA's driver again")


@situation("strange-driver", "the driver's library is another program's", GROUP)
def strange_driver(room: Path) -> Ending:
    for name in LIBRARIES:
        shim(NOT_A_LIBRARY, name, room / "driver")
    return heals(room, newcomer(room, LD_LIBRARY_PATH=str(room / "driver")), "Install NVIDIA's driver again")


@situation("old-driver", "a driver of 2019, with a torch of today", GROUP)
def old_driver(room: Path) -> Ending:
    for name in LIBRARIES:
        shim(OLD_DRIVER, name, room / "driver")
    torch = room / "site" / "torch"
    torch.mkdir(parents=True)
    (torch / "version.py").write_text("cuda: str | None = '12.6'\n")
    (torch / "__init__.py").write_text("raise ImportError('libcudart.so.12: this is only its version')\n")
    info = room / "site" / "torch-2.9.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.9.0\n")
    env = newcomer(room, LD_LIBRARY_PATH=str(room / "driver"), PYTHONPATH=str(room / "site"))
    return heals(room, env, "CUDA 10.2", "CUDA 12.6")


def dreams(folder: Path) -> Path:
    """A small model that comes from a hub, and its engine, as an installed package."""
    folder.mkdir()
    tests = REPOSITORY / "tests"
    for source in (
        tests / "testcard.py",
        tests / "weights" / "dreams.py",
        tests / "weights" / "hub_imitation.py",
    ):
        shutil.copy(source, folder)
    info = folder / "dreams-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dreams\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[unstill.engines]\ndreams = dreams:family\n")
    return folder


@situation("half-downloaded-model", "a model's download was killed half-way", GROUP)
def half_downloaded_model(room: Path) -> Ending:
    photo(room)
    with imitation() as hub:
        more = {
            "PYTHONPATH": str(dreams(room / "engines")),
            "UNSTILL_SOURCE": "mirror",
            "HF_ENDPOINT": hub.url,
        }
        env = newcomer(room, **more)
        hub.fault(UNET, times=1, hang_at=40_000)
        with Server(room, "models pull dreams --accept-licence", env, name="pull") as pull:
            assert hub.hung.wait(120), pull.text
            end = time.monotonic() + 60
            while sum(path.stat().st_size for path in room.rglob("unet__diff*.part")) < 40_000:
                assert time.monotonic() < end, pull.text
                time.sleep(0.1)
            pull.kill()
        wish = f"generate photo.jpg 'push in' --model dreams {QUICK} -o out.mp4"
        told = unstill(room, wish, env).badly().told()
        assert "unstill models pull dreams" in told
        unstill(room, "models pull dreams --accept-licence", env).well()
        assert hub.bodies(UNET)[-1].headers.get("range"), "it began again from the beginning"
    unstill(room, wish, env).well()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="unstill models pull dreams, again: it went on where it was")


@situation("hub-out-of-reach", "the model hub cannot be reached", GROUP)
def hub_out_of_reach(room: Path) -> Ending:
    more = {"PYTHONPATH": str(dreams(room / "engines")), "UNSTILL_SOURCE": "mirror"}
    env = newcomer(room, **more)
    pull = "models pull dreams --accept-licence"
    told = unstill(room, pull, {**env, "HF_ENDPOINT": "http://127.0.0.1:9"}).badly().told()
    with imitation() as hub:
        unstill(room, pull, {**env, "HF_ENDPOINT": hub.url}).well()
    return Ending(works=False, told=told, fix="named a mirror that answers: HF_ENDPOINT")
