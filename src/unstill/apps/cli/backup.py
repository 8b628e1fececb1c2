"""`unstill backup`: a consistent copy of the job database, of a server that runs or of a folder at rest."""

from __future__ import annotations

import os
import time
from pathlib import Path

from unstill.apps.cli.call import Call
from unstill.apps.cli.progress import shown
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.download import copy, declared
from unstill.apps.cli.remote.errors import BackupDamaged, NoServer
from unstill.apps.cli.remote.place import asked_for
from unstill.core.durable import beside, file_errors, refuse_existing, settle
from unstill.domain.errors import EmptyName, FileMissing, InvalidField
from unstill.settings import Settings, load_settings

DATABASE = "unstill.db"
NAME = "unstill-backup-%Y%m%d-%H%M%S.db"
MAGIC = b"SQLite format 3\x00"
"""How every SQLite database begins (its file format, section 1.3)."""
MODE = 0o600
PATIENCE_S = 600
"""Seconds until a server begins to send: it makes the whole copy first."""


def backup(call: Call, path: str | None, server: str | None, data_dir: str | None, force: bool) -> int:
    """The command; its exit code."""
    settings, screen = load_settings({"data_dir": data_dir}), call.screen
    target, ours = _target(path)
    refuse_existing(target, force or ours)
    with beside(target) as partial, shown(screen, target.name) as show:
        show("backup", 0, 1)
        with file_errors(target):
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
        asked = asked_for(server, data_dir)
        database, from_ = _copied(call, settings, asked, partial, target)
        _check(partial)
        with file_errors(target):
            partial.chmod(MODE)
            made = settle(partial, target, replace_existing=force and not ours, number_if_taken=ours)
    call.written += 1
    if screen.json:
        screen.out_json({"path": str(made), "bytes": made.stat().st_size, "source": from_})
        call.answered = True
    else:
        screen.talk(screen.say("backup_of", what=from_))
        screen.out_path(str(made))
        screen.talk(screen.say("restore_backup", db=database))
    return 0


def _target(path: str | None) -> tuple[Path, bool]:
    """The file to write, and whether its name is of our choosing. Raises `EmptyName`, `InvalidField`."""
    if path == "":
        raise EmptyName(what="backup", what_zh="备份文件")
    if path == "-":
        raise InvalidField(param="PATH", value="-", expected="a file's name", expected_zh="文件名")
    if path is None or os.path.isdir(path) or path.endswith(("/", os.sep)):
        return Path(path or "") / time.strftime(NAME), True
    return Path(path), False


def _copied(
    call: Call, settings: Settings, asked: str | None, partial: Path, target: Path
) -> tuple[str, str]:
    """Fill ``partial``; where a restored database belongs, and what this is a backup of.

    Where no server answers for the folder, it is taken as it lies: whether one is at work on it all the same,
    its lock knows.
    """
    here = settings.data_dir / DATABASE
    remote = None
    try:
        with Remote(asked, settings, call.screen.language, operator=True) as remote:
            _fetch(remote, partial, target)
            at_home = remote.place.folder is not None
            return (str(here) if at_home else DATABASE), remote.place.url
    except NoServer:
        if remote is not None and remote.place.folder is None:
            raise
    shared = settings.database_url is not None
    if not shared and not here.is_file():
        raise FileMissing(path=here)
    call.services.backup(settings.data_dir, partial)
    return (DATABASE, "PostgreSQL") if shared else (str(here), str(here))


def _fetch(remote: Remote, partial: Path, target: Path) -> None:
    answer = remote.open("POST", "/v1/backup", timeout=PATIENCE_S)
    with file_errors(target), partial.open("wb") as file, answer as response:
        total = declared(response)
        if copy(response, file, total, remote, lambda *_: None) < (total or 0):
            raise BackupDamaged


def _check(partial: Path) -> None:
    """Whether it is a database, and all of it: the header tells its pages (SQLite file format, 1.3.2, 1.3.7).

    Raises:
        BackupDamaged: it is not.
    """
    with partial.open("rb") as file:
        head = file.read(100)
        size = os.fstat(file.fileno()).st_size
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    if not head.startswith(MAGIC) or size != pages * (65536 if page == 1 else page):
        raise BackupDamaged
