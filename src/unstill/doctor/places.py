"""Folders, port, browser and proxy: where the server lives and who reaches it."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from unstill.doctor import machine
from unstill.domain.check import Check, failure, ok, warning
from unstill.settings import Settings
from unstill.settings.fields import PORT

GIB = 1 << 30
SMALL_GIB = 5.0
"""From so much free disk on there is no need to think of it."""
PATIENCE_S = 2.0
_CHINESE = re.compile(
    r"cjk|wqy|wenquanyi|source ?han|droidsansfallback|uming|ukai|sarasa|lxgw|simsun|simhei|msyh|pingfang",
    re.I,
)
"""In the file names of the fonts for Chinese that Linux desktops have."""
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def places(settings: Settings, environ: Mapping[str, str] | None = None) -> Iterator[Check]:
    """All of it."""
    environ = os.environ if environ is None else environ
    folder = settings.data_dir.expanduser().absolute()
    yield data_folder(folder)
    yield disk(folder, settings.free_gibibytes)
    yield port(settings.host, settings.port)
    yield browser(environ)
    yield fonts(environ)
    yield proxy(environ)


def data_folder(folder: Path) -> Check:
    """Whether jobs, pictures and videos can be kept there; a folder that is not there yet can be made."""
    there = _nearest(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".unstill-"):
            pass
    except OSError as error:
        return failure(
            "data_folder",
            (f"{folder} cannot be written ({os.strerror(error.errno or errno.EIO)})", f"无法写入 {folder}"),
            (f"Name another folder with --data-dir, or make it yours: `sudo chown -R $(id -u) {there}`.",
             f"请用 --data-dir 指定其他文件夹，或取得所有权：`sudo chown -R $(id -u) {there}`。"),
        )  # fmt: skip
    return ok("data_folder", str(folder), str(folder))


def disk(folder: Path, floor_gib: float) -> Check:
    free = shutil.disk_usage(_nearest(folder)).free / GIB
    shown, shown_zh = f"{free:.1f} GiB free on the disk of {folder}", f"{folder} 所在磁盘可用 {free:.1f} GiB"
    more = ("Remove old videos, or name a folder on a larger disk with --data-dir.",
            "请删除旧视频，或用 --data-dir 指定更大磁盘上的文件夹。")  # fmt: skip
    if free < floor_gib:
        return failure("disk", (f"Only {shown}; {floor_gib:g} are kept free", shown_zh), more)
    if free < SMALL_GIB:
        return warning("disk", (shown, shown_zh), more)
    return ok("disk", shown, shown_zh)


def port(host: str, number: int | str) -> Check:
    """Whether the server can listen, or listens already."""
    if number == "auto":
        return ok("port", "the next free one", "自动选择空闲端口")
    wanted = int(number)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            return _taken(host, wanted, error)
    return ok("port", f"{wanted} is free", f"端口 {wanted} 空闲")


def _taken(host: str, wanted: int, error: OSError) -> Check:
    if error.errno == errno.EADDRINUSE:
        if _is_ours(wanted):
            return ok("port", f"unstill listens on {wanted}", f"unstill 正在监听 {wanted}")
        holder = machine.holder_of_port(wanted)
        by, by_zh = (f" by {holder}", f"（{holder}）") if holder else ("", "")
        return warning(
            "port", (f"Port {wanted} is taken{by}", f"端口 {wanted} 已被占用{by_zh}"),
            ("Use another: `unstill serve --port auto`.", "请换一个端口：`unstill serve --port auto`。"),
        )  # fmt: skip
    why = os.strerror(error.errno) if error.errno else str(error)
    return failure(
        "port", (f"Nothing can listen on {host}:{wanted} ({why})", f"无法监听 {host}:{wanted}（{why}）"),
        (f"Use an address of this computer and a port above 1023: `--host 127.0.0.1 --port {PORT}`.",
         f"请使用本机地址和大于 1023 的端口：`--host 127.0.0.1 --port {PORT}`。"),
    )  # fmt: skip


def _is_ours(number: int) -> bool:
    """Whether who listens there says that it is unstill. No proxy is asked."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{number}/healthz", timeout=PATIENCE_S) as answer:
            return bool(json.loads(answer.read(4096)).get("service") == "unstill")
    except (OSError, ValueError, AttributeError):
        return False


def browser(environ: Mapping[str, str]) -> Check:
    """Whether there is a desktop to open a page on."""
    if sys.platform in ("darwin", "win32") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return ok("browser", "a browser can be opened here", "可在本机打开浏览器")
    away = f"ssh -L {PORT}:127.0.0.1:{PORT} THIS-COMPUTER"
    return ok(
        "browser",
        f"no desktop here: from another computer `{away}`, then http://127.0.0.1:{PORT}",
        f"本机没有桌面：可在另一台电脑运行 `{away}`，再打开 http://127.0.0.1:{PORT}",
    )


def fonts(environ: Mapping[str, str], folders: Sequence[Path] | None = None) -> Check:
    """Whether a browser on this desktop can write Chinese. Labels in videos bring their own font along."""
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")) or sys.platform in ("darwin", "win32"):
        return ok("fonts", "those of the computer that opens the page", "由打开页面的电脑提供")
    home = Path(environ.get("HOME") or "/")
    where = folders or (Path("/usr/share/fonts"), home / ".local/share/fonts", home / ".fonts")
    if any(_CHINESE.search(name) for folder in where for _, _, names in os.walk(folder) for name in names):
        return ok("fonts", "Chinese can be shown", "可以显示中文")
    return warning(
        "fonts", ("No font for Chinese was found", "未找到中文字体"),
        ("For the page in Chinese: `sudo apt install fonts-noto-cjk`, then restart the browser.",
         "要正常显示中文页面：`sudo apt install fonts-noto-cjk`，然后重启浏览器。"),
    )  # fmt: skip


def proxy(environ: Mapping[str, str]) -> Check:
    """Whether the proxy that downloads go through could be one."""
    named = {name: environ.get(name) or environ.get(name.lower()) for name in PROXIES}
    for name, value in named.items():
        if value and not _could_be_proxy(value):
            return failure(
                "proxy", (f"{name} is no address of a proxy", f"{name} 不是有效的代理地址"),
                (f"Set it like `export {name}=http://proxy.example:3128`, or `unset {name}`.",
                 f"请设为 `export {name}=http://proxy.example:3128` 这样的地址，或 `unset {name}`。"),
            )  # fmt: skip
    used = next((name for name, value in named.items() if value), None)
    if used is None:
        return ok("proxy", "none", "未使用代理")
    return ok("proxy", f"downloads go through {used}", f"下载使用 {used}")


def _could_be_proxy(value: str) -> bool:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return parts.scheme in ("http", "https", "socks4", "socks5", "socks5h") and bool(
            parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path(folder.anchor or "."))
