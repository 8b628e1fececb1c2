"""What the start of a container looks at, and what to do where it is not well: in words for containers."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from unstill.domain.check import Check, Said, failure, ok, warning

if TYPE_CHECKING:
    from unstill.domain.errors import Language
    from unstill.settings import Settings

SHOWN = ("data_folder", "disk", "memory", "limits", "gpu", "driver", "gpu_memory", "torch", "proxy", "clock")
"""What of the doctor's checks a start tells; of those that are well and say nothing of use, none."""
SILENT_WHEN_WELL = ("limits", "torch", "gpu_memory", "proxy", "clock")
DECISIVE = ("data_folder", "port", "memory")
"""Failures without which there is no server. With others it starts, and says what is missing."""
KEPT = ("unstill.db", "server.lock", "keys.json", "inputs", "outputs", "logs")
"""What the server writes in its data folder; what else is there is not ours to judge."""
MORE_MEMORY = ("Allow the container more: `docker run -m 2g ...`, or leave -m out.",
               "请给容器更多内存：`docker run -m 2g ...`，或去掉 -m。")  # fmt: skip
LARGER_DISK = ("Free some space on its disk (see `docker system df`), or mount a folder of a larger one: "
               "`-v /LARGER:/data`.",
               "请清理磁盘（`docker system df`），或挂载更大磁盘的文件夹：`-v /文件夹:/data`。")  # fmt: skip
OTHER_PORT = ("Leave UNSTILL_PORT out and publish the port that you want: `-p 127.0.0.1:80:7860`.",
              "请去掉 UNSTILL_PORT，改为发布所需的端口：`-p 127.0.0.1:80:7860`。")  # fmt: skip


def look(settings: Settings, language: Language) -> bool:
    """Tell what was seen; whether there can be a server."""
    good = True
    for check in _seen(settings):
        if check.status != "ok" or check.id not in SILENT_WHEN_WELL:
            tell(check, language)
        good = good and not (check.status == "failure" and check.id in DECISIVE)
    return good


def tell(check: Check, language: Language, screen: TextIO | None = None) -> None:
    """A line, and one with an arrow where there is something to do; on standard output, or ``screen``."""
    print(f"{check.status:8} {check.title_in(language)}: {check.seen_in(language)}", flush=True, file=screen)
    fix = check.fix_in(language)
    if fix:
        print(f"{'':8} → {fix}", flush=True, file=screen)


def _seen(settings: Settings) -> Iterator[Check]:
    from unstill.doctor.computer import computer
    from unstill.doctor.graphics import graphics
    from unstill.doctor.places import places

    folder = settings.data_dir.expanduser().absolute()
    found = {check.id: check for part in (places(settings), computer(), graphics()) for check in part}
    yield from ids(os.environ)
    for name in SHOWN:
        if name == "data_folder" and found[name].status == "ok":
            yield of_another(folder) or in_use(folder) or found[name]
        elif name in found:
            yield _for_a_container(found[name], folder)
    yield _port(found["port"], settings)


def _for_a_container(check: Check, folder: Path) -> Check:
    fixes: dict[str, Said] = {
        "memory": MORE_MEMORY,
        "limits": MORE_MEMORY,
        "disk": LARGER_DISK,
        "port": OTHER_PORT,
    }
    fix = _make_it_writable(folder) if check.id == "data_folder" else fixes.get(check.id)
    return check if check.status == "ok" or fix is None else dataclasses.replace(check, fix=fix)


def _make_it_writable(folder: Path) -> Said:
    """Of a folder that cannot be written."""
    if _is_read_only(folder):
        return (f"Mount a volume there that can be written: `-v unstill:{folder}`, without `:ro`.",
                f"请挂载可写的卷：`-v unstill:{folder}`，不要加 `:ro`。")  # fmt: skip
    who, named = _who(), f"--user 0 -e PUID={_number('getuid')} -e PGID={_number('getgid')}"
    return (
        f"On the computer itself, `sudo chown {who} FOLDER` with the folder that is mounted at {folder}; or "
        f"start with `{named}`, which does it; or as its owner: `--user $(id -u):$(id -g)`.",
        f"请在宿主机上对挂载到 {folder} 的文件夹执行 `sudo chown {who} 文件夹`；或用 `{named}` 启动，"
        "由它完成；或以其所有者启动：`--user $(id -u):$(id -g)`。",
    )


