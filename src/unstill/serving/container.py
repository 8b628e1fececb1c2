"""How a container begins: who it runs as, what must be right, one line each; then it becomes the server.

    python -m unstill.serving.container [COMMAND ...]

Without a command it serves. A command of `unstill` runs as that, anything else as a program of its own.
Ends with 78 (EX_CONFIG, sysexits.h) and the fix where it cannot go on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from unstill.domain.check import Check, failure
from unstill.serving.orphans import adopt_orphans

if TYPE_CHECKING:
    from unstill.domain.errors import Language

CANNOT_GO_ON = 78
WRITING = ("generate", "backup")
"""Commands that write where they are called."""
USUAL_ID = 1000
DATA = "UNSTILL_DATA_DIR"
GRACE_S = "7"
"""`docker stop` waits ten seconds, then it kills: what runs is given back before that."""
EVERY_IPV4, EVERY_IPV6 = "0.0.0.0", "::"  # noqa: S104 inside a container; what is published decides
COMMANDS = frozenset({
    "serve", "generate", "plan", "show", "models", "jobs", "keys", "config", "backup", "bench", "advise",
    "doctor", "gradio", "loras", "migrate", "rewrite", "translate",
})  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Does not return."""
    command = list(sys.argv[1:] if arguments is None else arguments)
    try:
        drop_root(os.environ)
    except (OSError, ValueError) as error:
        _end(_ids_are_wrong(error))
    settle(os.environ)
    if not command or command[0].startswith("-"):
        command = ["serve", *command]
    if command[0] == "start":  # there is no browser in here to open
        command[0] = "serve"
    if command[0] not in COMMANDS:
        _become(command)
    if command[0] == "serve":
        _look(command[1:])
        adopt_orphans()
    elif command[0] in WRITING:
        _look_at_the_folder()
    sys.argv = ["unstill", *command]
    from unstill.__main__ import main as begin

    begin()


def _become(command: Sequence[str]) -> NoReturn:
    """A program of its own, such as a shell; as shells do it, 127 where there is none of that name."""
    try:
        os.execvp(command[0], list(command))  # noqa: S606 what the person has asked for
    except OSError as error:
        known = ", ".join(sorted(COMMANDS))
        print(f"{command[0]}: {error.strerror}. Commands: {known}", file=sys.stderr, flush=True)
        sys.exit(127)


# --- who it runs as


def drop_root(environ: Mapping[str, str]) -> None:
    """Started as root, as a NAS does it: the data folder, not what is in it, is given to PUID:PGID.

    Raises:
        ValueError: an id that is no number, or root's.
        OSError: the system refuses.
    """
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return
    user, group = _id(environ, "PUID"), _id(environ, "PGID")
    folder = environ.get(DATA) or "/data"
    with contextlib.suppress(
        OSError
    ):  # where it is not ours to give: whether it can be written is seen later
        if os.stat(folder).st_uid != user:
            os.chown(folder, user, group)
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def _id(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name) or str(USUAL_ID)
    if not value.isdecimal() or int(value) == 0:
        raise ValueError(f"{name}={value}")
    return int(value)


def _ids_are_wrong(error: Exception) -> Check:
    return failure(
        "system", (f"Another user cannot be taken on ({error})", f"无法切换用户（{error}）"),
        ("Set PUID and PGID to numbers above 0, such as those of `id -u` and `id -g`; or start with "
         "`--user $(id -u):$(id -g)`.",
         "请把 PUID 和 PGID 设为大于 0 的数字（如 `id -u`、`id -g` 的结果），或使用 "
         "`--user $(id -u):$(id -g)`。"),
    )  # fmt: skip


def settle(environ: MutableMapping[str, str]) -> None:
    """Homes and caches go into the data folder: the rest of a container may be read-only, and its user may be
    in no list."""
    data = environ.get(DATA) or "/data"
    environ[DATA] = data
    cache = os.path.join(data, "cache")
    if not os.access(environ.get("HOME") or "/", os.W_OK):
        environ["HOME"] = data
    for name, value in {
        "USER": "unstill",
        "XDG_CACHE_HOME": cache,
        "XDG_CONFIG_HOME": os.path.join(data, "config"),
        "XDG_STATE_HOME": os.path.join(data, "state"),
        "TORCHINDUCTOR_CACHE_DIR": os.path.join(cache, "inductor"),
        "TRITON_CACHE_DIR": os.path.join(cache, "triton"),
        "UNSTILL_GRACE_S": GRACE_S,
    }.items():
        environ.setdefault(name, value)
    if environ.get("UNSTILL_HOST") == EVERY_IPV4 and only_ipv6():
        environ["UNSTILL_HOST"] = EVERY_IPV6


def only_ipv6(root: Path = Path("/")) -> bool:
    """Whether this container has addresses of IPv6 alone, beyond its own loopback (proc(5), net)."""
    try:
        four = (root / "proc/net/route").read_text().splitlines()[1:]
        six = (root / "proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return False
    return not four and any(not line.endswith(" lo") and not line.startswith("fe80") for line in six)


# --- what must be right


def _look(options: Sequence[str]) -> None:
    """Tell what was seen; end where it cannot go on. ``options`` are those of `unstill serve`."""
    from unstill.domain.errors import UnstillError
    from unstill.serving.container_look import look
    from unstill.settings import load_settings

    language = _language()
    try:
        settings = load_settings(_flags(options))
    except UnstillError as error:
        print(f"{error.message(language)} {error.hint(language) or ''}", file=sys.stderr, flush=True)
        sys.exit(CANNOT_GO_ON)
    if not look(settings, _language(settings.lang)):
        sys.exit(CANNOT_GO_ON)


def _look_at_the_folder() -> None:
    """It says why, before the command says that it could not write."""
    from unstill.serving.container_look import tell, work_folder

    check = work_folder(Path.cwd())
    if check is not None:
        tell(check, _language(), sys.stderr)


def _flags(options: Sequence[str]) -> dict[str, str]:
    """Those that decide what is looked at, written with a blank or with "="."""
    words = [word for option in options for word in option.split("=", 1)]
    flags = {f"--{name.replace('_', '-')}": name for name in ("host", "port", "data_dir", "lang")}
    return {flags[name]: value for name, value in pairwise(words) if name in flags}


def _language(setting: Language | None = None) -> Language:
    """As the server chooses its own."""
    from unstill.apps.cli.words import language_of

    return language_of(None, os.environ, setting)


def _end(check: Check) -> NoReturn:
    from unstill.serving.container_look import tell

    tell(check, _language())
    sys.exit(CANNOT_GO_ON)


if __name__ == "__main__":
    main()
