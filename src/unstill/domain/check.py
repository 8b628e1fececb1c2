"""What the doctor sees: one thing of this computer, whether it is well, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from unstill.domain.errors import Language

Status = Literal["ok", "warning", "failure"]
Said = tuple[str, str]
"""The same in English and Chinese."""
TITLES: Mapping[str, Said] = MappingProxyType(
    {
        "python": ("Python", "Python"),
        "system": ("System", "系统"),
        "processor": ("Processor", "处理器"),
        "memory": ("Memory", "内存"),
        "limits": ("Limits", "内存上限"),
        "shared_memory": ("Shared memory", "共享内存"),
        "clock": ("Clock", "时钟"),
        "text": ("Text", "文字编码"),
        "fonts": ("Fonts", "字体"),
        "data_folder": ("Data folder", "数据文件夹"),
        "disk": ("Disk", "磁盘"),
        "port": ("Port", "端口"),
        "browser": ("Browser", "浏览器"),
        "proxy": ("Proxy", "代理"),
        "gpu": ("Graphics card", "显卡"),
        "driver": ("Driver", "驱动"),
        "torch": ("torch", "torch"),
        "gpu_memory": ("Its memory", "显存"),
        "gpu_programs": ("Programs on it", "占用显卡的程序"),
        "model": ("Model", "模型"),
        "engine": ("Engine", "引擎"),
        "encoder": ("Encoder", "编码器"),
        "hub": ("Model hub", "模型站"),
        # the parts themselves, where one could not be looked at
        "computer": ("Computer", "电脑"),
        "places": ("Folders and network", "文件夹与网络"),
        "graphics": ("Graphics", "图形设备"),
        "models": ("Models", "模型"),
    }
)
"""What people call the things that are looked at: by id, or by its part before the first "_"."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    ``id`` is the same in every version, for programs. A failure keeps videos from being made, or the server
    from starting; with a warning something is slower, or missing. ``fix`` stands with both, never with "ok".
    """

    id: str
    status: Status
    seen: Said
    fix: Said | None = None

    def __post_init__(self) -> None:
        if (self.fix is None) is not (self.status == "ok"):
            raise ValueError(f"the check {self.id} says {self.status} and its fix is {self.fix}")

    def title_in(self, language: Language) -> str:
        title = TITLES.get(self.id) or TITLES.get(self.id.partition("_")[0]) or (self.id, self.id)
        return title[language == "zh"]

    def seen_in(self, language: Language) -> str:
        return self.seen[language == "zh"]

    def fix_in(self, language: Language) -> str | None:
        return None if self.fix is None else self.fix[language == "zh"]

    def to_json(self, language: Language) -> dict[str, str | None]:
        return {
            "id": self.id,
            "title": self.title_in(language),
            "status": self.status,
            "seen": self.seen_in(language),
            "fix": self.fix_in(language),
        }


def ok(name: str, seen: str, seen_zh: str) -> Check:
    return Check(name, "ok", (seen, seen_zh))


def warning(name: str, seen: Said, fix: Said) -> Check:
    return Check(name, "warning", seen, fix)


def failure(name: str, seen: Said, fix: Said) -> Check:
    return Check(name, "failure", seen, fix)
