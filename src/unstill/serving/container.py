"""How a container begins: who it runs as, what must be right, one line each; then it becomes the server.

    python -m unstill.serving.container [COMMAND ...]

Without a command it serves. A command of `unstill` runs as that, anything else as a program of its own.
Ends with 78 (EX_CONFIG, sysexits.h) and the fix where it cannot go on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

from unstill.domain.check import Check, failure

if TYPE_CHECKING:
    from unstill.domain.errors import Language

CANNOT_GO_ON = 78
USUAL_ID = 1000
DATA = "UNSTILL_DATA_DIR"
COMMANDS = frozenset({
    "serve", "generate", "plan", "show", "models", "jobs", "keys", "config", "backup", "bench", "advise",
    "doctor", "gradio",
})  # fmt: skip
SHOWN = ("data_folder", "disk", "memory", "limits", "gpu", "driver", "gpu_memory", "torch", "port")
"""What of the doctor's checks a start tells; of those that are well and say nothing of use, none."""
SILENT_WHEN_WELL = ("limits", "torch", "gpu_memory", "port")
DECISIVE = ("data_folder", "port", "memory")
"""Failures without which there is no server. With others it starts, and says what is missing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Does not return."""
    command = list(sys.argv[1:] if arguments is None else arguments)
    try:
        drop_root(os.environ)
    except (OSError, ValueError) as error:
        _end([_ids_are_wrong(error)], "en")
    settle(os.environ)
    if command and command[0] not in COMMANDS and not command[0].startswith("-"):
        os.execvp(command[0], command)  # noqa: S606 what the person has asked for
    if not command or command[0].startswith("-"):
        command = ["serve", *command]
    if command[0] == "serve":
        _look()
    sys.argv = ["unstill", *command]
    from unstill.__main__ import main as begin

    begin()


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
    }.items():
        environ.setdefault(name, value)


# --- what must be right


def _look() -> None:
    """Tell what was seen; end where it cannot go on."""
    from unstill.domain.errors import UnstillError
    from unstill.settings import load_settings

    try:
        settings = load_settings()
    except UnstillError as error:
        print(f"{error.message()} {error.hint() or ''}", file=sys.stderr, flush=True)
        sys.exit(CANNOT_GO_ON)
    from unstill.doctor.computer import computer
    from unstill.doctor.graphics import graphics
    from unstill.doctor.places import places

    language = settings.lang or "en"
    parts = (places(settings), computer(), graphics())
    seen = {check.id: check for part in parts for check in part if check.id in SHOWN}
    fatal = [check for name in DECISIVE if (check := _decisive(seen.get(name))) is not None]
    for name in SHOWN:
        check = seen.get(name)
        if check is not None and not (check.status == "ok" and name in SILENT_WHEN_WELL):
            _tell(check, language)
    if fatal:
        _end([], language)


def _decisive(check: Check | None) -> Check | None:
    """A check that says that there will be no server: a port that is taken is a warning elsewhere."""
    if check is None or check.status == "ok" or (check.status == "warning" and check.id != "port"):
        return None
    return check


def _tell(check: Check, language: Language) -> None:
    for line in _lines(check, language):
        print(line, flush=True)


def _lines(check: Check, language: Language) -> Iterator[str]:
    mark = {"ok": "ok", "warning": "warning", "failure": "failure"}[check.status]
    yield f"{mark:8} {check.title_in(language)}: {check.seen_in(language)}"
    fix = check.fix_in(language)
    if fix:
        yield f"{'':8} → {fix}"


def _end(checks: Sequence[Check], language: Language) -> None:
    for check in checks:
        _tell(check, language)
    sys.exit(CANNOT_GO_ON)


if __name__ == "__main__":
    main()
