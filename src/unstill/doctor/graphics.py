"""Graphics cards, their driver and the libraries that use them. torch is not imported, CUDA is not started
beyond asking the driver."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from unstill.doctor import machine, nvidia
from unstill.domain.check import Check, failure, ok, warning

LEAST_FREE = 4 << 30
"""Free memory of a card below which generating is slow, layer by layer."""
GIB = 1 << 30
MOST_SHOWN = 4
NO_DEVICE = 100
"""CUDA driver API, CUDA_ERROR_NO_DEVICE: the driver is well, `card` says what is missing."""
DEVICES = Path("/dev")
_CUDA = re.compile(r"^cuda\s*(?::[^=]*)?=\s*['\"](\d+)\.(\d+)['\"]", re.M)


@dataclass(frozen=True)
class Driver:
    """What the driver's own library says."""

    cuda: tuple[int, int] | None = None
    """The newest CUDA that it can run; None where there is no library."""
    error: int = 0
    """Of cuInit, 0 for none."""
    broken: str | None = None
    """Why its library, which is there, cannot be used."""


def ask_driver(library: str = "libcuda.so.1") -> Driver:
    """CUDA driver API, cuDriverGetVersion and cuInit."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else library)
        number = ctypes.c_int()
        cuda.cuDriverGetVersion(ctypes.byref(number))
        return Driver((number.value // 1000, number.value % 1000 // 10), int(cuda.cuInit(0)))
    except OSError as error:  # dlopen(3) tells by words alone which file is not there
        missing = str(error).startswith(f"{library}:") and "No such file" in str(error)
        return Driver(broken=None if missing or sys.platform != "linux" else str(error))
    except AttributeError:
        return Driver(broken=f"{library}: not NVIDIA's")


@dataclass(frozen=True)
class Torch:
    """What is installed of it."""

    version: str | None
    cuda: tuple[int, int] | None
    """The CUDA that it was built for."""


def ask_torch() -> Torch:
    """Read off its files."""
    try:
        shown = version("torch")
    except PackageNotFoundError:
        return Torch(None, None)
    spec = find_spec("torch")
    for place in (spec.submodule_search_locations if spec else None) or ():
        try:
            found = _CUDA.search((Path(place) / "version.py").read_text(encoding="utf-8"))
        except OSError:
            continue
        if found:
            return Torch(shown, (int(found[1]), int(found[2])))
    return Torch(shown, None)


def graphics() -> Iterator[Check]:
    """All of it."""
    cards, driver, torch = nvidia.cards(), ask_driver(), ask_torch()
    yield card(cards, driver, apple=machine.this_machine().device == "mps")
    yield driver_check(driver, torch, plugged=bool(list(DEVICES.glob("nvidia[0-9]*"))))
    yield libraries(torch, cards)
    yield card_memory(cards)
    yield card_programs(nvidia.holders())


def card(cards: list[nvidia.Card], driver: Driver, *, apple: bool) -> Check:
    if cards:
        names = ", ".join(one.about.name for one in cards)
        return ok("gpu", names, names)
    if apple:
        return ok("gpu", "Apple's own, through Metal", "Apple 自带 GPU（Metal）")
    if driver.cuda is not None:
        return warning(
            "gpu", ("There is a driver and no graphics card to be used", "有驱动但没有可用的显卡"),
            ("In a container: `docker run --gpus all`. Otherwise look at `nvidia-smi` and at "
             "CUDA_VISIBLE_DEVICES.",
             "容器中请加 `--gpus all`；否则请检查 `nvidia-smi` 和 CUDA_VISIBLE_DEVICES。"),
        )  # fmt: skip
    return ok(
        "gpu", "none: camera motion works, generating wants one from NVIDIA or Apple silicon",
        "无：可以生成镜头运动；AI 生成需要 NVIDIA 显卡或 Apple 芯片",
    )  # fmt: skip


def driver_check(driver: Driver, torch: Torch, *, plugged: bool) -> Check:
    if driver.broken is not None:
        return failure(
            "driver", (f"The driver's library does not load ({driver.broken})",
                       f"驱动库无法加载（{driver.broken}）"),
            ("Install NVIDIA's driver again, restart the computer, and make a container anew.",
             "请重新安装 NVIDIA 驱动并重启电脑；容器需要在此之后重新创建。"),
        )  # fmt: skip
    if driver.cuda is None:
        if not plugged:
            return ok("driver", "no NVIDIA driver, and no card that wants one", "无 NVIDIA 驱动，也无需驱动")
        return failure(
            "driver", ("A card is there and its driver's library is not", "有显卡，但缺少驱动库"),
            ("Install NVIDIA's driver; in a container, its Container Toolkit, and start with --gpus all.",
             "请安装 NVIDIA 驱动；在容器中请安装 NVIDIA Container Toolkit 并加上 --gpus all。"),
        )  # fmt: skip
    shown = f"CUDA {driver.cuda[0]}.{driver.cuda[1]}"
    if driver.error not in (0, NO_DEVICE):
        return failure(
            "driver", (f"{shown}, but it does not start (error {driver.error})",
                       f"{shown}，但无法启动（错误 {driver.error}）"),
            ("Restart the computer; if that does not help, install the driver again.",
             "请重启电脑；如仍无效，请重新安装驱动。"),
        )  # fmt: skip
    if torch.cuda is not None and driver.cuda[0] < torch.cuda[0]:
        wanted = f"CUDA {torch.cuda[0]}.{torch.cuda[1]}"
        return failure(
            "driver", (f"The driver knows {shown}, and the installed torch needs {wanted}",
                       f"驱动支持 {shown}，而已安装的 torch 需要 {wanted}"),
            (f"Install a driver for {wanted} or newer from nvidia.com.",
             f"请从 nvidia.cn 安装支持 {wanted} 或更新版本的驱动。"),
        )  # fmt: skip
    return ok("driver", shown, shown)


def libraries(torch: Torch, cards: list[nvidia.Card]) -> Check:
    if torch.version is None:
        if not cards:
            return ok(
                "torch", "not installed, and not needed without a graphics card", "未安装，无显卡时也不需要"
            )
        return warning(
            "torch", ("There is a graphics card and torch is not installed", "有显卡，但未安装 torch"),
            ("Run `pip install 'unstill[diffusion]'`.", "请运行 `pip install 'unstill[diffusion]'`。"),
        )  # fmt: skip
    if cards and torch.cuda is None:
        return warning(
            "torch", (f"torch {torch.version} was built without CUDA", f"torch {torch.version} 不支持 CUDA"),
            ("Install the build for CUDA: `pip install --force-reinstall torch`.",
             "请安装支持 CUDA 的版本：`pip install --force-reinstall torch`。"),
        )  # fmt: skip
    kind = f"CUDA {torch.cuda[0]}.{torch.cuda[1]}" if torch.cuda else ""
    built, built_zh = (f"for {kind}", kind) if kind else ("without CUDA", "无 CUDA")
    return ok("torch", f"{torch.version}, built {built}", f"{torch.version}（{built_zh}）")


def card_memory(cards: list[nvidia.Card]) -> Check:
    """Of the first card, which plans are made for."""
    if not cards:
        return ok("gpu_memory", "no graphics card of NVIDIA", "无 NVIDIA 显卡")
    about = cards[0].about
    shown = f"{about.free_bytes / GIB:.1f} of {about.total_bytes / GIB:.1f} GiB free"
    shown_zh = f"显存可用 {about.free_bytes / GIB:.1f}，共 {about.total_bytes / GIB:.1f} GiB"
    if about.free_bytes >= LEAST_FREE or about.free_bytes >= 0.9 * about.total_bytes:
        return ok("gpu_memory", shown, shown_zh)
    return warning(
        "gpu_memory", (f"{shown}: other programs hold the rest", f"{shown_zh}，其余被其他程序占用"),
        ("`nvidia-smi` lists them; close what you do not need.",
         "可用 `nvidia-smi` 查看占用显存的程序并关闭不需要的。"),
    )  # fmt: skip


def card_programs(holders: list[nvidia.Holder]) -> Check:
    """Who else computes on the cards. It is no fault: `gpu_memory` says where they leave too little."""
    if not holders:
        return ok("gpu_programs", "no other program is on a graphics card", "没有其他程序在使用显卡")
    shown = ", ".join(map(_holder, holders[:MOST_SHOWN]))
    more = len(holders) - MOST_SHOWN
    return ok(
        "gpu_programs", shown + (f" and {more} more" if more > 0 else ""),
        shown + (f" 等 {len(holders)} 个" if more > 0 else ""),
    )  # fmt: skip


def _holder(one: nvidia.Holder) -> str:
    held = f", {one.held_bytes / GIB:.1f} GiB" if one.held_bytes else ""
    return f"{one.name} ({one.pid}{held})"
