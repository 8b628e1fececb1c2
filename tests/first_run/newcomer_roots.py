"""Fresh Debian roots, as a new computer has them: Python and make, and nothing else that unstill wants.

UNSTILL_FIRST_ROOT names a tar archive of a Debian 12 root to begin with; without it debootstrap makes one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from matrix import NotHere
from newcomer import PLAIN_PATH, Said, copy_of_repository, newcomer, run, shared

HAS = {
    "bookworm": ("python3", "make", "ca-certificates"),
    "sid": ("python3", "python3-venv", "make", "ca-certificates"),
}
"""Debian 12 has Python 3.11, without its venv module; Debian's next has the newest Python."""
GIVEN = os.environ.get("UNSTILL_FIRST_ROOT")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Whom this machine trusts: the root goes through the same network."""


def needs_root(*programs: str) -> None:
    """Raises NotHere where namespaces cannot be made, or one of these programs is missing."""
    if os.geteuid() != 0:
        raise NotHere("needs root, for a mount or network namespace")
    for name in ("unshare", *programs):
        if shutil.which(name) is None:
            raise NotHere(f"needs the program {name}")


@cache
def archive(suite: str) -> Path:
    """A tar archive of a fresh root of that Debian. Raises NotHere."""
    needs_root("chroot", "tar")
    kept = shared() / f"root-{suite}.tar"
    if kept.exists():
        return kept
    folder, given = shared() / f"root-{suite}", GIVEN
    env = {"PATH": PLAIN_PATH, "LANG": "C.UTF-8"}
    if given and suite == "bookworm":
        folder.mkdir()
        run(["tar", "-C", str(folder), "-xf", given], shared(), env).well()
        change = f"apt-get -q update && apt-get -qy install {' '.join(HAS[suite])} && "
        change += (
            "dpkg --purge --force-depends $(dpkg -l 'python3*-venv' python3-pip | awk '/^ii/{print $2}')"
        )
        inside(folder, change).well()
    elif shutil.which("debootstrap"):
        include = "--include=" + ",".join(HAS[suite])
        made = run(["debootstrap", "--variant=minbase", include, suite, str(folder)], shared(), env)
        if made.code:
            raise NotHere(f"debootstrap could not make a root of {suite}: {made.text.strip()[-200:]}")
    else:
        raise NotHere("needs debootstrap, or UNSTILL_FIRST_ROOT to name a root's archive")
    run(["tar", "-C", str(folder), "-cf", f"{kept}.part", "."], shared(), env).well()
    os.replace(f"{kept}.part", kept)
    shutil.rmtree(folder)
    return kept


def debian(room: Path, suite: str = "bookworm") -> Path:
    """A fresh root in the room, with the repository in /home/new/unstill. Raises NotHere."""
    root = room / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", str(root), "-xf", str(archive(suite))], check=True)
    copy_of_repository(root / "home" / "new" / "unstill")
    return root


def inside(root: Path, command: str, cwd: str = "/", env: Mapping[str, str] | None = None) -> Said:
    """Run it in the root, with this machine's network and the shared folder at its own path."""
    shutil.copyfile("/etc/resolv.conf", root / "etc" / "resolv.conf")
    if CERTIFICATES.is_file():
        shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    given = {**newcomer(shared()), "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
    where, there = shlex.quote(str(root)), shlex.quote(f"{root}{shared()}")
    steps = (
        f"mount -t proc proc {where}/proc; mount --rbind /dev {where}/dev; mkdir -p {there}; "
        f"mount --bind {shlex.quote(str(shared()))} {there}; "
        f"exec chroot {where} bash -c {shlex.quote(f'cd {shlex.quote(cwd)} && {command}')}"
    )
    return run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", steps], root, given)
