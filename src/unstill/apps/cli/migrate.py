"""`unstill migrate`: from one folder to what several servers share."""

from __future__ import annotations

from unstill.apps.cli.call import Call
from unstill.apps.cli.progress import shown
from unstill.core.serving import Moved

MOST_NAMED = 5


def migrate(call: Call, to: str, storage: str | None, data_dir: str | None) -> int:
    """The command; its exit code."""
    screen = call.screen
    flags = {"storage": storage, "data_dir": data_dir}
    with shown(screen, "migrate") as show:
        moved = call.services.migrate(flags, to, lambda done, total: show("migrate", done, total))
    if screen.json:
        facts = {"jobs": moved.jobs, "keys": moved.keys, "files": moved.files}
        screen.out_json({**facts, "missing": list(moved.missing), "old": str(moved.old)})
        call.answered = True
        return 0
    _tell(call, moved, storage)
    return 0


def _tell(call: Call, moved: Moved, storage: str | None) -> None:
    screen = call.screen
    facts = {"jobs": moved.jobs, "keys": moved.keys, "files": moved.files, "old": moved.old}
    screen.talk(screen.say("moved", **facts))
    if moved.missing:
        names = ", ".join(moved.missing[:MOST_NAMED])
        screen.warn(screen.say("moved_missing", count=len(moved.missing), names=names))
    if storage is None:
        screen.warn(screen.say("moved_alone", data=moved.old.parent))
    screen.talk(screen.say("moved_next", storage=f", UNSTILL_STORAGE={storage}" if storage else ""))
