"""The person's browser: whether there is one, and opening a page in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""What Docker and Podman leave in their containers."""
OPEN_S = 5.0
"""Seconds until a browser that was called is believed to be coming."""
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


class Absent(Enum):
    """Why no browser would be seen by the person."""

    CI = "ci"
    AFAR = "ssh"
    CONTAINER = "container"
    SCREEN = "no display"


def absent(
    environ: Mapping[str, str], system: str = sys.platform, marks: Sequence[Path] = CONTAINER_MARKS
) -> Absent | None:
    """Why there is no browser here; None where there may be one."""
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return Absent.CI
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return Absent.AFAR
    if environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST") or any(map(Path.exists, marks)):
        return Absent.CONTAINER
    if system in ("darwin", "win32") or _wsl(environ):
        return None
    return None if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") else Absent.SCREEN


def open_page(url: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a browser took the address. Never raises, and takes the terminal from nobody: a browser made of
    text finds no input there and gives up."""
    for command, trusted in _commands(environ):
        try:
            code = subprocess.Popen(  # noqa: S603 our own words, and an address of ours
                [*command, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            ).wait(OPEN_S)  # fmt: skip
        except subprocess.TimeoutExpired:
            return True  # it is the browser itself, and stays
        except (OSError, ValueError):
            continue
        if code == 0 or trusted:
            return True
    return False


def _commands(environ: Mapping[str, str]) -> list[tuple[Sequence[str], bool]]:
    """Ways to open a page, the best first, and whether one works that says it did not."""
    ways: list[tuple[Sequence[str], bool]] = []
    if _wsl(environ) and not environ.get("BROWSER"):  # the browser is on the side of Windows
        found = [(shutil.which("wslview"), False), (shutil.which("explorer.exe"), True)]
        ways += [((path,), trusted) for path, trusted in found if path]
    return [*ways, ((sys.executable, "-c", _OPEN), False)]


def _wsl(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("WSL_DISTRO_NAME"))