def work_folder(here: Path) -> Check | None:
    """Of a command that writes where it was started: a folder that was mounted, and is somebody else's."""
    if os.access(here, os.W_OK) or _is_read_only(here):
        return None
    return warning(
        "system",
        (f"This runs as {_who()}, who cannot write to {here}", f"以 {_who()} 运行，无法写入 {here}"),
        ("Start with `--user $(id -u):$(id -g)`.", "请加上 `--user $(id -u):$(id -g)`。"),
    )  # fmt: skip


def _is_read_only(folder: Path) -> bool:
    if not hasattr(os, "statvfs"):
        return False
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))
    return bool(os.statvfs(there).f_flag & os.ST_RDONLY)


def _who() -> str:
    return f"{_number('getuid')}:{_number('getgid')}"


def _number(name: str) -> int:
    return int(getattr(os, name)()) if hasattr(os, name) else 0


def of_another(folder: Path) -> Check | None:
    """What an earlier start as another user left in the data folder."""
    for name in KEPT:
        path = folder / name
        if not path.exists() or os.access(path, os.W_OK):
            continue
        about = path.stat()
        before, now = f"{about.st_uid}:{about.st_gid}", _who()
        give = f"docker run --rm --user 0 --entrypoint chown -v unstill:{folder} IMAGE -R {now} {folder}"
        return failure(
            "data_folder",
            (f"{path} belongs to {before}, and this runs as {now}", f"{path} 属于 {before}，不是 {now}"),
            (f"Start as before, `--user {before}`; or give all of it away once, with your volume and image: "
             f"`{give}`.",
             f"请像以前一样启动：`--user {before}`；或一次性更改所有者（换成你的卷和镜像）：`{give}`。"),
        )  # fmt: skip
    return None


def in_use(folder: Path) -> Check | None:
    """Another container's server has the same data folder."""
    from unstill.adapters.data_folder import FolderLock
    from unstill.domain.errors import UnstillError
    from unstill.domain.service_errors import DataFolderTaken

    lock = FolderLock(folder)
    try:
        lock.take()
    except DataFolderTaken:
        return failure(
            "data_folder", (f"{folder} is in use by another unstill", f"{folder} 正由另一个 unstill 使用"),
            ("Give each its own volume, `-v unstill-2:/data`; or stop the other one.",
             "请为每个容器使用各自的卷：`-v unstill-2:/data`；或停止另一个。"),
        )  # fmt: skip
    except UnstillError:  # the server itself says it better
        return None
    lock.release()
    return None


def ids(environ: Mapping[str, str]) -> Iterator[Check]:
    """PUID and PGID given to a container that did not start as root, where they can do nothing."""
    told = {name: environ[name] for name in ("PUID", "PGID") if environ.get(name)}
    mine = {"PUID": str(_number("getuid")), "PGID": str(_number("getgid"))}
    if any(value != mine[name] for name, value in told.items()):
        shown = " ".join(f"{name}={value}" for name, value in told.items())
        yield warning(
            "system", (f"{shown} has no effect: this runs as {_who()}", f"{shown} 无效：以 {_who()} 运行"),
            ("Start with `--user 0`, so that the user can be changed.", "请加上 `--user 0`，才能切换用户。"),
        )  # fmt: skip


def _port(check: Check, settings: Settings) -> Check:
    """Where the page is, seen from outside."""
    from unstill.serving.access import is_loopback

    if check.status != "ok":
        return failure("port", check.seen, OTHER_PORT)
    if is_loopback(settings.host) and not _shares_the_network():
        return warning(
            "port", (f"It listens on {settings.host} only: nobody outside this container reaches it",
                     f"仅监听 {settings.host}：容器外无法访问"),
            ("Leave UNSTILL_HOST out; `-p 127.0.0.1:7860:7860` keeps others out.",
             "请去掉 UNSTILL_HOST；`-p 127.0.0.1:7860:7860` 即可只允许本机访问。"),
        )  # fmt: skip
    number = 7860 if settings.port == "auto" else settings.port
    return ok(
        "port",
        f"{number} in here; outside it is the one before the colon of `-p 127.0.0.1:7860:{number}`",
        f"容器内为 {number}；容器外是 `-p 127.0.0.1:7860:{number}` 中间的端口",
    )


def _shares_the_network() -> bool:
    """`--network host`: its cards are seen, of which a container's own network has none."""
    if sys.platform != "linux":
        return True
    cards = [path for path in Path("/sys/class/net").glob("*") if path.name != "lo"]
    return any((path / "device").exists() or (path / "bridge").exists() for path in cards)
